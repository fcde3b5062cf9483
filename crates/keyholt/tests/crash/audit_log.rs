//! The audit log against what the workers say: each acknowledged write has one event, each event a write.

use std::collections::HashMap;

use keyholt_testkit::Client;
use serde_json::Value;

use crate::model::Acknowledged;

/// Reads the log from its newest event to where it was read up to.
#[derive(Debug, Default)]
pub(crate) struct AuditLog {
    read_up_to: Option<String>,
}

impl AuditLog {
    /// Compares the events since the last time with the writes since then, of which `unanswered` were done
    /// without an answer.
    ///
    /// # Errors
    /// In words, when an event is missing, there twice, or about nothing that was done.
    pub(crate) fn compare(
        &mut self,
        client: &mut Client,
        acknowledged: &[Acknowledged],
        unanswered: usize,
    ) -> Result<(), String> {
        let events = self.news(client)?;
        let mut by_request: HashMap<&str, Vec<&Value>> = HashMap::new();
        for event in &events {
            by_request.entry(event["request_id"].as_str().unwrap_or_default()).or_default().push(event);
        }
        for write in acknowledged {
            let found = by_request.remove(write.request_id.as_str()).unwrap_or_default();
            let [event] = found.as_slice() else {
                return Err(format!("{write:?} has {} events: {found:?}", found.len()));
            };
            let is_it = event["action"] == write.action
                && event["subject"]["id"] == write.id.as_str()
                && event["outcome"] == "done";
            if !is_it {
                return Err(format!("{write:?} has the event {event}"));
            }
        }
        let others: Vec<&Value> = by_request.into_values().flatten().filter(|event| is_write(event)).collect();
        if others.len() == unanswered {
            return Ok(());
        }
        Err(format!("{unanswered} writes were done without an answer, but there are these events: {others:?}"))
    }

    fn news(&mut self, client: &mut Client) -> Result<Vec<Value>, String> {
        let mut news = Vec::new();
        let mut target = "/keyholt/v1/audit?limit=1000".to_owned();
        loop {
            let answer = client.send("GET", &target, None).map_err(|error| error.to_string())?;
            let json = answer.json();
            let page = json["objects"].as_array().ok_or_else(|| format!("GET {target}: {}", answer.text()))?;
            for event in page {
                if event["id"].as_str() == self.read_up_to.as_deref() {
                    self.remember(&news);
                    return Ok(news);
                }
                news.push(event.clone());
            }
            let Some(last) = page.last() else {
                self.remember(&news);
                return Ok(news);
            };
            target = format!(
                "/keyholt/v1/audit?limit=1000&starting_after={}",
                last["id"].as_str().unwrap_or_default()
            );
        }
    }

    fn remember(&mut self, news: &[Value]) {
        let newest = news.first().and_then(|event| event["id"].as_str());
        self.read_up_to = newest.map(ToOwned::to_owned).or(self.read_up_to.take());
    }
}

fn is_write(event: &Value) -> bool {
    event["action"].as_str().is_some_and(|action| action.starts_with("secret."))
}
