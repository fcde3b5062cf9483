//! `keyholt org list`.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::client::{ClientOptions, Listing, text};
use crate::output;
use crate::table::Table;

/// List organisations, newest first: to an operator all, to others their own
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    client: ClientOptions,
}

impl List {
    pub(super) async fn run(self) -> Result<()> {
        let orgs = self.client.connect()?.list(&Listing::all("orgs", &[])).await?;
        if self.client.json {
            return output::json(&json!({ "objects": orgs }));
        }
        let mut table = Table::new(["NAME", "CREATED", "ID"]);
        for org in &orgs {
            table.row([text(org, "name"), text(org, "created_at"), text(org, "id")]);
        }
        output::line(&table.text())
    }
}
