//! What a store that does one thing after the other holds and answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::call::{Content, Operation, Outcome, Row};

/// The records of a cell by their names. A copy of it is cheap: a check makes many.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct State {
    records: BTreeMap<Arc<str>, Record>,
    /// The ids of records that were made by a call without an answer, as far as they have been seen since.
    late: Arc<BTreeSet<String>>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Record {
    id: Id,
    content: Arc<Content>,
}

/// The id of a record is the store's choice: it is known from the first answer that shows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Id {
    /// Not seen yet, of the record that the call of this number made.
    Unseen(usize),
    Seen(Arc<str>),
}

/// What an operation does to a state.
enum Effect {
    /// It answers this record, under this name, and leaves all as it is.
    Shows(Arc<str>, Record),
    /// It makes or changes the record, from the first name if there is one to the second.
    Writes { from: Option<Arc<str>>, name: Arc<str>, record: Record, found: bool },
    /// It deletes the record of this name.
    Deletes(Arc<str>, Record),
    /// There is no such record.
    Absent,
    /// The new name is another's.
    Taken,
}

impl State {
    /// The state after the call of this number, when this state answers so. Without an answer, none also when the
    /// call changes nothing: whether it took effect is all the same then.
    ///
    /// `created` holds the ids of all records that a call of this history was answered to have made.
    pub(super) fn after(
        &self,
        number: usize,
        operation: &Operation,
        answer: Option<&Outcome>,
        created: &BTreeSet<String>,
    ) -> Option<Self> {
        let effect = self.effect(number, operation);
        let Some(answer) = answer else {
            let after = self.with(&effect);
            return (after != *self).then_some(after);
        };
        let (row, found) = match (answer, &effect) {
            (Outcome::Absent, Effect::Absent) | (Outcome::Taken, Effect::Taken) => return Some(self.clone()),
            (Outcome::Absent | Outcome::Taken, _) => return None,
            (Outcome::Row { row, found }, _) => (row, *found),
        };
        let (name, record) = effect.record()?;
        if *row.name != **name || row.content != *record.content || found != effect.found(operation) {
            return None;
        }
        self.with(&effect).identified(&record.id, number, row, created)
    }

    /// This state when a record has the id in this row. One that was not seen yet has it from now on, unless it is
    /// another's: no id is given twice.
    fn identified(mut self, id: &Id, number: usize, row: &Row, created: &BTreeSet<String>) -> Option<Self> {
        let maker = match id {
            Id::Seen(id) => return (**id == *row.id).then_some(self),
            Id::Unseen(maker) => *maker,
        };
        if maker != number
            && (created.contains(&row.id) || !Arc::make_mut(&mut self.late).insert(row.id.clone()))
        {
            return None;
        }
        for record in self.records.values_mut().filter(|record| record.id == Id::Unseen(maker)) {
            record.id = Id::Seen(row.id.as_str().into());
        }
        Some(self)
    }

    fn with(&self, effect: &Effect) -> Self {
        let mut after = self.clone();
        match effect {
            Effect::Writes { from, name, record, .. } => {
                if let Some(from) = from {
                    after.records.remove(from);
                }
                after.records.insert(Arc::clone(name), record.clone());
            }
            Effect::Deletes(name, _) => drop(after.records.remove(name)),
            Effect::Shows(..) | Effect::Absent | Effect::Taken => {}
        }
        after
    }

    fn effect(&self, number: usize, operation: &Operation) -> Effect {
        match operation {
            Operation::Create { name, content } => match self.of_name(name) {
                Some((name, record)) => Effect::Shows(name, record),
                None => make(number, name, content),
            },
            Operation::Put { name, content } => match self.of_name(name) {
                Some((name, record)) => {
                    let content = Arc::new(record.content.replaced(content));
                    Effect::Writes { from: None, name, record: Record { content, ..record }, found: true }
                }
                None => make(number, name, content),
            },
            Operation::Patch { id, patch } => {
                let Some((from, record)) = self.of_id(id) else { return Effect::Absent };
                let name = patch.name.as_deref().map_or_else(|| Arc::clone(&from), Arc::from);
                if name != from && self.records.contains_key(&name) {
                    return Effect::Taken;
                }
                let content = Arc::new(record.content.merged(&patch.content));
                Effect::Writes { from: Some(from), name, record: Record { content, ..record }, found: false }
            }
            Operation::Delete { id } => {
                self.of_id(id).map_or(Effect::Absent, |(name, record)| Effect::Deletes(name, record))
            }
            Operation::DeleteName { name } => {
                self.of_name(name).map_or(Effect::Absent, |(name, record)| Effect::Deletes(name, record))
            }
            Operation::Get { id } => {
                self.of_id(id).map_or(Effect::Absent, |(name, record)| Effect::Shows(name, record))
            }
        }
    }

    fn of_name(&self, name: &str) -> Option<(Arc<str>, Record)> {
        self.records.get_key_value(name).map(|(name, record)| (Arc::clone(name), record.clone()))
    }

    fn of_id(&self, id: &str) -> Option<(Arc<str>, Record)> {
        let is_it = |record: &Record| matches!(&record.id, Id::Seen(seen) if **seen == *id);
        let found = self.records.iter().find(|(_, record)| is_it(record));
        found.map(|(name, record)| (Arc::clone(name), record.clone()))
    }
}

impl Effect {
    /// The record that is answered, and its name.
    const fn record(&self) -> Option<(&Arc<str>, &Record)> {
        match self {
            Self::Shows(name, record) | Self::Writes { name, record, .. } | Self::Deletes(name, record) => {
                Some((name, record))
            }
            Self::Absent | Self::Taken => None,
        }
    }

    /// Whether the answer says that a record of the name was there already.
    const fn found(&self, operation: &Operation) -> bool {
        match self {
            Self::Writes { found, .. } => *found,
            Self::Shows(..) => matches!(operation, Operation::Create { .. }),
            Self::Deletes(..) | Self::Absent | Self::Taken => false,
        }
    }
}

fn make(number: usize, name: &str, content: &Content) -> Effect {
    let record = Record { id: Id::Unseen(number), content: Arc::new(content.clone()) };
    Effect::Writes { from: None, name: name.into(), record, found: false }
}
