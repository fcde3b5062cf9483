//! Listing members.

use anyhow::Result;
use clap::Args;
use keyholt_engine::PrincipalKind;
use serde_json::json;

use super::kind::named;
use crate::client::{ClientOptions, Listing, list, text};
use crate::output;
use crate::rights;
use crate::table::Table;

/// Which members to list.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only members of this organisation
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl List {
    pub(super) async fn run(self, kind: PrincipalKind) -> Result<()> {
        let query = [("org", self.org.as_deref()), ("kind", Some(kind.word()))];
        let members = self.client.connect()?.list(&Listing::all("principals", &query)).await?;
        if self.client.json {
            return output::json(&json!({ "objects": members }));
        }
        if members.is_empty() {
            output::note(&format!("no {}s that this API key may see", named(Some(kind)).called));
            return Ok(());
        }
        let mut table = Table::new(["NAME", "EMAIL", "MAY", "CREATED", "ID"]);
        for member in &members {
            table.row([
                text(member, "name"),
                text(member, "email"),
                &rights::in_each_org(list(member, "memberships")),
                text(member, "created_at"),
                text(member, "id"),
            ]);
        }
        output::line(&table.text())
    }
}
