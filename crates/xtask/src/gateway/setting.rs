//! A gateway with a secret for the provider, on a store of its own.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::provider::VALUE;
use super::requests::Way;
use crate::measure::{Program, ask, id_of};

/// Rows in an import: below the limit of a body.
const ROWS: u64 = 1_000;

/// A server whose gateway leads to the provider.
pub(crate) struct Setting {
    /// The server.
    pub(crate) keyholt: Program,
    /// Through its gateway.
    pub(crate) through: Way,
    /// To the provider itself.
    pub(crate) direct: Way,
    /// Deleted when this goes.
    _folder: TempDir,
}

impl Setting {
    /// Starts a server with so many other secrets, and makes an API key that may use only.
    ///
    /// # Errors
    /// When it does not start or refuses.
    pub(crate) fn start(binary: &Path, provider: SocketAddr, stored: u64) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("keyholt-gateway-").tempdir()?;
        let options = ["--egress-allow".to_owned(), provider.to_string()];
        let keyholt = Program::keyholt_with(binary, &folder.path().join("data"), &options)?;
        let address = keyholt.address;
        let secret = json!({
            "name": "OPENAI_API_KEY",
            "type": "openai",
            "secret": VALUE,
            "metadata": { "api_base": format!("http://{provider}/v1") },
        });
        ask(address, "PUT", "/v1/ai_secret", &secret)?;
        for start in (0..stored).step_by(usize::try_from(ROWS)?) {
            let secrets: Vec<Value> = (start..stored.min(start + ROWS)).map(other).collect();
            ask(address, "POST", "/keyholt/v1/secrets/import", &json!({ "secrets": secrets }))?;
        }
        let key = ask(address, "POST", "/keyholt/v1/api-keys", &json!({ "name": "app", "role": "app" }))?;
        let key = key.get("key").and_then(Value::as_str).context("no API key")?.to_owned();
        Ok(Self {
            keyholt,
            through: Way::with_key(address, "/v1/proxy/chat/completions", &key),
            direct: Way::with_key(provider, "/v1/chat/completions", VALUE),
            _folder: folder,
        })
    }
}

/// A secret that serves none of the requests.
fn other(place: u64) -> Value {
    json!({
        "id": id_of(place),
        "name": format!("ANTHROPIC_API_KEY_{place}"),
        "type": "anthropic",
        "metadata": { "supportsStreaming": true },
        "value": format!("sk-ant-{place:040x}"),
    })
}
