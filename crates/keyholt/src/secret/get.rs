//! `keyholt secret get`.

use anyhow::Result;
use clap::Args;

use super::{find, reveal, shown};
use crate::client::ClientOptions;
use crate::confirmation::Confirmation;
use crate::output;

/// Show what is known of a secret; the value only when it is asked for
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt secret get OPENAI_API_KEY
  keyholt secret get OPENAI_API_KEY --json | jq .metadata
  keyholt secret get GCP_KEY --reveal > key.json

With --reveal the value alone is printed, byte for byte when it goes to a file or a pipe. On a
terminal it is asked first, since others may see the screen. Each time is written to the audit log.
`keyholt run` hands values to a command without showing them.")]
pub(crate) struct Get {
    /// The secret's name or id
    #[arg(value_name = "NAME|ID")]
    secret: String,

    /// The organisation, where several have a secret of that name
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    /// Print the value, for which the API key needs the right reveal
    #[arg(long)]
    reveal: bool,

    #[command(flatten)]
    confirmation: Confirmation,

    #[command(flatten)]
    client: ClientOptions,
}

impl Get {
    pub(super) async fn run(self) -> Result<()> {
        let asks = self.reveal && output::is_terminal();
        if asks {
            self.confirmation.check("show the value")?;
        }
        let server = self.client.connect()?;
        let secret = find::the_one(&server, self.org.as_deref(), &self.secret).await?;
        if !self.reveal {
            return if self.client.json {
                output::json(&secret)
            } else {
                output::line(&shown::in_full(&secret))
            };
        }
        if asks {
            self.confirmation.ask(&reveal::question(&secret), "the value was not shown")?;
        }
        reveal::reveal(&server, &secret, self.client.json).await
    }
}
