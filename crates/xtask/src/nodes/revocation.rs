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
/// What is not there: whoever is let in is told that this is no id, and no data are looked at for it (wire/braintrust.md
/// 1.5, 3.5).
const NOTHING: &str = "/v1/ai_secret/nothing";
/// How many nodes there are.
const NODES: usize = 3;
/// The node that is cut off.
const CUT: usize = 2;
/// By when every node has heard of a change of long ago.
const SETTLED: Duration = Duration::from_millis(700);
/// How long a node that is cut off is asked after a revocation.
const CUT_FOR: Duration = Duration::from_secs(3);
/// How often a revocation is tried.
const ATTEMPTS: usize = 5;
/// The three measurements, in their order.
const NAMES: [&str; 3] = ["with notifications", "without notifications", "one node cut off"];
/// How long the key may be good before the measurement fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long revoked keys were good, on the node where each was good longest.
#[derive(Default)]
struct Good {
    asked: Times,
    answered: Times,
}

impl Good {
    fn of(all: &[Last]) -> Self {
        Self {
            asked: Times::of(all.iter().map(|last| last.asked).collect()),
            answered: Times::of(all.iter().map(|last| last.answered).collect()),
        }
    }

    /// For people, with its name before it.
    fn row(&self, name: &str) -> String {
        let Self { asked, answered } = self;
        let at = |share| format!("{:.1} ({:.1})", asked.at(share), answered.at(share));
        let (count, beyond) = (asked.len(), asked.beyond(PROMISE));
        format!("{name:<24} {count:>11} {:>19} {:>19} {:>19} {beyond:>11}", at(50), at(99), at(100))
    }
}

/// What came of it.
pub(super) struct Revocations {
    notified: Good,
    polled: Good,
    /// Notifications that were left out.
    left_out: u64,
    cut_off: Good,
    /// How long the node that was cut off took to say so.
    unavailable: Times,
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
    eprintln!("{}", notified.row(NAMES[0]));
    for forwarder in &forwarders {
        forwarder.leave_notifications_out();
    }
    let polled = under_load(&nodes, &secret, || revoke_many(&nodes, &secret, arguments.revocations))?;
    let left_out = forwarders.iter().map(|forwarder| forwarder.traffic().left_out).sum();
    eprintln!("{}", polled.row(NAMES[1]));
    let forwarder = forwarders.get(CUT).context("no node to cut off")?;
    let others = nodes.get(..CUT).context("no other node")?;
    let mut unavailable = Vec::new();
    let cut_off = under_load(others, &secret, || {
        let mut times = Vec::new();
        for _ in 0..arguments.partitions {
            let (time, refused) = revoke_cut_off(&nodes, &secret, forwarder)?;
            times.push(time);
            unavailable.extend(refused);
            eprintln!("a node was cut off {} times of {}", times.len(), arguments.partitions);
        }
        Ok(Good::of(&times))
    })?;
    Ok(Revocations { notified, polled, left_out, cut_off, unavailable: Times::of(unavailable) })
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
    work: impl FnOnce() -> anyhow::Result<Good>,
) -> anyhow::Result<Good> {
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

fn revoke_many(nodes: &[Node], target: &str, count: usize) -> anyhow::Result<Good> {
    let mut times = Vec::new();
    for (_, revoking) in (0..count).zip(nodes.iter().cycle()) {
        let (key, watch) = revoke(revoking, nodes, target, |_| Ok(()))?;
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
        times.push(last.into_iter().fold(Last::default(), Last::later));
    }
    Ok(Good::of(&times))
}

/// Makes a key, uses it on all nodes, and revokes it right after `before`. Gives it with the time since the answer.
fn revoke(
    revoking: &Node,
    nodes: &[Node],
    target: &str,
    before: impl FnOnce(&str) -> anyhow::Result<()>,
) -> anyhow::Result<(String, Stopwatch)> {
    let address = revoking.server.address();
    let wanted = json!({ "name": "revoked", "role": "viewer" });
    let made = while_busy(|| Ok(ask(address, "POST", "/keyholt/v1/api-keys", &wanted).ok()))?;
    let (id, key) = (text(&made, "id")?, text(&made, "key")?.to_owned());
    for node in nodes {
        while_busy(|| match node.client(&key).send("GET", target, None)?.status {
            200 => Ok(Some(())),
            503 => Ok(None),
            status => Err(anyhow!(
                "a new key is answered {status}; the node says:\n{}",
                String::from_utf8_lossy(&node.server.output())
            )),
        })?;
    }
    before(&key)?;
    // To revoke again changes nothing: who gets no answer, or is told that it cannot be done now, does so.
    let mut client = revoking.client(KEY);
    for _ in 0..ATTEMPTS {
        let answer = client.send("DELETE", &format!("/keyholt/v1/api-keys/{id}"), None)?;
        match answer.status {
            200 => return Ok((key, Stopwatch::start())),
            500 | 503 => eprintln!("a revocation was answered {} {}", answer.status, answer.text()),
            status => return Err(anyhow!("a revocation is answered {status} {}", answer.text())),
        }
    }
    Err(anyhow!("a key cannot be revoked"))
}

/// Tries until it is done: the load leaves less than enough of a small machine, and a node that cannot ask its database in
/// time says so.
fn while_busy<T>(mut attempt: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let deadline = Deadline::after(PATIENCE);
    while !deadline.has_passed() {
        if let Some(done) = attempt()? {
            return Ok(done);
        }
        thread::park_timeout(Duration::from_millis(50));
    }
    Err(anyhow!("refused for 20 s"))
}

/// When a key was let in for the last time, from the answer to its revocation; zero when it was not.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    /// When that request was sent.
    asked: Duration,
    /// When its answer came.
    answered: Duration,
}

