//! `keyholt key revoke`.

use anyhow::Result;
use clap::Args;

use crate::client::{ClientOptions, text};
use crate::config::UsageError;
use crate::output::{self, visible};

/// Revoke an API key: the next request made with it is refused
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt key list
  keyholt key revoke 0199d2ab-7c51-7e02-b1c4-5c8d0e3f9a11")]
pub(crate) struct Revoke {
    /// The key's id, as `keyholt key list` shows it
    id: String,

    #[command(flatten)]
    client: ClientOptions,
}

impl Revoke {
    pub(super) async fn run(self) -> Result<()> {
        if keyholt_types::parse_uuid(&self.id).is_none() {
            // It may be the key itself and is not repeated.
            return Err(UsageError("that is no id; `keyholt key list` shows the ids of keys".to_owned()).into());
        }
        let key = self.client.connect()?.delete(&format!("api-keys/{}", self.id)).await?;
        if self.client.json {
            return output::json(&key);
        }
        output::line(&format!("revoked {} ({})", visible(text(&key, "name")), text(&key, "id")))
    }
}
