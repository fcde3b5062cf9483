//! A worker: one write after the other on its own rows, over both wires, until the server is gone or it is over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

use serde_json::{Value, json};

use super::model::{Acknowledged, Row, Testimony, Wire, Write};
use crate::{Answer, Client, Random};

const ORG: &str = "/v1/ai_secret";
const PROJECT: &str = "/v1/deployments/secrets";
/// How many rows a worker has at most, so that a look at all of them stays cheap.
const ROWS: usize = 40;

/// The value of a stamp: the preview shows its last 4 characters, which are the stamp's.
pub(super) fn value_of(stamp: &str) -> String {
    format!("sk-the-value-that-belongs-to-{stamp}")
}

/// Writes until no answer comes or it is over. Tells `done` of each acknowledged write.
///
/// # Errors
/// In words, when a write is refused that must be done.
pub(super) fn work(
    mut client: Client,
    number: usize,
    mut random: Random,
    mut known: Testimony,
    is_over: &AtomicBool,
    done: &Sender<()>,
) -> Result<Testimony, String> {
    known.in_flight = None;
    while !is_over.load(Ordering::SeqCst) {
        let (request, write) = next(number, &mut random, &known);
        let Ok(answer) = client.send_once(request.method, &request.target, request.body.as_deref()) else {
            known.in_flight = Some(write);
            return Ok(known);
        };
        match answer.status {
            200 => {
                let acknowledged = acknowledged(&answer, write)?;
                acknowledged.write.apply(&acknowledged.id, &mut known.rows);
                known.acknowledged.push(acknowledged);
                // Nobody counts any more once the server is killed.
                let _uncounted = done.send(());
            }
            // Refused before anything was done: the load is too high for its limits.
            429 | 503 => {}
            status => return Err(format!("{} {}: {status} {}", request.method, request.target, answer.text())),
        }
    }
    Ok(known)
}

fn acknowledged(answer: &Answer, write: Write) -> Result<Acknowledged, String> {
    let request_id = answer.header("x-request-id").ok_or("an answer without x-request-id")?.to_owned();
    let id = write.id.clone().unwrap_or_else(|| answer.string("/id"));
    Ok(Acknowledged { request_id, id, write })
}

struct Request {
    method: &'static str,
    target: String,
    body: Option<Vec<u8>>,
}

impl Request {
    fn new(method: &'static str, target: impl Into<String>, body: Option<Value>) -> Self {
        Self { method, target: target.into(), body: body.map(|body| body.to_string().into_bytes()) }
    }
}

/// Chooses a write: mostly new rows while there are few, then all kinds.
fn next(number: usize, random: &mut Random, known: &Testimony) -> (Request, Write) {
    let ids: Vec<&String> = known.rows.keys().collect();
    let row = random.pick(&ids).and_then(|id| known.rows.get_key_value(*id));
    let row = row.map(|(id, row)| (id.clone(), row.clone()));
    let is_full = known.rows.len() >= ROWS;
    match (random.below(10), row) {
        (0..=3, Some((id, row))) if is_full => delete(random, id, &row),
        (0..=3, _) | (_, None) => create(number, random),
        (4 | 5, Some((id, row))) => replace(random, id, row),
        (6, Some((id, row))) => patch(random, id, row),
        (7, Some((id, row))) => rename(number, random, id, row),
        (_, Some((id, row))) => delete(random, id, &row),
    }
}

fn create(number: usize, random: &mut Random) -> (Request, Write) {
    let wire = if random.below(2) == 0 { Wire::Braintrust } else { Wire::Together };
    let row = Row { wire, name: fresh_name(number, random), stamp: random.text(12) };
    let request = match row.wire {
        // Both create a new name.
        Wire::Braintrust if random.below(4) == 0 => Request::new("PUT", ORG, Some(org_body(&row))),
        Wire::Braintrust => Request::new("POST", ORG, Some(org_body(&row))),
        Wire::Together => Request::new("POST", PROJECT, Some(project_body(&row))),
    };
    (request, Write { action: "secret.create", id: None, after: Some(row) })
}

fn replace(random: &mut Random, id: String, row: Row) -> (Request, Write) {
    let row = Row { stamp: random.text(12), ..row };
    let request = match row.wire {
        Wire::Braintrust => Request::new("PUT", ORG, Some(org_body(&row))),
        Wire::Together => Request::new("PATCH", format!("{PROJECT}/{}", row.name), Some(project_body(&row))),
    };
    (request, Write { action: "secret.rotate", id: Some(id), after: Some(row) })
}

fn patch(random: &mut Random, id: String, row: Row) -> (Request, Write) {
    let row = Row { stamp: random.text(12), ..row };
    let request = match row.wire {
        Wire::Braintrust => Request::new("PATCH", format!("{ORG}/{id}"), Some(org_body(&row))),
        Wire::Together => Request::new("PATCH", format!("{PROJECT}/{id}"), Some(project_body(&row))),
    };
    (request, Write { action: "secret.rotate", id: Some(id), after: Some(row) })
}

fn rename(number: usize, random: &mut Random, id: String, row: Row) -> (Request, Write) {
    let row = Row { name: fresh_name(number, random), ..row };
    let collection = if row.wire == Wire::Braintrust { ORG } else { PROJECT };
    let request = Request::new("PATCH", format!("{collection}/{id}"), Some(json!({ "name": row.name })));
    (request, Write { action: "secret.update", id: Some(id), after: Some(row) })
}

fn delete(random: &mut Random, id: String, row: &Row) -> (Request, Write) {
    let request = match row.wire {
        Wire::Braintrust if random.below(2) == 0 => {
            Request::new("DELETE", ORG, Some(json!({ "name": row.name })))
        }
        Wire::Braintrust => Request::new("DELETE", format!("{ORG}/{id}"), None),
        Wire::Together => Request::new("DELETE", format!("{PROJECT}/{id}"), None),
    };
    (request, Write { action: "secret.delete", id: Some(id), after: None })
}

fn fresh_name(number: usize, random: &mut Random) -> String {
    format!("w{number}-{}", random.text(16))
}

fn org_body(row: &Row) -> Value {
    json!({ "name": row.name, "type": row.stamp, "metadata": { "stamp": row.stamp }, "secret": value_of(&row.stamp) })
}

fn project_body(row: &Row) -> Value {
    json!({ "name": row.name, "description": row.stamp, "value": value_of(&row.stamp) })
}
