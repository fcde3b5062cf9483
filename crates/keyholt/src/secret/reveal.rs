//! Showing a value.

use anyhow::{Result, bail};
use keyholt_types::SecretValue;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Connection, text};
use crate::output::{self, visible};

/// What is asked before a value is shown on a terminal.
pub(super) fn question(secret: &Value) -> String {
    format!("Show the value of {}?", visible(text(secret, "name")))
}

/// Prints a secret's value alone, or as a member of the secret for programs.
///
/// # Errors
/// When it has none, or when the server refuses.
pub(super) async fn reveal(server: &Connection, secret: &Value, as_json: bool) -> Result<()> {
    let path = format!("secrets/{}/reveal", text(secret, "id"));
    let mut revealed = server.send_body(Method::POST, &path, &json!({})).await?;
    if as_json {
        return output::json(&revealed);
    }
    let Some(Value::String(value)) = revealed.get_mut("value").map(Value::take) else {
        bail!("the secret {} has no value", visible(text(secret, "name")));
    };
    let value = SecretValue::parse(value).map_err(|problem| anyhow::anyhow!("the value {problem}"))?;
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the value is printed, which was asked for")]
    output::value(value.expose())
}