impl Last {
    fn later(self, other: Self) -> Self {
        Self { asked: self.asked.max(other.asked), answered: self.answered.max(other.answered) }
    }
}

/// When the key was let in for the last time, once it is refused.
fn last_let_in(mut client: Client, target: &str, watch: Stopwatch) -> anyhow::Result<Last> {
    let mut last = Last::default();
    while watch.elapsed() < PATIENCE {
        let asked = watch.elapsed();
        let answer = client.send("GET", target, None)?;
        match answer.status {
            200 | 400 => last = Last { asked, answered: watch.elapsed() },
            401 => return Ok(last),
            // It cannot tell, and lets nobody in.
            503 => thread::park_timeout(Duration::from_millis(1)),
            status => return Err(anyhow!("a revoked key is answered {status} {}", answer.text())),
        }
    }
    Err(anyhow!("a revoked key is not refused"))
}

/// Revokes on another node while one is cut off; gives when that one let the key in for the last time, and how long it
/// took at most to say that it cannot tell.
fn revoke_cut_off(
    nodes: &[Node],
    target: &str,
    forwarder: &Forwarder,
) -> anyhow::Result<(Last, Vec<Duration>)> {
    let (revoking, cut) = (nodes.first().context("no node")?, nodes.get(CUT).context("no node to cut off")?);
    // The node has heard of the new key when it is cut off, and goes by what it keeps for as long as it may.
    let (key, watch) = revoke(revoking, nodes, target, |key| {
        let (settled, mut client) = (Deadline::after(SETTLED), cut.client(key));
        while !settled.has_passed() {
            client.send("GET", NOTHING, None)?;
        }
        forwarder.hold();
        Ok(())
    })?;
    let mut client = cut.client(&key);
    let (mut last, mut unavailable) = (Last::default(), Vec::new());
    while watch.elapsed() < CUT_FOR {
        let asked = watch.elapsed();
        let answer = client.send("GET", NOTHING, None)?;
        let answered = watch.elapsed();
        match answer.status {
            400 => last = Last { asked, answered },
            503 => unavailable.push(answered.saturating_sub(asked)),
            status => return Err(anyhow!("a node that is cut off answers {status} {}", answer.text())),
        }
    }
    forwarder.pass();
    let after = last_let_in(client, NOTHING, watch)?;
    // The next one begins when this one serves again.
    let mut right = cut.client(KEY);
    let is_back = Deadline::after(PATIENCE)
        .poll(|| right.send("GET", target, None).ok().filter(|answer| answer.status == 200));
    ensure!(is_back.is_some(), "a node does not serve again when it reaches the database");
    Ok((last.later(after), unavailable))
}

impl Revocations {
    /// Whether it is what is promised: no request that was sent later is let in.
    pub(super) fn holds(&self) -> bool {
        self.all().iter().all(|(_, good)| good.asked.beyond(PROMISE) == 0)
    }

    /// For people.
    pub(super) fn print(&self) {
        println!(
            "\nHow long a key is good on {NODES} nodes under load after the answer to its revocation, in milliseconds: up to\n\
             the sending of the last request that was let in, and in parentheses up to its answer."
        );
        println!(
            "{:<24} {:>11} {:>19} {:>19} {:>19} {:>11}",
            "", "revocations", "p50", "p99", "max", "sent > 1 s"
        );
        for (name, good) in self.all() {
            println!("{}", good.row(name));
        }
        println!(
            "{} notifications were left out. The node that was cut off said {} times that it cannot tell (503), within\n\
             {:.0} ms (median), {:.0} ms (max).",
            self.left_out,
            self.unavailable.len(),
            self.unavailable.at(50),
            self.unavailable.at(100)
        );
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let good = |(name, good): (&str, &Good)| {
            let json = json!({ "asked": good.asked.json(), "answered": good.answered.json() });
            (name.to_owned(), json)
        };
        let times: Value = self.all().into_iter().map(good).collect();
        json!({ "times": times, "left_out": self.left_out, "unavailable": self.unavailable.json() })
    }

    const fn all(&self) -> [(&'static str, &Good); 3] {
        let [with, without, cut_off] = NAMES;
        [(with, &self.notified), (without, &self.polled), (cut_off, &self.cut_off)]
    }
}
