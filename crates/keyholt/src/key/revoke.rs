//! `keyholt key revoke`.

use anyhow::Result;
use clap::Args;

use super::find;
use crate::client::{ClientOptions, text};
use crate::confirmation::Confirmation;
use crate::output::{self, visible};

/// Revoke an API key, for good: the next request made with it is refused
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt key list
  keyholt key revoke ci
  keyholt key revoke 0199d2ab-7c51-7e02-b1c4-5c8d0e3f9a11 --yes")]
pub(crate) struct Revoke {
    /// The key's name or id, as `keyholt key list` and `keyholt key show` say them; never the key itself
    #[arg(value_name = "NAME|ID")]
    key: String,

    /// The organisation, where several keys have that name
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    confirmation: Confirmation,

    #[command(flatten)]
    client: ClientOptions,
}

impl Revoke {
    pub(super) async fn run(self) -> Result<()> {
        self.confirmation.check("revoke")?;
        let server = self.client.connect()?;
        let key = find::the_one(&server, self.org.as_deref(), &self.key).await?;
        let (name, id) = (visible(text(&key, "name")), text(&key, "id"));
        self.confirmation.ask(&format!("Revoke {name} ({id}), for good?"), "nothing was revoked")?;
        let revoked = server.delete(&format!("api-keys/{id}"), &[]).await?;
        if self.client.json {
            return output::json(&revoked);
        }
        output::line(&format!("revoked {name} ({id})"))
    }
}
