//! Which file has which name: durable only after the folder was synced.

use std::collections::BTreeMap;

use super::fate::Fate;
use crate::Random;

/// A file, whatever its names.
pub(super) type FileId = u64;

/// The entries of the one folder.
#[derive(Clone, Default, Debug)]
pub(super) struct Names {
    seen: BTreeMap<Box<str>, FileId>,
    platter: BTreeMap<Box<str>, FileId>,
    unsynced: Vec<(Box<str>, Option<FileId>)>,
}

impl Names {
    pub(super) fn on_platter(entries: BTreeMap<Box<str>, FileId>) -> Self {
        Self { seen: entries.clone(), platter: entries, unsynced: Vec::new() }
    }

    pub(super) fn find(&self, name: &str) -> Option<FileId> {
        self.seen.get(name).copied()
    }

    /// Gives a name to a file, or takes it away.
    pub(super) fn set(&mut self, name: &str, file: Option<FileId>) {
        apply(&mut self.seen, name, file);
        self.unsynced.push((name.into(), file));
    }

    pub(super) fn sync(&mut self) {
        for (name, file) in self.unsynced.drain(..) {
            apply(&mut self.platter, &name, file);
        }
    }

    /// What is found after the power was cut. File systems keep a journal of their folders, so that what was done to
    /// them is done up to some point, and undone from there.
    pub(super) fn after_cut(mut self, fate: Fate, random: &mut Random) -> BTreeMap<Box<str>, FileId> {
        let count = self.unsynced.len();
        let kept = match fate {
            Fate::Lost => 0,
            Fate::Kept => count,
            Fate::Prefix | Fate::Mixed => usize::try_from(random.below(count as u64 + 1)).unwrap_or(count),
        };
        for (name, file) in self.unsynced.iter().take(kept) {
            apply(&mut self.platter, name, *file);
        }
        self.platter
    }
}

fn apply(entries: &mut BTreeMap<Box<str>, FileId>, name: &str, file: Option<FileId>) {
    match file {
        Some(file) => entries.insert(name.into(), file),
        None => entries.remove(name),
    };
}
