//! `keyholt project rm`.

use anyhow::Result;
use clap::Args;

use super::find;
use crate::client::{ClientOptions, text};
use crate::confirmation::Confirmation;
use crate::output::{self, visible};

/// Delete a project that has no secrets and no valid API keys any more
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt project rm crawler
  keyholt project rm crawler --org research --yes")]
pub(crate) struct Rm {
    /// The project's name or id
    #[arg(value_name = "NAME|ID")]
    project: String,

    /// The organisation, where several have a project of that name
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    confirmation: Confirmation,

    #[command(flatten)]
    client: ClientOptions,
}

impl Rm {
    pub(super) async fn run(self) -> Result<()> {
        self.confirmation.check("delete")?;
        let server = self.client.connect()?;
        let project = find::the_one(&server, self.org.as_deref(), &self.project).await?;
        let (name, id) = (visible(text(&project, "name")), text(&project, "id"));
        self.confirmation.ask(&format!("Delete project {name} ({id})?"), "nothing was deleted")?;
        let deleted = server.delete(&format!("projects/{id}"), &[]).await?;
        if self.client.json { output::json(&deleted) } else { output::line(&format!("deleted {name}")) }
    }
}
