//! A page of a list: ids between two others, from one of its ends.

use crate::param::Param;

/// Which rows of a list in the order of their ids, and from which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange<Id> {
    /// Only ids above this one.
    pub above: Option<Id>,
    /// Only ids below this one.
    pub below: Option<Id>,
    /// Whether the lowest ids come first; else the highest.
    pub ascending: bool,
}

impl<Id> Default for IdRange<Id> {
    fn default() -> Self {
        Self { above: None, below: None, ascending: false }
    }
}

impl<Id: Copy> IdRange<Id> {
    /// The two bounds as parameters, exclusive; an absent one is below or above every id.
    pub(super) fn bounds(self, bytes: impl Fn(&Id) -> &[u8; 16]) -> [Param; 2] {
        let bound = |id: Option<Id>, absent: Vec<u8>| Param::Blob(id.map_or(absent, |id| bytes(&id).to_vec()));
        [bound(self.above, Vec::new()), bound(self.below, vec![0xff; 17])]
    }
}

/// The text of a list in either order: `$before` up to `ORDER BY`, the id's column, and what follows.
macro_rules! ordered {
    ($range:expr, $before:expr, $id:literal, $after:literal) => {
        if $range.ascending {
            concat!($before, " ORDER BY ", $id, " ASC ", $after)
        } else {
            concat!($before, " ORDER BY ", $id, " DESC ", $after)
        }
    };
}
pub(super) use ordered;
