//! `keyholt secret rm`.

use anyhow::Result;
use clap::Args;

use super::find;
use crate::client::{ClientOptions, text};
use crate::confirmation::Confirmation;
use crate::output::{self, visible};

/// Delete a secret and its value, for good
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt secret rm OPENAI_API_KEY
  keyholt secret rm 0199d2ab-7c51-7e02-b1c4-5c8d0e3f9a11 --yes")]
pub(crate) struct Rm {
    /// The secret's name or id
    #[arg(value_name = "NAME|ID")]
    secret: String,

    /// The organisation, where several have a secret of that name
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
        let secret = find::the_one(&server, self.org.as_deref(), &self.secret).await?;
        let (name, id) = (visible(text(&secret, "name")), text(&secret, "id"));
        self.confirmation
            .ask(&format!("Delete {name} ({id}) and its value, for good?"), "nothing was deleted")?;
        let deleted = server.delete(&format!("secrets/{id}"), &[]).await?;
        if self.client.json { output::json(&deleted) } else { output::line(&format!("deleted {name}")) }
    }
}
