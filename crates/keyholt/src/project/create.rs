//! `keyholt project create`.

use anyhow::Result;
use clap::Args;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::client::{ClientOptions, text};
use crate::output::{self, visible};

/// Make a project; an API key that belongs to it sees its secrets as a project's
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt project create crawler
  keyholt key create --project crawler --role engineer --name crawler-ci")]
pub(crate) struct Create {
    /// Its name, 1 to 128 characters
    name: String,

    /// Its organisation [default: your only one]
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl Create {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let mut body = Map::new();
        body.insert("name".to_owned(), json!(self.name));
        if let Some(org) = &self.org {
            body.insert("org".to_owned(), json!(org));
        }
        let project = server.send_body(Method::POST, "projects", &Value::Object(body)).await?;
        if self.client.json {
            return output::json(&project);
        }
        output::line(&format!("made {} ({})", visible(text(&project, "name")), text(&project, "id")))
    }
}
