//! Secrets to measure with, brought in over the operator's import.

use std::net::SocketAddr;
use std::thread;

use anyhow::anyhow;
use serde_json::{Value, json};

use super::ask::ask_with;
use super::program::KEY;

/// Rows in a body: below the limits of 1 MiB and 20,000 keys.
const ROWS: u64 = 2_000;
/// How often an import is tried: on a busy machine a database may not answer in time.
const TRIES: usize = 5;
/// Connections that import at a time.
const CONNECTIONS: u64 = 2;

/// The id of a secret by its place, the oldest first.
pub(crate) fn id_of(place: u64) -> String {
    // Millisecond 0x1900000000 of UUIDv7 is in 1973: older than all that the server makes now.
    let time = 0x0019_0000_0000_u64 + place;
    format!("{:08x}-{:04x}-7000-8000-{place:012x}", time >> 16, time & 0xFFFF)
}

/// Brings in so many secrets.
///
/// # Errors
/// When one is refused.
pub(crate) fn fill(address: SocketAddr, count: u64) -> anyhow::Result<()> {
    fill_with(KEY, address, count)
}

/// The same into the organisation of another key.
///
/// # Errors
/// When one is refused.
pub(crate) fn fill_with(key: &str, address: SocketAddr, count: u64) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let lanes: Vec<_> =
            (0..CONNECTIONS).map(|lane| scope.spawn(move || fill_lane(key, address, lane, count))).collect();
        lanes.into_iter().try_for_each(|lane| lane.join().map_err(|_| anyhow!("an importer panicked"))?)
    })
}

fn fill_lane(key: &str, address: SocketAddr, lane: u64, count: u64) -> anyhow::Result<()> {
    for chunk in (lane * ROWS..count).step_by(usize::try_from(ROWS * CONNECTIONS)?) {
        let secrets: Vec<Value> = (chunk..count.min(chunk + ROWS)).map(secret).collect();
        let body = json!({ "secrets": secrets });
        let import = || ask_with(key, address, "POST", "/keyholt/v1/secrets/import", &body);
        // What is imported takes the place of what has its id, so that it may be imported twice.
        let mut answer = import();
        for _ in 1..TRIES {
            if answer.is_ok() {
                break;
            }
            answer = import();
        }
        answer?;
    }
    Ok(())
}

fn secret(place: u64) -> Value {
    json!({
        "id": id_of(place),
        "name": format!("OPENAI_API_KEY_{place}"),
        "type": "openai",
        "metadata": { "supportsStreaming": true, "team": place % 97 },
        "value": format!("sk-proj-{place:040x}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_and_are_of_version_7() {
        let ids = [0, 1, 0xFFFF, 0x1_0000, 999_999].map(id_of);
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.len() == 36 && &id[14..15] == "7"));
    }
}
