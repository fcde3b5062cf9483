//! Finding the secret that is meant by a name or an id.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::client::{Connection, Listing};
use crate::output::visible;

/// The secrets of this name, in one organisation or in all of the caller's.
///
/// # Errors
/// When the server does not answer or refuses.
pub(super) async fn named(server: &Connection, org: Option<&str>, name: &str) -> Result<Vec<Value>> {
    Ok(server.list(&Listing::all("secrets", &[("org", org), ("name", Some(name))])).await?)
}

/// The one secret that a name or an id means. What has the form of an id is looked for as one first.
///
/// # Errors
/// When there is none, when several organisations have one, or when the server refuses.
pub(crate) async fn the_one(server: &Connection, org: Option<&str>, name_or_id: &str) -> Result<Value> {
    if keyholt_types::parse_uuid(name_or_id).is_some() {
        match server.get(&format!("secrets/{name_or_id}"), &[]).await {
            Err(error) if error.is_not_found() => {}
            answer => return Ok(answer?),
        }
    }
    let mut found = named(server, org, name_or_id).await?;
    match (found.pop(), found.is_empty()) {
        (Some(secret), true) => Ok(secret),
        (None, _) => bail!(
            "there is no secret {}\n  `keyholt secret list` shows those that this API key may see",
            visible(name_or_id)
        ),
        (Some(_), false) => bail!(
            "several organisations have a secret {}\n  say which with --org, or give the secret's id",
            visible(name_or_id)
        ),
    }
}
