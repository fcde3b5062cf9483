//! `keyholt project list`.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::client::{ClientOptions, Listing, Names, text};
use crate::output;
use crate::table::Table;

/// List projects, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt project list
  keyholt project list --org research --json | jq -r '.objects[].name'")]
pub(crate) struct List {
    /// Only projects of this organisation
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl List {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let projects = server.list(&Listing::all("projects", &[("org", self.org.as_deref())])).await?;
        if self.client.json {
            return output::json(&json!({ "objects": projects }));
        }
        if projects.is_empty() {
            output::note("no projects that this API key may see");
            return Ok(());
        }
        let orgs = Names::read(&server, "orgs").await?;
        let mut table = Table::new(["NAME", "ORGANISATION", "CREATED", "ID"]);
        for project in &projects {
            table.row([
                text(project, "name"),
                orgs.of(text(project, "org_id")),
                text(project, "created_at"),
                text(project, "id"),
            ]);
        }
        output::line(&table.text())
    }
}
