//! What is asked for: of ten requests seven for one secret by id, one for a page of the list, one for a new secret and one
//! for the values that serve a model.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::json;

use crate::measure::{ask, fill, id_of, scattered};

/// How many secrets are stored beforehand.
const STORED: u64 = 10_000;

/// Stores what is asked for.
///
/// # Errors
/// When it is refused.
pub(super) fn prepare(address: SocketAddr) -> anyhow::Result<()> {
    fill(address, STORED)?;
    // The only one that serves the model of the lookups: how many do is not what is measured here.
    let serving = json!({ "name": "ANTHROPIC_API_KEY", "type": "anthropic", "secret": "sk-ant-measured" });
    ask(address, "POST", "/v1/ai_secret", &serving)?;
    let found = ask(address, "POST", "/api/secret", &json!({ "model": "claude-sonnet-4-5" }))?;
    anyhow::ensure!(found.as_array().is_some_and(|rows| rows.len() == 1), "one secret serves the model");
    Ok(())
}

/// The requests of one API key.
#[derive(Clone)]
pub(super) struct Mix {
    host: SocketAddr,
    key: Arc<str>,
    /// Only requests for one secret by id.
    only_gets: bool,
}

impl Mix {
    /// All kinds of requests.
    pub(super) fn new(host: SocketAddr, key: &str) -> Self {
        Self { host, key: key.into(), only_gets: false }
    }

    /// Requests for one secret by id alone.
    pub(super) fn gets(host: SocketAddr, key: &str) -> Self {
        Self { only_gets: true, ..Self::new(host, key) }
    }

    /// Whether the request with this number is a lookup of values.
    pub(super) const fn is_lookup(&self, number: u64) -> bool {
        !self.only_gets && scattered(number) % 10 == 9
    }

    /// Writes the request with this number in place of what is there.
    pub(super) fn write(&self, number: u64, to: &mut Vec<u8>) {
        to.clear();
        let number = scattered(number);
        let (target, body) = match number % 10 {
            7 if !self.only_gets => ("GET /v1/ai_secret?limit=20".to_owned(), String::new()),
            8 if !self.only_gets => (
                "POST /v1/ai_secret".to_owned(),
                json!({ "name": format!("MADE_{number:016x}"), "type": "openai", "secret": "sk-made" })
                    .to_string(),
            ),
            9 if !self.only_gets => {
                ("POST /api/secret".to_owned(), json!({ "model": "claude-sonnet-4-5" }).to_string())
            }
            _ => (format!("GET /v1/ai_secret/{}", id_of(number / 10 % STORED)), String::new()),
        };
        let (host, key, length) = (self.host, &self.key, body.len());
        // Writing to memory does not fail.
        let _written = write!(to, "{target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n");
        if length > 0 {
            let _written = write!(to, "Content-Length: {length}\r\n");
        }
        let _written = write!(to, "\r\n{body}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_of_ten_are_gets_and_the_others_one_each() {
        let mix = Mix::new(([127, 0, 0, 1], 1).into(), "k");
        let mut counts = [0; 4];
        let mut request = Vec::new();
        for number in 0..10_000 {
            mix.write(number, &mut request);
            let text = String::from_utf8_lossy(&request);
            let place = ["GET /v1/ai_secret/", "GET /v1/ai_secret?", "POST /v1/", "POST /api"]
                .iter()
                .position(|start| text.starts_with(start))
                .unwrap();
            counts[place] += 1;
            assert_eq!(mix.is_lookup(number), place == 3);
        }
        assert!(counts[0] > 6_700 && counts[1..].iter().all(|count| *count > 850), "{counts:?}");
    }
}
