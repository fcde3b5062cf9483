//! Suspending a member, and taking it back in.

use anyhow::Result;
use clap::Args;
use keyholt_engine::PrincipalKind;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::find;
use crate::client::{ClientOptions, text};
use crate::output::{self, visible};

/// Which member is suspended, or resumed.
#[derive(Debug, Args)]
pub(crate) struct Suspend {
    /// The member's name or id
    #[arg(value_name = "NAME|ID")]
    member: String,

    /// The organisation, where it is a member of several
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl Suspend {
    pub(super) async fn run(self, kind: PrincipalKind, suspended: bool) -> Result<()> {
        let server = self.client.connect()?;
        let member = find::the_one(&server, Some(kind), self.org.as_deref(), &self.member).await?;
        let mut body = Map::new();
        body.insert("suspended".to_owned(), json!(suspended));
        if let Some(org) = &self.org {
            body.insert("org".to_owned(), json!(org));
        }
        let path = format!("principals/{}", text(&member, "id"));
        let changed = server.send_body(Method::PATCH, &path, &Value::Object(body)).await;
        let changed = changed.map_err(|error| find::explain(error, self.org.as_deref(), &member))?;
        if self.client.json {
            return output::json(&changed);
        }
        let verb = if suspended { "suspended" } else { "resumed" };
        output::line(&format!("{verb} {} ({})", visible(text(&changed, "name")), text(&changed, "id")))
    }
}
