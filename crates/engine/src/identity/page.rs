//! Pages of lists, read from the store a batch at a time.

use keyholt_store::IdRange;

use crate::IdentityFilter;

/// How many rows are read at a time.
pub(super) const BATCH: u32 = 500;

/// A list on its way: says which rows to read next, and keeps those that are wanted, as far as the limit goes.
pub(super) struct Gathering<'a, Row, Id> {
    filter: &'a IdentityFilter<Id>,
    limit: usize,
    next: Option<IdRange<Id>>,
    found: Vec<Row>,
}

impl<'a, Row, Id: Copy + Ord> Gathering<'a, Row, Id> {
    pub(super) fn of(filter: &'a IdentityFilter<Id>) -> Self {
        let limit = usize::try_from(filter.limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        // Those next to `ending_before` are wanted when it alone bounds a list that has a limit.
        let ascending =
            filter.ending_before.is_some() && filter.starting_after.is_none() && filter.limit.is_some();
        let range = IdRange { above: filter.ending_before, below: filter.starting_after, ascending };
        Self { filter, limit, next: (limit > 0).then_some(range), found: Vec::new() }
    }

    /// Which rows to read next, at most [`BATCH`]; none at the end.
    pub(super) fn next(&self) -> Option<IdRange<Id>> {
        self.next
    }

    /// Takes the rows that were read.
    pub(super) fn take(&mut self, rows: Vec<Row>, id_of: fn(&Row) -> Id, is_wanted: impl Fn(&Row) -> bool) {
        let Some(mut range) = self.next.take() else { return };
        let last = rows.last().map(id_of).filter(|_| rows.len() >= BATCH as usize);
        let is_among = |row: &Row| self.filter.ids.as_ref().is_none_or(|ids| ids.contains(&id_of(row)));
        self.found.extend(rows.into_iter().filter(|row| is_among(row) && is_wanted(row)));
        if last.is_none() || self.found.len() >= self.limit {
            return;
        }
        if range.ascending {
            range.above = last;
        } else {
            range.below = last;
        }
        self.next = Some(range);
    }

    /// The list, of several organisations joined into one; what is in several of them is there once.
    pub(super) fn join(
        lists: impl IntoIterator<Item = Self>,
        filter: &IdentityFilter<Id>,
        id_of: fn(&Row) -> Id,
    ) -> Vec<Row> {
        let mut all: Vec<Row> = lists.into_iter().flat_map(|list| list.found).collect();
        all.sort_by_key(|row| std::cmp::Reverse(id_of(row)));
        all.dedup_by_key(|row| id_of(row));
        let limit = usize::try_from(filter.limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        if filter.ending_before.is_some() && filter.starting_after.is_none() {
            // The rows nearest to the cursor are the last ones.
            all.drain(..all.len().saturating_sub(limit));
        } else {
            all.truncate(limit);
        }
        all
    }
}
