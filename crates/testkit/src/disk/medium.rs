//! One file: what the system shows of it, what is on the platter, and the changes between the two.

use super::fate::Fate;
use crate::Random;

/// A disk writes such a sector whole or not at all; it may also be damaged by a cut while it is written.
const SECTOR: usize = 512;

/// A change that is not synced.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { to: usize },
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => put(content, *at, bytes),
            // It never makes a file longer.
            Self::Truncate { to } => content.truncate(*to),
        }
    }
}

/// A hole that a write leaves behind the end reads as zeros.
fn put(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if content.len() < at {
        // Not `resize`, which without optimisation is slow.
        content.append(&mut vec![0; at - content.len()]);
    }
    let (over, beyond) = bytes.split_at(bytes.len().min(content.len() - at));
    if let Some(place) = content.get_mut(at..at + over.len()) {
        place.copy_from_slice(over);
    }
    content.extend_from_slice(beyond);
}

/// The content of a file.
#[derive(Clone, Default, Debug)]
pub(super) struct Medium {
    seen: Vec<u8>,
    platter: Vec<u8>,
    unsynced: Vec<Change>,
}

impl Medium {
    /// A file of which all is on the platter.
    pub(super) fn on_platter(content: Vec<u8>) -> Self {
        Self { seen: content.clone(), platter: content, unsynced: Vec::new() }
    }

    pub(super) fn length(&self) -> usize {
        self.seen.len()
    }

    /// Copies what is there from this place on, and tells how many bytes that were.
    pub(super) fn read(&self, at: usize, into: &mut [u8]) -> usize {
        let there = self.seen.get(at..).unwrap_or_default();
        let length = there.len().min(into.len());
        if let (Some(from), Some(into)) = (there.get(..length), into.get_mut(..length)) {
            into.copy_from_slice(from);
        }
        length
    }

    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        self.change(Change::Write { at, bytes: bytes.to_vec() });
    }

    /// A write that fails may have got some of its bytes to the system before.
    pub(super) fn write_some(&mut self, at: usize, bytes: &[u8], random: &mut Random) {
        let length = usize::try_from(random.below(bytes.len() as u64)).unwrap_or_default();
        if let Some(some) = bytes.get(..length).filter(|some| !some.is_empty()) {
            self.write(at, some);
        }
    }

    pub(super) fn truncate(&mut self, to: usize) {
        self.change(Change::Truncate { to });
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.unsynced.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.platter);
        }
    }

    /// A sync that fails: the system may have got some changes to the platter, and forgets that the others are not
    /// there. It goes on to show them, and a later sync passes over them ("fsyncgate", 2018).
    pub(super) fn fail_to_sync(&mut self, random: &mut Random) {
        for change in self.unsynced.drain(..) {
            if random.below(2) == 0 {
                change.apply(&mut self.platter);
            }
        }
    }

    /// What is found after the power was cut.
    pub(super) fn after_cut(mut self, fate: Fate, random: &mut Random) -> Vec<u8> {
        let count = self.unsynced.len();
        let prefix = usize::try_from(random.below(count as u64 + 1)).unwrap_or(count);
        for (number, change) in self.unsynced.iter().enumerate() {
            match fate {
                Fate::Lost => {}
                Fate::Kept => change.apply(&mut self.platter),
                Fate::Prefix if number < prefix => change.apply(&mut self.platter),
                Fate::Prefix if number == prefix => tear(change, &mut self.platter, random),
                Fate::Prefix => {}
                Fate::Mixed => match random.below(8) {
                    0..=2 => {}
                    3..=5 => change.apply(&mut self.platter),
                    _ => tear(change, &mut self.platter, random),
                },
            }
        }
        self.platter
    }
}

/// Of a write some sectors arrive, some do not, and some are damaged. Nothing outside of it is touched, which is what
/// SQLite relies on (`SQLITE_IOCAP_POWERSAFE_OVERWRITE`).
fn tear(change: &Change, platter: &mut Vec<u8>, random: &mut Random) {
    let Change::Write { at, bytes } = change else {
        // The length of a file is in one sector.
        if random.below(2) == 0 {
            change.apply(platter);
        }
        return;
    };
    let mut at = *at;
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let (sector, after) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
        match random.below(8) {
            0..=2 => {}
            3..=6 => put(platter, at, sector),
            _ => {
                let noise: Vec<u8> =
                    sector.iter().map(|byte| byte ^ random.next_u64().to_le_bytes()[0]).collect();
                put(platter, at, &noise);
            }
        }
        at += sector.len();
        rest = after;
    }
}
