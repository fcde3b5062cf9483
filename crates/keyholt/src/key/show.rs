//! `keyholt key show`.

use anyhow::Result;
use clap::Args;
use keyholt_engine::SystemClock;
use keyholt_types::{Clock, Timestamp};
use serde_json::Value;

use super::state::{State, end_in_words, is_operator, last_used_in_words};
use super::{find, narrowed};
use crate::client::{ClientOptions, Names, list, text};
use crate::output;
use crate::rights;
use crate::table::Table;

/// Show all that is known of an API key
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt key show ci
  keyholt key show 0199d2ab-7c51-7e02-b1c4-5c8d0e3f9a11 --json")]
pub(crate) struct Show {
    /// The key's name or id
    #[arg(value_name = "NAME|ID")]
    key: String,

    /// The organisation, where several keys have that name
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl Show {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let key = find::the_one(&server, self.org.as_deref(), &self.key).await?;
        if self.client.json {
            return output::json(&key);
        }
        let names = [Names::read(&server, "principals").await?, Names::read(&server, "projects").await?];
        output::line(&in_full(&key, &names, SystemClock::start().now()))
    }
}

/// A line for each thing that is known; `names` are those of members and projects.
fn in_full(key: &Value, [members, projects]: &[Names; 2], now: Timestamp) -> String {
    let mut table = Table::of_one();
    let mut line = |title: &str, shown: &str| {
        if !shown.is_empty() {
            table.row([title, shown]);
        }
    };
    let with_moment = |words: String, moment: &str| match moment {
        "" => words,
        moment => format!("{words} ({moment})"),
    };
    line("name", text(key, "name"));
    line("id", text(key, "id"));
    line("key", text(key, "shown"));
    line("state", State::of(key, now).word());
    line("for", members.of(text(key, "principal_id")));
    for org in list(key, "orgs") {
        line("may in", &rights::in_org(org));
    }
    line("operator", if is_operator(key) { "yes" } else { "" });
    for restriction in narrowed::in_words(key) {
        line("only", &restriction);
    }
    line("project", projects.of(text(key, "project_id")));
    line("created", text(key, "created_at"));
    line("expires", &with_moment(end_in_words(key, now), text(key, "expires_at")));
    line("last used", &with_moment(last_used_in_words(key, now), text(key, "last_used_at")));
    line("revoked", text(key, "revoked_at"));
    table.text()
}
