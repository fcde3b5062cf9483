//! `keyholt audit list`.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::client::{ClientOptions, Listing, text};
use crate::output;
use crate::table::Table;

/// List audit events, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt audit list --limit 20
  keyholt audit list --json | jq '.objects[] | select(.action == \"secret.delete\")'")]
pub(crate) struct List {
    /// How many at most
    #[arg(long, value_name = "COUNT", default_value = "100",
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    limit: usize,

    /// Only events in this organisation
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl List {
    pub(super) async fn run(self) -> Result<()> {
        let query = [("org", self.org.as_deref())];
        let listing = Listing { path: "audit", query: &query, limit: self.limit };
        let events = self.client.connect()?.list(&listing).await?;
        if self.client.json {
            return output::json(&json!({ "objects": events }));
        }
        let mut table = Table::new(["AT", "ACTION", "OUTCOME", "SUBJECT", "API KEY", "ADDRESS"]);
        for event in &events {
            let subject = event.get("subject").unwrap_or(&serde_json::Value::Null);
            let subject = match text(subject, "name") {
                "" => format!("{} {}", text(subject, "kind"), text(subject, "id")),
                name => format!("{} {name}", text(subject, "kind")),
            };
            table.row([
                text(event, "at"),
                text(event, "action"),
                text(event, "outcome"),
                &subject,
                text(event, "api_key_id"),
                text(event, "address"),
            ]);
        }
        output::line(&table.text())
    }
}
