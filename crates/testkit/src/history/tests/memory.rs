//! A store in memory with one thing after the other, apart from the one that the check knows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::history::{Load, Operation, Outcome, Row, Sent, Store};

/// A short load of some cells.
pub(super) fn load(seed: u64) -> Load {
    let time = Duration::from_secs(60);
    Load { prefix: "n".to_owned(), cells: 3, clients: 4, names: 3, operations: 3_000, time, seed }
}

/// Records by name, and how many were made.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Mutex<(BTreeMap<String, Row>, u64)>>);

impl Memory {
    /// A client that loses one answer in so many, every other one before anything is done; none in 0.
    pub(super) fn client(&self, one_in: usize) -> MemoryClient {
        MemoryClient { memory: self.clone(), one_in, asked: 0 }
    }
}

pub(super) struct MemoryClient {
    memory: Memory,
    one_in: usize,
    asked: usize,
}

impl Store for MemoryClient {
    fn send(&mut self, operation: &Operation) -> Result<Sent, String> {
        self.asked += 1;
        let is_lost = self.one_in > 0 && self.asked.is_multiple_of(self.one_in);
        if is_lost && self.asked.is_multiple_of(2 * self.one_in) {
            return Ok(Sent::Lost);
        }
        // Others come between the invocation, the effect and the answer.
        thread::yield_now();
        let outcome = perform(&mut self.memory.0.lock().unwrap(), operation);
        thread::yield_now();
        Ok(if is_lost { Sent::Lost } else { Sent::Answered(outcome) })
    }
}

fn perform((rows, made): &mut (BTreeMap<String, Row>, u64), operation: &Operation) -> Outcome {
    let by_id = |rows: &BTreeMap<String, Row>, id: &str| rows.values().find(|row| row.id == id).cloned();
    let answer = |row: Option<Row>| row.map_or(Outcome::Absent, |row| Outcome::Row { row, found: false });
    match operation {
        Operation::Create { name, content } | Operation::Put { name, content } => {
            if let Some(row) = rows.get_mut(name) {
                if matches!(operation, Operation::Put { .. }) {
                    let value = content.value.clone().or(row.content.value.take());
                    row.content = content.clone();
                    row.content.value = value;
                }
                return Outcome::Row { row: row.clone(), found: true };
            }
            *made += 1;
            let row = Row { id: format!("{made:08}-id"), name: name.clone(), content: content.clone() };
            rows.insert(name.clone(), row.clone());
            answer(Some(row))
        }
        Operation::Patch { id, patch } => {
            let Some(mut row) = by_id(rows, id) else { return Outcome::Absent };
            let new = patch.name.clone().unwrap_or_else(|| row.name.clone());
            if new != row.name && rows.contains_key(&new) {
                return Outcome::Taken;
            }
            rows.remove(&row.name);
            row.name = new;
            row.content = row.content.merged(&patch.content);
            rows.insert(row.name.clone(), row.clone());
            answer(Some(row))
        }
        Operation::Delete { id } => answer(by_id(rows, id).and_then(|row| rows.remove(&row.name))),
        Operation::DeleteName { name } => answer(rows.remove(name)),
        Operation::Get { id } => answer(by_id(rows, id)),
    }
}
