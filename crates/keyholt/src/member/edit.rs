//! Changing a member.

use anyhow::Result;
use clap::Args;
use keyholt_engine::PrincipalKind;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::find;
use crate::client::{ClientOptions, text};
use crate::config::UsageError;
use crate::output::{self, visible};
use crate::rights::GivenRights;

/// What to change of a member; what is not given stays as it is.
#[derive(Debug, Args)]
pub(crate) struct Edit {
    /// The member's name or id
    #[arg(value_name = "NAME|ID")]
    member: String,

    /// Its new name, 1 to 128 characters
    #[arg(long, value_name = "NEW NAME")]
    name: Option<String>,

    /// Its new electronic mail address
    #[arg(long, value_name = "ADDRESS", conflicts_with = "no_email")]
    email: Option<String>,

    /// Forget its electronic mail address
    #[arg(long)]
    no_email: bool,

    #[command(flatten)]
    rights: GivenRights,

    /// The organisation in which the rights are given; one that it is no member of yet it joins
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl Edit {
    pub(super) async fn run(self, kind: PrincipalKind) -> Result<()> {
        let mut body = self.body();
        if body.is_empty() {
            let missing = "say what to change: --name, --email, --no-email, --role or --rights";
            return Err(UsageError(missing.to_owned()).into());
        }
        let server = self.client.connect()?;
        let member = find::the_one(&server, Some(kind), self.org.as_deref(), &self.member).await?;
        // Else it only says which of several members is meant.
        if let Some(org) = self.org.as_ref().filter(|_| self.rights.are_given()) {
            body.insert("org".to_owned(), json!(org));
        }
        let path = format!("principals/{}", text(&member, "id"));
        let changed = server.send_body(Method::PATCH, &path, &Value::Object(body)).await?;
        if self.client.json {
            return output::json(&changed);
        }
        output::line(&format!("changed {} ({})", visible(text(&changed, "name")), text(&changed, "id")))
    }

    fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        self.rights.put_into(&mut body);
        if let Some(name) = &self.name {
            body.insert("name".to_owned(), json!(name));
        }
        if self.no_email || self.email.is_some() {
            body.insert("email".to_owned(), json!(self.email));
        }
        body
    }
}
