//! A worker: one write after the other on rows of its own, through failovers, until it is told to end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use keyholt_testkit::{Answer, Client, Random};
use serde_json::{Value, json};

use super::model::{Acknowledged, Row, Testimony, Unknown};

const SECRETS: &str = "/v1/ai_secret";
/// The pause after a refusal.
const PAUSE: Duration = Duration::from_millis(5);

/// The value of a stamp.
pub(super) fn value_of(stamp: &str) -> String {
    format!("sk-the-value-that-belongs-to-{stamp}")
}

/// What all workers share.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// Set when they are to end.
    pub(super) is_over: AtomicBool,
    /// Set when a worker has ended by itself, which none should.
    pub(super) has_failed: AtomicBool,
    /// How many writes were acknowledged.
    pub(super) acknowledged: AtomicUsize,
}

/// A write that is about to be sent.
struct Write {
    method: &'static str,
    target: String,
    body: Value,
    action: &'static str,
    name: String,
    before: Option<Row>,
    after: Option<String>,
}

/// Writes until it is over.
///
/// # Errors
/// In words, when an answer is none that a write may have.
pub(super) fn work(
    mut client: Client,
    number: usize,
    mut random: Random,
    mut known: Testimony,
    signals: &Signals,
) -> Result<Testimony, String> {
    while !signals.is_over.load(Ordering::SeqCst) {
        let write = next(number, &mut random, &known);
        let body = write.body.to_string();
        match client.send_once(write.method, &write.target, Some(body.as_bytes())) {
            Ok(answer) => match (answer.status, answer.string("/error/code").as_str()) {
                (200, _) => {
                    acknowledge(write, &answer, &mut known)?;
                    signals.acknowledged.fetch_add(1, Ordering::SeqCst);
                }
                // Refused before anything was done.
                (429 | 503, _) => {
                    known.refused += 1;
                    thread::park_timeout(PAUSE);
                }
                (500, "outcome_unknown") => doubt(write, request_of(&answer), &mut known),
                (status, _) => {
                    signals.has_failed.store(true, Ordering::SeqCst);
                    return Err(format!("{} {}: {status} {}", write.method, write.target, answer.text()));
                }
            },
            Err(_) => doubt(write, None, &mut known),
        }
    }
    Ok(known)
}

fn request_of(answer: &Answer) -> Option<String> {
    answer.header("x-request-id").map(ToOwned::to_owned)
}

fn acknowledge(write: Write, answer: &Answer, known: &mut Testimony) -> Result<(), String> {
    let request_id = request_of(answer).ok_or("an answer without x-request-id")?;
    let id = answer.string("/id");
    if write.before.as_ref().is_some_and(|before| before.id != id) {
        return Err(format!("{} {} answers another row: {}", write.method, write.target, answer.text()));
    }
    match write.after {
        Some(stamp) => known.rows.insert(write.name, Row { id: id.clone(), stamp }),
        None => known.rows.remove(&write.name),
    };
    known.acknowledged.push(Acknowledged { request_id, action: write.action, id });
    Ok(())
}

fn doubt(write: Write, request_id: Option<String>, known: &mut Testimony) {
    known.rows.remove(&write.name);
    let Write { name, before, after, .. } = write;
    known.unknown.push(Unknown { name, before, after, request_id });
}

/// Chooses a write: mostly new rows while there are few, then all kinds.
fn next(number: usize, random: &mut Random, known: &Testimony) -> Write {
    let stamp = random.text(12);
    let names: Vec<&String> = known.rows.keys().collect();
    let row = random.pick(&names).and_then(|name| known.rows.get_key_value(*name));
    let (kind, collection) = (random.below(8), SECRETS.to_owned());
    let Some((name, row)) = row.filter(|_| kind > 2) else {
        let name = format!("w{number}-{}", random.text(16));
        let (method, body) = (if kind == 0 { "PUT" } else { "POST" }, body(Some(&name), &stamp));
        return Write {
            method,
            target: collection,
            body,
            action: "secret.create",
            name,
            before: None,
            after: Some(stamp),
        };
    };
    let by_id = format!("{SECRETS}/{}", row.id);
    let (method, target, body, action, after) = match kind {
        3 | 4 => ("PUT", collection, body(Some(name), &stamp), "secret.rotate", Some(stamp)),
        5 | 6 => ("PATCH", by_id, body(None, &stamp), "secret.rotate", Some(stamp)),
        _ => ("DELETE", collection, json!({ "name": name }), "secret.delete", None),
    };
    Write { method, target, body, action, name: name.clone(), before: Some(row.clone()), after }
}

fn body(name: Option<&str>, stamp: &str) -> Value {
    let mut body = json!({ "type": stamp, "metadata": { "stamp": stamp }, "secret": value_of(stamp) });
    if let (Some(name), Some(fields)) = (name, body.as_object_mut()) {
        fields.insert("name".to_owned(), name.into());
    }
    body
}
