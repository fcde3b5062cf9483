//! Other servers that speak one of the wires, and other gateways.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::arguments::{BenchArgs, GatewayPeer, Peer};
use super::operation::{Door, Wire};
use crate::gateway::{VALUE, Way};
use crate::measure::{ask_with, scattered, stamp};

/// The name and door of each peer.
pub(super) type Doors = Vec<(String, Door)>;

/// Finds out what the peers speak, and fills them.
///
/// # Errors
/// When one has no readable key, does not answer, or refuses to be filled.
pub(super) fn doors(root: &Path, arguments: &BenchArgs) -> anyhow::Result<Doors> {
    let pairs = arguments.peer.iter().zip(&arguments.peer_key_file);
    let door = |(peer, file): (&Peer, &std::path::PathBuf)| {
        let key = fs::read_to_string(root.join(file)).with_context(|| format!("{} has no key", peer.name))?;
        let door = door(peer, key.trim().into(), arguments.fewest());
        Ok((peer.name.clone(), door.with_context(|| format!("the peer {}", peer.name))?))
    };
    pairs.map(door).collect()
}

/// The name of each other gateway, and the way through it to this provider.
///
/// # Errors
/// When one has no readable file of headers.
pub(super) fn ways(
    root: &Path,
    arguments: &BenchArgs,
    provider: SocketAddr,
) -> anyhow::Result<Vec<(String, Way)>> {
    let pairs = arguments.gateway_peer.iter().zip(&arguments.gateway_peer_headers);
    let way = |(peer, file): (&GatewayPeer, &std::path::PathBuf)| {
        let GatewayPeer { peer, path } = peer;
        let text =
            fs::read_to_string(root.join(file)).with_context(|| format!("{} has no headers", peer.name))?;
        let headers = headers(&text, provider);
        Ok((peer.name.clone(), Way { address: peer.address, path: path.clone(), headers }))
    };
    pairs.map(way).collect()
}

/// The lines of a file, as a request has them.
fn headers(text: &str, provider: SocketAddr) -> String {
    let filled = text.replace("{provider}", &provider.to_string()).replace("{value}", VALUE);
    filled.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| format!("{line}\r\n")).collect()
}

fn door(peer: &Peer, key: Arc<str>, count: u64) -> anyhow::Result<Door> {
    let probes = [(Wire::Braintrust, "/v1/ai_secret?limit=1"), (Wire::Together, "/v1/deployments/secrets")];
    let answers = |path: &str| ask_with(&key, peer.address, "GET", path, &json!({})).is_ok();
    let Some((wire, _)) = probes.into_iter().find(|(_, path)| answers(path)) else {
        bail!("speaks neither of the wires, or refuses its key");
    };
    // A store that was filled before has those names.
    let run = stamp();
    let ids = (0..count).map(|place| create(peer, &key, wire, run, place)).collect::<Result<Vec<_>, _>>()?;
    eprintln!("{}: {count} secrets made", peer.name);
    Ok(Door::of_peer(peer.address, wire, ids.into(), key))
}

/// Makes a secret, and gives its id.
fn create(peer: &Peer, key: &str, wire: Wire, run: u64, place: u64) -> anyhow::Result<String> {
    let (name, value) = (format!("filled-{run}-{place}"), format!("sk-proj-{:040x}", scattered(place)));
    let (path, body) = match wire {
        Wire::Braintrust => {
            let kind = if place == 0 { "anthropic" } else { "openai" };
            let metadata = json!({ "supportsStreaming": true });
            ("/v1/ai_secret", json!({ "name": name, "type": kind, "metadata": metadata, "secret": value }))
        }
        Wire::Together => ("/v1/deployments/secrets", json!({ "name": name, "value": value })),
    };
    let made = ask_with(key, peer.address, "POST", path, &body)?;
    Ok(made.get("id").and_then(Value::as_str).context("a secret without an id")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_lines_that_lead_to_the_provider() {
        let text = "x-host: http://{provider}/v1\n\nAuthorization: Bearer {value}\r\n";
        let expected = format!("x-host: http://127.0.0.1:1/v1\r\nAuthorization: Bearer {VALUE}\r\n");
        assert_eq!(headers(text, ([127, 0, 0, 1], 1).into()), expected);
    }
}
