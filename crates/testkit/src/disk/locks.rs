//! The locks of one file, and of its shared memory, among the connections of a process.

use std::collections::BTreeMap;

/// A connection's open file.
pub(super) type OwnerId = u64;

/// How firmly a connection holds a file, in SQLite's numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    Shared = 1,
    Reserved = 2,
    Pending = 3,
    Exclusive = 4,
}

/// Who holds a file how firmly (sqlite.org/lockingv3.html).
#[derive(Default, Debug)]
pub(super) struct FileLocks(BTreeMap<OwnerId, Level>);

impl FileLocks {
    /// Holds a file more firmly; false when others are in the way.
    pub(super) fn take(&mut self, owner: OwnerId, level: Level) -> bool {
        if self.0.get(&owner).is_some_and(|held| *held >= level) {
            return true;
        }
        let others = self.0.iter().filter(|(other, _)| **other != owner).map(|(_, level)| *level).max();
        let most = match level {
            Level::Shared => Some(Level::Reserved),
            Level::Reserved => Some(Level::Shared),
            Level::Pending | Level::Exclusive => None,
        };
        if level == Level::Exclusive && others.is_none_or(|others| others < Level::Pending) {
            // Nobody new comes in while those who read finish.
            self.0.insert(owner, Level::Pending);
        }
        let is_free = others <= most;
        if is_free {
            self.0.insert(owner, level);
        }
        is_free
    }

    /// Holds it no more firmly than that.
    pub(super) fn release_to(&mut self, owner: OwnerId, level: Option<Level>) {
        match level {
            Some(level) => {
                if let Some(held) = self.0.get_mut(&owner) {
                    *held = level.min(*held);
                }
            }
            None => {
                self.0.remove(&owner);
            }
        }
    }

    /// Whether somebody is about to write.
    pub(super) fn is_reserved(&self) -> bool {
        self.0.values().any(|level| *level >= Level::Reserved)
    }
}

/// The locks of a write-ahead log's index, one bit each.
#[derive(Default, Debug)]
pub(super) struct MemoryLocks(BTreeMap<OwnerId, Held>);

#[derive(Clone, Copy, Default, Debug)]
struct Held {
    shared: u32,
    exclusive: u32,
}

impl MemoryLocks {
    /// Takes locks; false when others are in the way.
    pub(super) fn take(&mut self, owner: OwnerId, bits: u32, is_exclusive: bool) -> bool {
        let others = self.0.iter().filter(|(other, _)| **other != owner).map(|(_, held)| held);
        let in_the_way =
            others.fold(0, |bits, held| bits | held.exclusive | if is_exclusive { held.shared } else { 0 });
        if in_the_way & bits != 0 {
            return false;
        }
        let held = self.0.entry(owner).or_default();
        if is_exclusive {
            held.exclusive |= bits;
        } else {
            held.shared |= bits;
        }
        true
    }

    pub(super) fn release(&mut self, owner: OwnerId, bits: u32) {
        if let Some(held) = self.0.get_mut(&owner) {
            held.shared &= !bits;
            held.exclusive &= !bits;
        }
    }

    pub(super) fn release_all(&mut self, owner: OwnerId) {
        self.0.remove(&owner);
    }
}
