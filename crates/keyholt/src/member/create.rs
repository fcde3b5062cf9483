//! Making a member.

use anyhow::Result;
use clap::Args;
use keyholt_engine::PrincipalKind;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::client::{ClientOptions, text};
use crate::output::{self, visible};
use crate::rights::GivenRights;

/// A member to be made.
#[derive(Debug, Args)]
#[command(mut_group("GivenRights", |group| group.required(true)))]
pub(crate) struct Create {
    /// Its name, 1 to 128 characters; others may have the same
    name: String,

    #[command(flatten)]
    rights: GivenRights,

    /// Its electronic mail address, for people to read; nobody is recognised by it
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,

    /// An organisation that it becomes a member of; may be given several times [default: your only one]
    #[arg(long = "org", value_name = "NAME")]
    orgs: Vec<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl Create {
    pub(super) async fn run(self, kind: PrincipalKind) -> Result<()> {
        let server = self.client.connect()?;
        let made = server.send_body(Method::POST, "principals", &self.body(kind)).await?;
        if self.client.json {
            return output::json(&made);
        }
        output::line(&format!("made {} ({})", visible(text(&made, "name")), text(&made, "id")))
    }

    fn body(&self, kind: PrincipalKind) -> Value {
        let mut body = Map::new();
        body.insert("kind".to_owned(), json!(kind.word()));
        body.insert("name".to_owned(), json!(self.name));
        self.rights.put_into(&mut body);
        if let Some(email) = &self.email {
            body.insert("email".to_owned(), json!(email));
        }
        if !self.orgs.is_empty() {
            body.insert("orgs".to_owned(), json!(self.orgs));
        }
        Value::Object(body)
    }
}
