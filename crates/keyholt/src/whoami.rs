//! `keyholt whoami`.

use anyhow::Result;
use clap::Args;
use keyholt_engine::SystemClock;
use keyholt_types::{Clock, Timestamp};
use serde_json::Value;

use crate::client::{ClientOptions, Connection, list, text};
use crate::key::narrowing_in_words;
use crate::member::kind_in_words;
use crate::moment;
use crate::output;
use crate::rights;
use crate::table::Table;

/// Show who you are to the server, and what you may do
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt whoami
  keyholt whoami --json | jq -r '.orgs[].name'")]
pub(crate) struct Whoami {
    #[command(flatten)]
    client: ClientOptions,
}

impl Whoami {
    /// Asks the server.
    pub(crate) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let caller = server.get("whoami", &[]).await?;
        if self.client.json {
            return output::json(&caller);
        }
        let member = member_behind(&server, &caller).await?;
        output::line(&in_full(&caller, &member, SystemClock::start().now()))
    }
}

/// The user or service account that the caller is; of one that has left its organisations only the id is known.
async fn member_behind(server: &Connection, caller: &Value) -> Result<Value> {
    let principal = caller.get("principal").unwrap_or(&Value::Null);
    match server.get(&format!("principals/{}", text(principal, "id")), &[]).await {
        Err(error) if error.is_not_found() => Ok(principal.clone()),
        answer => Ok(answer?),
    }
}

/// A line for each thing that is known.
fn in_full(caller: &Value, member: &Value, now: Timestamp) -> String {
    let part = |name| caller.get(name).unwrap_or(&Value::Null);
    let (api_key, project) = (part("api_key"), part("project"));
    let mut table = Table::of_one();
    let mut line = |title: &str, shown: &str| {
        if !shown.is_empty() {
            table.row([title, shown]);
        }
    };
    let name = match text(member, "name") {
        "" => text(member, "id"),
        name => name,
    };
    line("you are", &format!("{} {name}", kind_in_words(member)));
    if text(caller, "via") == "jwt" {
        line("by a token of", text(member, "issuer"));
    } else {
        line("by API key", &format!("{} ({})", text(api_key, "name"), text(api_key, "id")));
    }
    for org in list(caller, "orgs") {
        line("may in", &rights::in_org(org));
    }
    line("operator", if api_key.get("operator").and_then(Value::as_bool) == Some(true) { "yes" } else { "" });
    for restriction in narrowing_in_words(caller) {
        line("only", &restriction);
    }
    line("project", text(project, "name"));
    match text(api_key, "expires_at") {
        "" => line("expires", "never"),
        end => line("expires", &format!("{} ({end})", moment::ahead(end, now))),
    }
    table.text()
}
