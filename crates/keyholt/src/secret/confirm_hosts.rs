//! `keyholt secret confirm-hosts`.

use anyhow::Result;
use clap::Args;
use reqwest::Method;
use serde_json::json;

use super::find;
use crate::client::{ClientOptions, text};
use crate::confirmation::Confirmation;
use crate::output::{self, visible};

/// Allow a secret's value to be sent to the hosts that the secret names now
///
/// A value is bound to its provider's hosts when it is written. After a change of these, such as of metadata.api_base,
/// it is sent nowhere until it is written anew, or until somebody who may see it says with this that all is well.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt secret confirm-hosts AZURE_KEY
  keyholt secret confirm-hosts AZURE_KEY --yes

It takes the rights write and reveal.")]
pub(crate) struct ConfirmHosts {
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

impl ConfirmHosts {
    pub(super) async fn run(self) -> Result<()> {
        self.confirmation.check("confirm the hosts")?;
        let server = self.client.connect()?;
        let secret = find::the_one(&server, self.org.as_deref(), &self.secret).await?;
        let (name, id) = (visible(text(&secret, "name")), text(&secret, "id"));
        let metadata = secret.get("metadata").map(ToString::to_string).unwrap_or_default();
        let question = format!(
            "{name} ({id}) is of type {} with metadata {}.\nAllow its value to be sent to the hosts of these?",
            visible(text(&secret, "type")),
            visible(&metadata)
        );
        self.confirmation.ask(&question, "nothing was changed")?;
        let confirmed =
            server.send_body(Method::POST, &format!("secrets/{id}/confirm-hosts"), &json!({})).await?;
        if self.client.json {
            return output::json(&confirmed);
        }
        match text(&confirmed, "bound_to") {
            "" => output::line(&format!("{name} is bound to no host")),
            hosts => output::line(&format!("{name} is bound to {}", visible(hosts))),
        }
    }
}
