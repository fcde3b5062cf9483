//! `keyholt secret test`.

use anyhow::{Result, bail};
use clap::Args;
use reqwest::Method;
use serde_json::json;

use super::find;
use crate::client::{ClientOptions, text};
use crate::output::{self, visible};

/// Ask a provider whether it takes a secret's value
///
/// The server sends the provider the cheapest request that it knows, one that costs nothing. Nobody is shown the value.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt secret test OPENAI_API_KEY
  keyholt secret test OPENAI_API_KEY --json | jq -r .result

Ends with status 0 only when the provider takes the value. With --json, result is valid, refused,
unreachable, unknown_type or unusable.")]
pub(crate) struct Test {
    /// The secret's name or id
    #[arg(value_name = "NAME|ID")]
    secret: String,

    /// The organisation, where several have a secret of that name
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl Test {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let secret = find::the_one(&server, self.org.as_deref(), &self.secret).await?;
        let path = format!("secrets/{}/test", text(&secret, "id"));
        let tested = server.send_body(Method::POST, &path, &json!({})).await?;
        let (name, result, detail) =
            (visible(text(&secret, "name")), text(&tested, "result"), visible(text(&tested, "detail")));
        if self.client.json {
            output::json(&tested)?;
        } else if result == "valid" {
            output::line(&format!("{name} is valid: {detail}"))?;
        }
        match result {
            "valid" => Ok(()),
            "unusable" => {
                bail!("{name} cannot be used: {detail}\n  `keyholt secret get` shows all that is known of it")
            }
            _ => bail!("{name} is not known to be valid: {detail}"),
        }
    }
}
