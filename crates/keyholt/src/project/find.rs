//! Finding the project that is meant by a name or an id.

use anyhow::Result;
use serde_json::Value;

use crate::client::find::Kind;
use crate::client::{Connection, find};

/// Projects, as people name one.
const KIND: Kind = Kind { path: "projects", called: "project", listed_by: "`keyholt project list`" };

/// The one project that a name or an id means.
///
/// # Errors
/// When there is none, when several organisations have one, or when the server refuses.
pub(super) async fn the_one(server: &Connection, org: Option<&str>, name_or_id: &str) -> Result<Value> {
    find::the_one(server, &KIND, &[("org", org)], name_or_id).await
}
