//! The command itself.

use anyhow::Result;
use clap::Args;
use keyholt_engine::SystemClock;
use keyholt_types::Clock;
use serde_json::{Value, json};

use crate::client::{ClientOptions, Connection, Listing, Names, text};
use crate::key::find_key;
use crate::moment;
use crate::output;
use crate::secret::find_secret;
use crate::table::Table;

/// Show how much was used of which secret, with which API key
///
/// What went through the gateway since the secret was made, up to a second ago.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt usage
  keyholt usage --secret OPENAI_API_KEY
  keyholt usage --by ci-runner
  keyholt usage --json | jq '[.objects[].output_tokens] | add'

Tokens are counted where the provider's answers tell them. It takes the right read.")]
pub(crate) struct Usage {
    /// Only of this secret
    #[arg(long, value_name = "NAME|ID")]
    secret: Option<String>,

    /// Only with the API key of this name or id
    #[arg(long, value_name = "NAME|ID")]
    by: Option<String>,

    /// Only in this organisation
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl Usage {
    /// Asks the server.
    pub(crate) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        let org = self.org.as_deref();
        let secret = match &self.secret {
            Some(secret) if !is_id(secret) => Some(id(&find_secret(&server, org, secret).await?)),
            given => given.clone(),
        };
        let api_key = match &self.by {
            Some(api_key) if !is_id(api_key) => Some(id(&find_key(&server, org, api_key).await?)),
            given => given.clone(),
        };
        let query = [("org", org), ("secret", secret.as_deref()), ("api_key", api_key.as_deref())];
        let totals = server.list(&Listing::all("usage", &query)).await?;
        if self.client.json {
            return output::json(&json!({ "objects": totals }));
        }
        if totals.is_empty() {
            output::note("nothing has been used");
            return Ok(());
        }
        output::line(&table(&server, &totals).await?)
    }
}

/// Whether it is an id, which need not be looked up: what was deleted was used before.
fn is_id(text: &str) -> bool {
    keyholt_types::parse_uuid(text).is_some()
}

fn id(record: &Value) -> String {
    text(record, "id").to_owned()
}

async fn table(server: &Connection, totals: &[Value]) -> Result<String> {
    let keys = Names::read(server, "api-keys").await?;
    let now = SystemClock::start().now();
    let mut table = Table::new([
        "SECRET",
        "BY",
        "REQUESTS",
        "FAILED",
        "SENT",
        "RECEIVED",
        "TOKENS IN",
        "TOKENS OUT",
        "LAST",
    ]);
    for total in totals {
        let number = |member: &str| total.get(member).and_then(Value::as_i64).unwrap_or_default();
        let secret = match text(total, "secret_name") {
            "" => text(total, "secret_id"),
            name => name,
        };
        table.row([
            secret,
            keys.of(text(total, "api_key_id")),
            &number("requests").to_string(),
            &number("failed").to_string(),
            &bytes_in_words(number("bytes_up")),
            &bytes_in_words(number("bytes_down")),
            &number("input_tokens").to_string(),
            &number("output_tokens").to_string(),
            &moment::ago(text(total, "last_used_at"), now),
        ]);
    }
    Ok(table.text())
}

/// A number of bytes with three or four digits.
fn bytes_in_words(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut rest = bytes;
    for unit in UNITS {
        if rest < 10_240 || unit == "TiB" {
            return format!("{rest} {unit}");
        }
        rest /= 1024;
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_unit_that_fits() {
        for (bytes, words) in [
            (0, "0 B"),
            (10_239, "10239 B"),
            (10_240, "10 KiB"),
            (5 << 20, "5120 KiB"),
            (10 << 20, "10 MiB"),
            (1 << 60, "1048576 TiB"),
        ] {
            assert_eq!(bytes_in_words(bytes), words);
        }
    }
}
