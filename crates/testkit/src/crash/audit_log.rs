//! The audit log against what the workers say: each acknowledged write has one event, each event a write.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::{Acknowledged, Unanswered};
use super::survey::{list, text};
use crate::Client;

/// The events of writes. What is given out has events too, which are not compared.
const WRITES: [&str; 4] = ["secret.create", "secret.update", "secret.rotate", "secret.delete"];

/// Reads the log from its newest event to where it was read up to.
#[derive(Debug, Default)]
pub struct AuditLog {
    read_up_to: Option<String>,
}

impl AuditLog {
    /// The ids of the requests that wrote, since the last time.
    ///
    /// # Errors
    /// In words, when the log cannot be read.
    pub fn requests(&mut self, client: &mut Client) -> Result<Vec<String>, String> {
        let news = self.news(client)?;
        Ok(news.iter().filter(|event| is_write(event)).map(|event| text(event, "request_id")).collect())
    }

    /// Compares the events since the last time with the writes since then, of which `unanswered` were done
    /// without an answer.
    ///
    /// # Errors
    /// In words, when an event is missing, there twice, or about nothing that was done.
    pub(super) fn compare(
        &mut self,
        client: &mut Client,
        acknowledged: &[Acknowledged],
        unanswered: Vec<Unanswered>,
    ) -> Result<(), String> {
        compare(self.news(client)?, acknowledged, unanswered)
    }

    /// All events since the last time, newest first.
    ///
    /// # Errors
    /// In words, when the log cannot be read.
    pub fn news(&mut self, client: &mut Client) -> Result<Vec<Value>, String> {
        let mut news = Vec::new();
        let mut target = "/keyholt/v1/audit?limit=1000".to_owned();
        loop {
            let page = list(client, "GET", &target, None, "objects")?;
            let last = page.last().map(|event| text(event, "id"));
            for event in page {
                if Some(text(&event, "id")) == self.read_up_to {
                    self.remember(&news);
                    return Ok(news);
                }
                news.push(event);
            }
            let Some(last) = last else {
                self.remember(&news);
                return Ok(news);
            };
            target = format!("/keyholt/v1/audit?limit=1000&starting_after={last}");
        }
    }

    fn remember(&mut self, news: &[Value]) {
        let newest = news.first().map(|event| text(event, "id"));
        self.read_up_to = newest.or(self.read_up_to.take());
    }
}

fn compare(
    events: Vec<Value>,
    acknowledged: &[Acknowledged],
    mut unanswered: Vec<Unanswered>,
) -> Result<(), String> {
    let mut by_request: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for event in events.into_iter().filter(is_write) {
        by_request.entry(text(&event, "request_id")).or_default().push(event);
    }
    for Acknowledged { request_id, id, write } in acknowledged {
        let found = by_request.remove(request_id).unwrap_or_default();
        let [event] = found.as_slice() else {
            return Err(format!("{write:?} of {id} has {} events: {found:?}", found.len()));
        };
        if what(event) != (write.action.to_owned(), id.clone()) || text(event, "outcome") != "done" {
            return Err(format!("{write:?} of {id} has the event {event}"));
        }
    }
    for event in by_request.into_values().flatten() {
        let (action, id) = what(&event);
        let place = unanswered.iter().position(|(one, row)| *one == action && *row == id);
        unanswered.remove(place.ok_or_else(|| format!("an event of what was not done: {event}"))?);
    }
    if unanswered.is_empty() { Ok(()) } else { Err(format!("done, but without an event: {unanswered:?}")) }
}

fn is_write(event: &Value) -> bool {
    WRITES.contains(&text(event, "action").as_str())
}

/// The action, and the id of the row that it was done to.
fn what(event: &Value) -> (String, String) {
    let id = event.pointer("/subject/id").and_then(Value::as_str).unwrap_or_default();
    (text(event, "action"), id.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::model::Write;
    use super::*;

    fn event(request: &str, id: &str) -> Value {
        json!({ "request_id": request, "action": "secret.delete", "subject": { "id": id }, "outcome": "done" })
    }

    #[test]
    fn a_missing_a_doubled_and_an_invented_event_are_told() {
        let write = Write { action: "secret.delete", id: Some("a".to_owned()), after: None };
        let acknowledged = [Acknowledged { request_id: "1".to_owned(), id: "a".to_owned(), write }];
        let unanswered = || vec![("secret.delete", "b".to_owned())];
        let check = |events: &[(&str, &str)], unanswered| {
            compare(events.iter().map(|(request, id)| event(request, id)).collect(), &acknowledged, unanswered)
        };
        assert_eq!(check(&[("1", "a")], Vec::new()), Ok(()));
        assert_eq!(check(&[("1", "a"), ("2", "b")], unanswered()), Ok(()));
        assert!(check(&[], Vec::new()).is_err(), "missing");
        assert!(check(&[("1", "a"), ("1", "a")], Vec::new()).is_err(), "doubled");
        assert!(check(&[("1", "b")], Vec::new()).is_err(), "of another row");
        assert!(check(&[("1", "a"), ("2", "b")], Vec::new()).is_err(), "invented");
        assert!(check(&[("1", "a")], unanswered()).is_err(), "done without an event");
    }
}
