//! How long nobody is served.

use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use keyholt_testkit::{Answer, Client, Deadline, Stopwatch};
use serde_json::json;

use super::installation::{Node, PATIENCE};

/// When each node did something for the first time again, on one watch.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// Of each node, its first acknowledged write.
    pub(super) writes: Vec<Duration>,
    /// Of each node, its first read of a record.
    pub(super) reads: Vec<Duration>,
}

/// The record that is read, made on the way in.
///
/// # Errors
/// When the node refuses.
pub(super) fn make_probe(node: &Node) -> anyhow::Result<String> {
    let answer = node.client().json("PUT", "/v1/ai_secret", &json!({ "name": "probe", "type": "read" }))?;
    Ok(answer.json().get("id").and_then(|id| id.as_str()).context("no id")?.to_owned())
}

/// Asks each node without a pause, for a write and for a read, while `meanwhile` is done; gives when on this watch each
/// was answered with 200 first.
///
/// # Errors
/// When that fails, or a node does not serve again.
pub(super) fn probe(
    nodes: &[Node],
    id: &str,
    watch: Stopwatch,
    meanwhile: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Served> {
    thread::scope(|scope| {
        let (mut writers, mut readers) = (Vec::new(), Vec::new());
        for (number, node) in nodes.iter().enumerate() {
            let (mut client, mut reader) = (node.client(), node.client());
            let body = json!({ "name": format!("probe-{number}"), "secret": "sk-a-value" });
            writers.push(scope.spawn(move || first(watch, || client.json("PUT", "/v1/ai_secret", &body))));
            readers.push(scope.spawn(move || first(watch, || get(&mut reader, id))));
        }
        let done = meanwhile();
        let times = |probes: Vec<thread::ScopedJoinHandle<'_, Option<Duration>>>| {
            let joined = probes.into_iter().map(|probe| probe.join().map_err(|_| anyhow!("a probe panicked")));
            joined.map(|time| time?.context("a node does not serve again")).collect::<anyhow::Result<Vec<_>>>()
        };
        let served = Served { writes: times(writers)?, reads: times(readers)? };
        done.map(|()| served)
    })
}

fn get(client: &mut Client, id: &str) -> std::io::Result<Answer> {
    client.send("GET", &format!("/v1/ai_secret/{id}"), None)
}

fn first(watch: Stopwatch, mut ask: impl FnMut() -> std::io::Result<Answer>) -> Option<Duration> {
    Deadline::after(PATIENCE).poll(|| ask().ok().filter(|answer| answer.status == 200).map(|_| watch.elapsed()))
}
