//! `keyholt key list`.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::client::{ClientOptions, Listing, text};
use crate::output;
use crate::table::Table;

/// List API keys, newest first; of a key only its first characters are known
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only keys of this organisation
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl List {
    pub(super) async fn run(self) -> Result<()> {
        let query = [("org", self.org.as_deref())];
        let keys = self.client.connect()?.list(&Listing::all("api-keys", &query)).await?;
        if self.client.json {
            return output::json(&json!({ "objects": keys }));
        }
        let mut table = Table::new(["NAME", "KEY", "ORGANISATIONS", "CREATED", "STATE", "ID"]);
        for key in &keys {
            table.row([
                text(key, "name"),
                text(key, "shown"),
                &orgs_in_words(key),
                text(key, "created_at"),
                &state_in_words(key),
                text(key, "id"),
            ]);
        }
        output::line(&table.text())
    }
}

/// `research: read, write; search: read`.
fn orgs_in_words(key: &Value) -> String {
    let orgs = key.get("orgs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let each = orgs.iter().map(|org| {
        let rights = org.get("rights").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let rights: Vec<_> = rights.iter().filter_map(Value::as_str).collect();
        let name = match text(org, "name") {
            "" => text(org, "id"),
            name => name,
        };
        format!("{name}: {}", rights.join(", "))
    });
    let mut words: Vec<_> = each.collect();
    if key.get("operator").and_then(Value::as_bool).unwrap_or(false) {
        words.push("operator".to_owned());
    }
    words.join("; ")
}

fn state_in_words(key: &Value) -> String {
    match (text(key, "revoked_at"), text(key, "expires_at")) {
        ("", "") => "valid".to_owned(),
        ("", expiry) => format!("until {expiry}"),
        (revoked, _) => format!("revoked {revoked}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organisations_and_state_are_said_in_words() {
        let mut key = json!({
            "orgs": [{"id": "1", "name": "research", "rights": ["read", "write"]}, {"id": "2", "rights": ["use"]}],
            "operator": true, "expires_at": null, "revoked_at": null,
        });
        assert_eq!(orgs_in_words(&key), "research: read, write; 2: use; operator");
        assert_eq!(state_in_words(&key), "valid");
        key["expires_at"] = json!("2027-01-01T00:00:00.000Z");
        assert_eq!(state_in_words(&key), "until 2027-01-01T00:00:00.000Z");
        key["revoked_at"] = json!("2026-11-21T00:00:00.000Z");
        assert_eq!(state_in_words(&key), "revoked 2026-11-21T00:00:00.000Z");
    }
}
