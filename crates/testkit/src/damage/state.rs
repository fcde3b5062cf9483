//! What is in a store, as a client sees it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{Answer, Client};

/// The lists that show everything, and the member of the answer that holds the rows.
pub(super) const LISTS: [(&str, &str); 7] = [
    (NATIVE, "objects"),
    ("/v1/ai_secret", "objects"),
    ("/v1/deployments/secrets", "data"),
    ("/keyholt/v1/orgs?limit=1000", "objects"),
    ("/keyholt/v1/projects?limit=1000", "objects"),
    ("/keyholt/v1/principals?limit=1000", "objects"),
    ("/keyholt/v1/api-keys?limit=1000", "objects"),
];
/// The one that shows what does not open too.
pub(super) const NATIVE: &str = "/keyholt/v1/secrets?limit=1000";

/// The rows of each list, in its order.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct State {
    /// By the list's target.
    pub(super) lists: BTreeMap<&'static str, Vec<Value>>,
}

/// What became of asking for everything.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What was answered with 200.
    pub(super) state: State,
    /// What was answered otherwise, or not to its end, in words.
    pub(super) errors: Vec<String>,
    /// The ids of secrets of which the audit log says that they do not open. Only there it is said of a project's.
    pub(super) reported: BTreeSet<String>,
}

impl Seen {
    /// The ids of secrets that are shown as not opening.
    pub(super) fn locked(&self) -> BTreeSet<String> {
        let native = self.state.lists.get(NATIVE);
        let shown = native.into_iter().flatten().filter(|row| is_locked(row)).map(id_of);
        shown.chain(self.reported.iter().cloned()).collect()
    }
}

/// Reads all lists.
pub(super) fn see(client: &mut Client) -> Seen {
    let mut seen = Seen::default();
    for (target, member) in LISTS {
        match client.send("GET", target, None) {
            Ok(answer) if answer.status == 200 => match rows(&answer, member) {
                Some(rows) => drop(seen.state.lists.insert(target, rows)),
                None => seen.errors.push(format!("GET {target}: 200 without {member}")),
            },
            Ok(answer) => seen.errors.push(format!("GET {target}: {}", answer.status)),
            Err(problem) => seen.errors.push(format!("GET {target}: {problem}")),
        }
    }
    let reported = client.send("GET", "/keyholt/v1/audit?action=secret.locked&limit=1000", None);
    let events = reported.ok().and_then(|answer| rows(&answer, "objects")).unwrap_or_default();
    let subject = |event: &Value| event.pointer("/subject/id").and_then(Value::as_str).map(ToOwned::to_owned);
    seen.reported = events.iter().filter_map(subject).collect();
    seen
}

fn rows(answer: &Answer, member: &str) -> Option<Vec<Value>> {
    let json = answer.json();
    Some(json.get(member)?.as_array()?.iter().cloned().map(without_use).collect())
}

/// When something was last used is written down behind, and is no part of what must be right.
fn without_use(mut row: Value) -> Value {
    if let Some(members) = row.as_object_mut() {
        members.retain(|name, _| !name.starts_with("last_used"));
    }
    row
}

/// Whether a row of the native list says that it does not open.
pub(super) fn is_locked(row: &Value) -> bool {
    row.get("locked") == Some(&Value::Bool(true))
}

/// The id of a row; empty when it has none.
pub(super) fn id_of(row: &Value) -> String {
    row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
}
