//! `keyholt secret get`.

use anyhow::Result;
use clap::Args;

use super::{find, shown};
use crate::client::ClientOptions;
use crate::output;

/// Show what is known of a secret; the value is not
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt secret get OPENAI_API_KEY
  keyholt secret get OPENAI_API_KEY --json | jq .metadata")]
pub(crate) struct Get {
    /// The secret's name or id
    #[arg(value_name = "NAME|ID")]
    secret: String,

    /// The organisation, where several have a secret of that name
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl Get {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let secret = find::the_one(&server, self.org.as_deref(), &self.secret).await?;
        if self.client.json { output::json(&secret) } else { output::line(&shown::in_full(&secret)) }
    }
}
