//! `keyholt org rename`.

use anyhow::Result;
use clap::Args;
use reqwest::Method;
use serde_json::json;

use crate::client::find::Kind;
use crate::client::{ClientOptions, find, text};
use crate::output::{self, visible};

/// Organisations, as people name one.
const KIND: Kind = Kind { path: "orgs", called: "organisation", listed_by: "`keyholt org list`" };

/// Give an organisation another name; for operators and those who administer it
///
/// Clients that name the organisation in their requests must be told the new name.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt org rename research science")]
pub(crate) struct Rename {
    /// The organisation's name or id
    #[arg(value_name = "NAME|ID")]
    org: String,

    /// Its new name, 1 to 128 characters
    #[arg(value_name = "NEW NAME")]
    name: String,

    #[command(flatten)]
    client: ClientOptions,
}

impl Rename {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let org = find::the_one(&server, &KIND, &[], &self.org).await?;
        let path = format!("orgs/{}", text(&org, "id"));
        let renamed = server.send_body(Method::PATCH, &path, &json!({ "name": self.name })).await?;
        if self.client.json {
            return output::json(&renamed);
        }
        output::line(&format!(
            "renamed {} to {} ({})",
            visible(text(&org, "name")),
            visible(text(&renamed, "name")),
            text(&renamed, "id")
        ))
    }
}
