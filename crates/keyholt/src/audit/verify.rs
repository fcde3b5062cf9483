//! `keyholt audit verify`.

use anyhow::{Result, bail};
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{ClientOptions, text};
use crate::output;

/// Prove that no record of the audit log is missing or changed; only for operators
#[derive(Debug, Args)]
#[command(after_help = "\
Ends with status 1, and names the first bad record, when the log is not as it was written.
Records cut off at the very end of a chain cannot be noticed this way.")]
pub(crate) struct Verify {
    #[command(flatten)]
    client: ClientOptions,
}

impl Verify {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let verdict = server.send_body(Method::POST, "audit/verify", &json!({})).await?;
        if self.client.json {
            output::json(&verdict)?;
        }
        if let Some(problem) = problem_in_words(&verdict) {
            bail!("{problem}");
        }
        if !self.client.json {
            let count = |member| verdict.get(member).and_then(Value::as_u64).unwrap_or_default();
            output::line(&format!(
                "the audit log is whole: {} events in {} chains",
                count("events"),
                count("chains")
            ))?;
        }
        Ok(())
    }
}

/// What is wrong with the log; none when it is whole.
fn problem_in_words(verdict: &Value) -> Option<String> {
    if verdict.get("ok").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    let bad = verdict.get("first_bad").unwrap_or(&Value::Null);
    let seq = bad.get("seq").and_then(Value::as_i64).unwrap_or_default();
    let (chain, problem) = (text(bad, "chain"), text(bad, "problem"));
    Some(format!(
        "the audit log is not as it was written: the first bad record is number {seq} of chain {chain} ({problem})\n  \
         somebody or something changed the database past Keyholt; compare it with a backup"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bad_record_is_named() {
        assert_eq!(problem_in_words(&json!({"ok": true, "first_bad": null})), None);
        let bad = json!({"ok": false, "first_bad": {"chain": "c-1", "seq": 7, "problem": "changed"}});
        assert!(problem_in_words(&bad).unwrap().contains("number 7 of chain c-1 (changed)"));
        assert!(problem_in_words(&json!({})).is_some());
    }
}
