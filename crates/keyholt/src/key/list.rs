//! `keyholt key list`.

use anyhow::Result;
use clap::Args;
use keyholt_engine::SystemClock;
use keyholt_types::Clock;
use serde_json::{Value, json};

use super::state::{State, end_in_words, last_used_in_words, rights_in_words};
use crate::client::{ClientOptions, Listing, Names, text};
use crate::member;
use crate::output;
use crate::table::Table;

/// List API keys, newest first; of a key only its first characters are known
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt key list
  keyholt key list --for ada --all
  keyholt key list --json | jq -r '.objects[] | select(.last_used_at == null).name'

MAY has the role or the rights in each organisation; `keyholt key show NAME` says what a narrowed
key is narrowed to. Without the right to read, an API key sees those of its own member only.")]
pub(crate) struct List {
    /// Only keys of this organisation
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    /// Only keys of this user or service account, by name or id
    #[arg(long = "for", value_name = "MEMBER")]
    member: Option<String>,

    /// Those too that are expired or revoked
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    client: ClientOptions,
}

impl List {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let org = self.org.as_deref();
        let member = match &self.member {
            Some(name_or_id) => Some(member::find::the_one(&server, None, org, name_or_id).await?),
            None => None,
        };
        let query = [("org", org), ("principal", member.as_ref().map(|member| text(member, "id")))];
        let mut keys = server.list(&Listing::all("api-keys", &query)).await?;
        let now = SystemClock::start().now();
        if !self.all {
            keys.retain(|key| State::of(key, now) == State::Valid);
        }
        if self.client.json {
            return output::json(&json!({ "objects": keys }));
        }
        if keys.is_empty() {
            output::note(if self.all { "no API keys" } else { "no valid API keys; --all shows all" });
            return Ok(());
        }
        let members = Names::read(&server, "principals").await?;
        let projects = Names::read(&server, "projects").await?;
        let mut table = Table::new(["NAME", "KEY", "FOR", "MAY", "PROJECT", "EXPIRES", "LAST USED", "STATE"]);
        let row = |key: &Value, table: &mut Table| {
            table.row([
                text(key, "name"),
                text(key, "shown"),
                members.of(text(key, "principal_id")),
                &rights_in_words(key),
                projects.of(text(key, "project_id")),
                &end_in_words(key, now),
                &last_used_in_words(key, now),
                State::of(key, now).word(),
            ]);
        };
        keys.iter().for_each(|key| row(key, &mut table));
        output::line(&table.text())
    }
}
