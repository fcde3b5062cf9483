//! `keyholt secret list`.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::shown::{is_locked, value_in_words};
use crate::client::{ClientOptions, Listing, text};
use crate::output;
use crate::table::Table;

/// List secrets, newest first; values are never shown
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt secret list
  keyholt secret list --type openai
  keyholt secret list --json | jq -r '.objects[].name'

A secret whose record is damaged, or was changed past Keyholt, is listed as locked.")]
pub(crate) struct List {
    /// Only secrets of this type
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,

    /// Only the secret of this name
    #[arg(long)]
    name: Option<String>,

    /// Only secrets of this organisation
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl List {
    pub(super) async fn run(self) -> Result<()> {
        let query =
            [("org", self.org.as_deref()), ("name", self.name.as_deref()), ("type", self.kind.as_deref())];
        let secrets = self.client.connect()?.list(&Listing::all("secrets", &query)).await?;
        if self.client.json {
            return output::json(&json!({ "objects": secrets }));
        }
        if secrets.is_empty() {
            output::note("no secrets yet; `keyholt secret set NAME` makes one");
            return Ok(());
        }
        let mut table = Table::new(["NAME", "TYPE", "VALUE", "CHANGED", "ID"]);
        for secret in &secrets {
            let changed = match text(secret, "updated_at") {
                "" => text(secret, "created_at"),
                changed => changed,
            };
            table.row([
                text(secret, "name"),
                text(secret, "type"),
                value_in_words(secret),
                changed,
                text(secret, "id"),
            ]);
        }
        output::line(&table.text())?;
        let locked = secrets.iter().filter(|secret| is_locked(secret)).count();
        if locked > 0 {
            output::note(&format!(
                "{locked} locked: damaged, or changed past Keyholt; `keyholt doctor` says more"
            ));
        }
        Ok(())
    }
}
