//! `keyholt project rename`.

use anyhow::Result;
use clap::Args;
use reqwest::Method;
use serde_json::json;

use super::find;
use crate::client::{ClientOptions, text};
use crate::output::{self, visible};

/// Give a project another name; its secrets and API keys stay its own
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt project rename crawler spider
  keyholt project rename default main --org research")]
pub(crate) struct Rename {
    /// The project's name or id
    #[arg(value_name = "NAME|ID")]
    project: String,

    /// Its new name, 1 to 128 characters
    #[arg(value_name = "NEW NAME")]
    name: String,

    /// The organisation, where several have a project of that name
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl Rename {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let project = find::the_one(&server, self.org.as_deref(), &self.project).await?;
        let path = format!("projects/{}", text(&project, "id"));
        let renamed = server.send_body(Method::PATCH, &path, &json!({ "name": self.name })).await?;
        if self.client.json {
            return output::json(&renamed);
        }
        output::line(&format!(
            "renamed {} to {} ({})",
            visible(text(&project, "name")),
            visible(text(&renamed, "name")),
            text(&renamed, "id")
        ))
    }
}
