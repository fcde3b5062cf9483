//! The audit log against what the workers say: each acknowledged write has one event, and so has each that turned out
//! to have been done.

use std::collections::BTreeMap;

use keyholt_testkit::{Client, crash};
use serde_json::Value;

use super::model::{Acknowledged, Settled};
use super::survey::text;

/// The log, read from its newest event to where it was read up to.
#[derive(Debug, Default)]
pub(super) struct AuditLog(crash::AuditLog);

impl AuditLog {
    /// Compares the events since the last time with the writes since then.
    ///
    /// # Errors
    /// In words, when an event is missing, there twice, or about nothing that was done.
    pub(super) fn compare(
        &mut self,
        client: &mut Client,
        acknowledged: &[Acknowledged],
        settled: &Settled,
    ) -> Result<(), String> {
        let events = self.0.news(client)?;
        let mut by_request: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for event in events.into_iter().filter(is_of_a_worker) {
            by_request.entry(text(&event, "request_id")).or_default().push(event);
        }
        for write in acknowledged {
            let found = by_request.remove(&write.request_id).unwrap_or_default();
            let [event] = found.as_slice() else {
                return Err(format!("{write:?} has {} events: {found:?}", found.len()));
            };
            let subject = event.pointer("/subject/id").and_then(Value::as_str);
            if text(event, "action") != write.action
                || subject != Some(&write.id)
                || text(event, "outcome") != "done"
            {
                return Err(format!("{write:?} has the event {event}"));
            }
        }
        // A write that was done without any answer has an event whose request nobody knows.
        let mut of_nobody = settled.done.iter().filter(|request| request.is_none()).count();
        for request in settled.done.iter().flatten() {
            if by_request.remove(request).map_or(0, |events| events.len()) != 1 {
                return Err(format!("a write that was done has no event, or several: request {request}"));
            }
        }
        for (request, events) in by_request {
            of_nobody = of_nobody
                .checked_sub(1)
                .ok_or_else(|| format!("an event about nothing that was done: {request} {events:?}"))?;
        }
        if of_nobody == 0 { Ok(()) } else { Err(format!("{of_nobody} writes that were done have no event")) }
    }
}

/// Whether it is a worker's write: probes have events too.
fn is_of_a_worker(event: &Value) -> bool {
    let subject = event.pointer("/subject/name").and_then(Value::as_str).unwrap_or_default();
    text(event, "action").starts_with("secret.")
        && text(event, "action") != "secret.reveal"
        && !subject.starts_with("probe")
}
