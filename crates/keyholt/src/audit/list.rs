//! `keyholt audit list`.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::words::{action_in_words, subject_in_words};
use crate::client::{ClientOptions, Listing, Names, text};
use crate::output;
use crate::table::Table;

/// List audit events, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt audit list --limit 20
  keyholt audit list --refused
  keyholt audit list --json | jq '.objects[] | select(.action == \"secret.delete\")'

What is refused is written down every few seconds; what is alike is one event with a count: ×17.")]
pub(crate) struct List {
    /// How many at most
    #[arg(long, value_name = "COUNT", default_value = "100",
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    limit: usize,

    /// Only what was refused: wrong API keys, missing rights
    #[arg(long)]
    refused: bool,

    /// Only events in this organisation
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl List {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let outcome = self.refused.then_some("refused");
        let query = [("org", self.org.as_deref()), ("outcome", outcome)];
        let events = server.list(&Listing { path: "audit", query: &query, limit: self.limit }).await?;
        if self.client.json {
            return output::json(&json!({ "objects": events }));
        }
        if events.is_empty() {
            output::note("no such events");
            return Ok(());
        }
        let (keys, orgs) = (Names::read(&server, "api-keys").await?, Names::read(&server, "orgs").await?);
        let mut table = Table::new(["AT", "IN", "ACTION", "SUBJECT", "OUTCOME", "COUNT", "API KEY", "ADDRESS"]);
        for event in &events {
            table.row([
                text(event, "at"),
                orgs.of(text(event, "org_id")),
                action_in_words(text(event, "action")),
                &subject_of(event),
                text(event, "outcome"),
                &count_of(event),
                keys.of(text(event, "api_key_id")),
                text(event, "address"),
            ]);
        }
        output::line(&table.text())
    }
}

/// `secret OPENAI_API_KEY`.
fn subject_of(event: &Value) -> String {
    let subject = event.get("subject").unwrap_or(&Value::Null);
    let kind = subject_in_words(text(subject, "kind"));
    match text(subject, "name") {
        "" => kind.to_owned(),
        name => format!("{kind} {name}"),
    }
}

/// `×17`; nothing for what happened once.
fn count_of(event: &Value) -> String {
    match event.get("count").and_then(Value::as_u64) {
        Some(count) if count > 1 => format!("×{count}"),
        Some(_) | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_happened_several_times_has_a_count() {
        for (event, count) in [(json!({"count": 17}), "×17"), (json!({"count": 1}), ""), (json!({}), "")] {
            assert_eq!(count_of(&event), count);
        }
    }

    #[test]
    fn a_subject_is_its_kind_and_its_name() {
        let event = |kind, name| json!({"subject": {"kind": kind, "id": "1", "name": name}});
        assert_eq!(subject_of(&event("api_key", "ci")), "API key ci");
        assert_eq!(subject_of(&event("deployment", "")), "installation");
    }
}
