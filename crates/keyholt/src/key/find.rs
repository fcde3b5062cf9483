//! Finding the API key that is meant by a name or an id.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::client::find::Kind;
use crate::client::{Connection, Listing, find, text};
use crate::config::UsageError;

/// API keys, as people name one.
const KIND: Kind = Kind { path: "api-keys", called: "API key", listed_by: "`keyholt key list --all`" };

/// What the text of an API key begins with.
const BEGINNING_OF_A_KEY: &str = "khk_";

/// The one API key that a name or an id means; revoked ones only when no other has the name. What is given is
/// not repeated, and part of a URL only when it is an id: it may be the key itself.
///
/// # Errors
/// When it is a key itself, when there is none, when several have the name, or when the server refuses.
pub(crate) async fn the_one(server: &Connection, org: Option<&str>, name_or_id: &str) -> Result<Value> {
    if name_or_id.starts_with(BEGINNING_OF_A_KEY) {
        let refused = "that looks like an API key itself, and here its name or id is wanted; if the key was \
                       typed where others can read it, revoke it\n  `keyholt key list` shows the names of keys";
        return Err(UsageError(refused.to_owned()).into());
    }
    if let Some(key) = find::with_id(server, KIND.path, name_or_id).await? {
        return Ok(key);
    }
    let mut found = server.list(&Listing::all(KIND.path, &[("org", org)])).await?;
    found.retain(|key| text(key, "name") == name_or_id);
    if found.iter().any(|key| !is_revoked(key)) {
        found.retain(|key| !is_revoked(key));
    }
    if found.is_empty() {
        bail!(
            "there is no API key of that name or id\n  {} shows those that this API key may see",
            KIND.listed_by
        );
    }
    find::the_only(&KIND, name_or_id, found)
}

fn is_revoked(key: &Value) -> bool {
    !text(key, "revoked_at").is_empty()
}
