//! `keyholt org create`.

use anyhow::Result;
use clap::Args;
use reqwest::Method;
use serde_json::json;

use crate::client::{ClientOptions, text};
use crate::output::{self, visible};

/// Make an organisation; only for operators
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt org create research
  keyholt key create --org research --role owner --name research-owner")]
pub(crate) struct Create {
    /// Its name, 1 to 128 characters
    name: String,

    #[command(flatten)]
    client: ClientOptions,
}

impl Create {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let org = server.send_body(Method::POST, "orgs", &json!({ "name": self.name })).await?;
        if self.client.json {
            return output::json(&org);
        }
        output::line(&format!("made {} ({})", visible(&self.name), text(&org, "id")))
    }
}
