//! `keyholt key create`.

use anyhow::Result;
use clap::Args;
use clap::builder::PossibleValuesParser;
use keyholt_types::Role;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::client::{ClientOptions, text};
use crate::duration::parse_seconds;
use crate::output;

/// Make an API key and print it, this once
#[derive(Debug, Args)]
#[command(after_help = "\
Roles:
  owner     all rights
  engineer  read, write and use secrets
  viewer    read everything but values
  app       use secrets without seeing their values
  resolver  use secrets and be given their values

Examples:
  keyholt key create --role app --name checkout-service --expires-in 90d
  keyholt key create --org research --org search --role viewer --name dashboards
  export KEYHOLT_API_KEY=$(keyholt key create --role engineer --name ci)

The key goes to standard output, all else to standard error. Nobody can be given more rights
than you have, nor in an organisation that you may not administer; but an operator makes the
first owner's key of a new one: keyholt key create --org research --role owner --name ada")]
pub(crate) struct Create {
    /// Its name, which the audit log shows
    #[arg(long)]
    name: String,

    /// What it may do
    #[arg(long, value_parser = PossibleValuesParser::new(Role::ALL.map(Role::word)))]
    role: String,

    /// An organisation that it belongs to; may be given several times [default: your only one]
    #[arg(long = "org", value_name = "NAME")]
    orgs: Vec<String>,

    /// Its project, whose secrets it sees as a project's, in the first organisation [default: default]
    #[arg(long, value_name = "NAME")]
    project: Option<String>,

    /// When it ceases to be valid, from now: 12h, 90d, 2w [default: never]
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    expires_in: Option<u64>,

    #[command(flatten)]
    client: ClientOptions,
}

impl Create {
    pub(super) async fn run(self) -> Result<()> {
        let issued = self.client.connect()?.send_body(Method::POST, "api-keys", &self.body()).await?;
        if self.client.json {
            return output::json(&issued);
        }
        output::note(&format!("made API key {}; it is shown this once:", text(&issued, "id")));
        output::line(text(&issued, "key"))
    }

    fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("name".to_owned(), json!(self.name));
        body.insert("role".to_owned(), json!(self.role));
        if !self.orgs.is_empty() {
            body.insert("orgs".to_owned(), json!(self.orgs));
        }
        if let Some(project) = &self.project {
            body.insert("project".to_owned(), json!(project));
        }
        if let Some(seconds) = self.expires_in {
            body.insert("expires_in_seconds".to_owned(), json!(seconds));
        }
        Value::Object(body)
    }
}
