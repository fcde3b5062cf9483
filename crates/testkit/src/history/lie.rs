//! Clients that lie about what was done and answered: a check that believes them cannot fail.

use std::collections::BTreeMap;

use super::call::{Operation, Outcome};
use super::load::{Sent, Store};

/// What a store with a fault would do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lie {
    /// A change is acknowledged and lost.
    LostUpdate,
    /// A read answers what was there before.
    StaleRead,
    /// A deletion is acknowledged, and the record is there again.
    Resurrected,
    /// A record is made although there is one of its name.
    TwoCreators,
    /// A refused operation is done all the same.
    DoneThoughRefused,
}

impl Lie {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::LostUpdate, Self::StaleRead, Self::Resurrected, Self::TwoCreators, Self::DoneThoughRefused];
}

/// Tells the truth of a store but for one answer in so many of the kind that its lie is about.
#[derive(Debug)]
pub struct Liar<S> {
    store: S,
    lie: Lie,
    one_in: u64,
    asked: u64,
    before: BTreeMap<String, Outcome>,
}

impl<S: Store> Liar<S> {
    /// A client of this store that lies so, once in so many times.
    #[must_use]
    pub const fn new(store: S, lie: Lie, one_in: u64) -> Self {
        Self { store, lie, one_in, asked: 0, before: BTreeMap::new() }
    }

    fn is_time(&mut self) -> bool {
        self.asked += 1;
        self.asked.is_multiple_of(self.one_in)
    }

    /// The record as it is, in place of an operation on it.
    fn look(&mut self, id: &str) -> Result<Sent, String> {
        self.store.send(&Operation::Get { id: id.to_owned() })
    }
}

impl<S: Store> Store for Liar<S> {
    fn send(&mut self, operation: &Operation) -> Result<Sent, String> {
        match (self.lie, operation) {
            (Lie::LostUpdate, Operation::Patch { id, patch }) if patch.name.is_none() && self.is_time() => {
                let mut sent = self.look(id)?;
                if let Sent::Answered(Outcome::Row { row, .. }) = &mut sent {
                    row.content = row.content.merged(&patch.content);
                }
                Ok(sent)
            }
            (Lie::StaleRead, Operation::Get { id }) => {
                let sent = self.look(id)?;
                let Sent::Answered(now) = &sent else { return Ok(sent) };
                let before = self.before.insert(id.clone(), now.clone());
                let is_other = before.as_ref().is_some_and(|before| before != now);
                Ok(if is_other && self.is_time() { before.map_or(sent, Sent::Answered) } else { sent })
            }
            (Lie::Resurrected, Operation::Delete { id }) if self.is_time() => self.look(id),
            (Lie::TwoCreators, Operation::Create { .. }) => {
                let mut sent = self.store.send(operation)?;
                if let Sent::Answered(Outcome::Row { row, found: found @ true }) = &mut sent
                    && self.is_time()
                {
                    *found = false;
                    row.id = format!("ffffffff{}", row.id.get(8..).unwrap_or_default());
                }
                Ok(sent)
            }
            (Lie::DoneThoughRefused, Operation::Put { .. }) if self.is_time() => {
                self.store.send(operation).map(|_| Sent::Refused)
            }
            (
                Lie::LostUpdate | Lie::StaleRead | Lie::Resurrected | Lie::TwoCreators | Lie::DoneThoughRefused,
                _,
            ) => self.store.send(operation),
        }
    }
}
