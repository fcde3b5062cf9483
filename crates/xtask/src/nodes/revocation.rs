//! How long a revoked key is good: on three nodes under load, with notifications, without, and with a node that is
//! cut off.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use keyholt_testkit::{Client, Deadline, Forwarder, Stopwatch};
use serde_json::{Value, json};

use super::arguments::NodesArgs;
use super::figures::Times;
use super::installation::{Installation, Node};
use crate::measure::{KEY, ask};

/// What is promised (design/security.md A7; a node that cannot tell serves nothing from its memory after as long).
const PROMISE: Duration = Duration::from_secs(1);
/// How many nodes there are.
const NODES: usize = 3;
/// The node that is cut off.
const CUT: usize = 2;
/// How long a node that is cut off is asked after a revocation.
const CUT_FOR: Duration = Duration::from_secs(3);
/// How long the key may be good before the measurement fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// From the answer to a revocation to the last request that was let in, on any node; zero when none was.
pub(super) struct Revocations {
    notified: Times,
    polled: Times,
    /// Notifications that were left out.
    left_out: u64,
    cut_off: Times,
    /// Requests that the node that was cut off answered with 503.
    unavailable: usize,
}

/// Revokes keys.
///
/// # Errors
/// When a node does not start, or a key is good for more than 20 s.
pub(super) fn measure(installation: &Installation, arguments: &NodesArgs) -> anyhow::Result<Revocations> {
    let database = installation.cluster().address();
    let forwarders = (0..NODES).map(|_| Forwarder::start(database)).collect::<Result<Vec<_>, _>>()?;
    let nodes: Vec<Node> =
        forwarders.iter().map(|by| installation.start_by(by.address())).collect::<Result<_, _>>()?;
    let secret = make_secret(&nodes)?;
    let notified = under_load(&nodes, &secret, || revoke_many(&nodes, &secret, arguments.revocations))?;
    eprintln!("{} revocations with notifications", notified.len());
    for forwarder in &forwarders {
        forwarder.leave_notifications_out();
    }
    let polled = under_load(&nodes, &secret, || revoke_many(&nodes, &secret, arguments.revocations))?;
    let left_out = forwarders.iter().map(|forwarder| forwarder.traffic().left_out).sum();
    eprintln!("{} revocations without", polled.len());
    let forwarder = forwarders.get(CUT).context("no node to cut off")?;
    let others = nodes.get(..CUT).context("no other node")?;
    let mut unavailable = 0;
    let cut_off = under_load(others, &secret, || {
        let mut times = Vec::new();
        for _ in 0..arguments.partitions {
            let (time, refused) = revoke_cut_off(&nodes, &secret, forwarder)?;
            times.push(time);
            unavailable += refused;
        }
        Ok(Times::of(times))
    })?;
    Ok(Revocations { notified, polled, left_out, cut_off, unavailable })
}

fn make_secret(nodes: &[Node]) -> anyhow::Result<String> {
    let node = nodes.first().context("no node")?;
    let made =
        ask(node.server.address(), "PUT", "/v1/ai_secret", &json!({ "name": "asked-for", "type": "none" }))?;
    Ok(format!("/v1/ai_secret/{}", text(&made, "id")?))
}

fn text<'a>(object: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    object.get(key).and_then(Value::as_str).with_context(|| format!("an answer without {key}"))
}

/// Does something while two clients of each node read and write without a pause.
fn under_load(
    nodes: &[Node],
    target: &str,
    work: impl FnOnce() -> anyhow::Result<Times>,
) -> anyhow::Result<Times> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for (number, node) in nodes.iter().enumerate() {
            for method in ["GET", "PATCH"] {
                let (mut client, is_over) = (node.client(KEY), &is_over);
                scope.spawn(move || {
                    let mut count = 0_u64;
                    while !is_over.load(Ordering::Relaxed) {
                        count += 1;
                        let body = json!({ "metadata": { format!("of-{number}"): count } }).to_string();
                        let body = (method == "PATCH").then_some(body.as_bytes());
                        // What is refused is of no account: it is load.
                        let _answer = client.send(method, target, body);
                    }
                });
            }
        }
        let done = work();
        is_over.store(true, Ordering::Relaxed);
        done
    })
}

fn revoke_many(nodes: &[Node], target: &str, count: usize) -> anyhow::Result<Times> {
    let mut times = Vec::new();
    for (_, revoking) in (0..count).zip(nodes.iter().cycle()) {
        let (key, watch) = revoke(revoking, nodes, target, || {})?;
        let last = thread::scope(|scope| {
            let clients: Vec<_> = nodes
                .iter()
                .map(|node| node.client(&key))
                .map(|client| scope.spawn(move || last_let_in(client, target, watch)))
                .collect();
            clients
                .into_iter()
                .map(|client| client.join().map_err(|_| anyhow!("a client panicked"))?)
                .collect::<anyhow::Result<Vec<_>>>()
        })?;
        times.push(last.into_iter().max().unwrap_or_default());
    }
    Ok(Times::of(times))
}

/// Makes a key, uses it on all nodes, and revokes it right after `before`. Gives it with the time since the answer.
fn revoke(
    revoking: &Node,
    nodes: &[Node],
    target: &str,
    before: impl FnOnce(),
) -> anyhow::Result<(String, Stopwatch)> {
    let address = revoking.server.address();
    let made = ask(address, "POST", "/keyholt/v1/api-keys", &json!({ "name": "revoked", "role": "viewer" }))?;
    let (id, key) = (text(&made, "id")?, text(&made, "key")?.to_owned());
    for node in nodes {
        let status = node.client(&key).send("GET", target, None)?.status;
        ensure!(status == 200, "a new key is answered {status}");
    }
    before();
    ask(address, "DELETE", &format!("/keyholt/v1/api-keys/{id}"), &json!({}))?;
    Ok((key, Stopwatch::start()))
}

/// The time of the last answer that let the key in, once it is refused.
fn last_let_in(mut client: Client, target: &str, watch: Stopwatch) -> anyhow::Result<Duration> {
    let mut last = Duration::ZERO;
    while watch.elapsed() < PATIENCE {
        let answer = client.send("GET", target, None)?;
        match answer.status {
            200 => last = watch.elapsed(),
            401 => return Ok(last),
            // It cannot tell, and lets nobody in.
            503 => thread::park_timeout(Duration::from_millis(1)),
            status => return Err(anyhow!("a revoked key is answered {status} {}", answer.text())),
        }
    }
    Err(anyhow!("a revoked key is not refused"))
}

/// Revokes on another node while one is cut off; gives when that one let the key in for the last time, and how often it
/// could not tell.
fn revoke_cut_off(nodes: &[Node], target: &str, forwarder: &Forwarder) -> anyhow::Result<(Duration, usize)> {
    let (revoking, cut) = (nodes.first().context("no node")?, nodes.get(CUT).context("no node to cut off")?);
    let (key, watch) = revoke(revoking, nodes, target, || forwarder.hold())?;
    let mut client = cut.client(&key);
    let (mut last, mut unavailable) = (Duration::ZERO, 0);
    while watch.elapsed() < CUT_FOR {
        let answer = client.send("GET", target, None)?;
        match answer.status {
            200 => last = watch.elapsed(),
            503 => unavailable += 1,
            status => return Err(anyhow!("a node that is cut off answers {status} {}", answer.text())),
        }
    }
    forwarder.pass();
    let after = last_let_in(client, target, watch)?;
    // The next one begins when this one serves again.
    let mut right = cut.client(KEY);
    let is_back = Deadline::after(PATIENCE)
        .poll(|| right.send("GET", target, None).ok().filter(|answer| answer.status == 200));
    ensure!(is_back.is_some(), "a node does not serve again when it reaches the database");
    Ok((last.max(after), unavailable))
}

impl Revocations {
    /// Whether it is what is promised.
    pub(super) fn holds(&self) -> bool {
        [&self.notified, &self.polled, &self.cut_off].iter().all(|times| times.beyond(PROMISE) == 0)
    }

    /// For people.
    pub(super) fn print(&self) {
        println!(
            "\nFrom the answer to a revocation to the last request that any of {NODES} nodes let in, under load:"
        );
        println!(
            "{:<28} {:>11} {:>8} {:>8} {:>8} {:>7}",
            "", "revocations", "p50 ms", "p99 ms", "max ms", "> 1 s"
        );
        for (name, times) in self.all() {
            println!(
                "{name:<28} {:>11} {:>8.1} {:>8.1} {:>8.1} {:>7}",
                times.len(),
                times.at(50),
                times.at(99),
                times.at(100),
                times.beyond(PROMISE)
            );
        }
        println!(
            "{} notifications were left out; the node that was cut off answered {} requests with 503",
            self.left_out, self.unavailable
        );
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let times: Value =
            self.all().into_iter().map(|(name, times)| (name.to_owned(), times.json())).collect();
        json!({ "times": times, "left_out": self.left_out, "unavailable": self.unavailable })
    }

    fn all(&self) -> [(&'static str, &Times); 3] {
        [
            ("with notifications", &self.notified),
            ("without notifications", &self.polled),
            ("one node cut off", &self.cut_off),
        ]
    }
}
