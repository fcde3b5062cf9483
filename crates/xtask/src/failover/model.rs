//! What one worker knows of the rows that only it touches.

use std::collections::BTreeMap;

/// A row: each write puts its own stamp into every field, so that a row of two writes shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    /// Its id.
    pub(super) id: String,
    /// Its stamp.
    pub(super) stamp: String,
}

/// Rows by name.
pub(super) type Rows = BTreeMap<String, Row>;

/// A write that was answered with 200.
#[derive(Debug)]
pub(super) struct Acknowledged {
    /// The request's id, which its audit event has.
    pub(super) request_id: String,
    /// The word of its audit event.
    pub(super) action: &'static str,
    /// The row's id.
    pub(super) id: String,
}

/// A write of which it is not known whether it was done. Its row is left alone until that is.
#[derive(Debug)]
pub(super) struct Unknown {
    /// The row's name.
    pub(super) name: String,
    /// The row before.
    pub(super) before: Option<Row>,
    /// The stamp that it has when it was done; none when it is deleted.
    pub(super) after: Option<String>,
    /// The request's id; none when nothing was answered at all.
    pub(super) request_id: Option<String>,
}

/// What a worker has to say.
#[derive(Debug, Default)]
pub(super) struct Testimony {
    /// The rows as they are by all answers it got.
    pub(super) rows: Rows,
    /// What was answered since the last survey.
    pub(super) acknowledged: Vec<Acknowledged>,
    /// What was not, since then.
    pub(super) unknown: Vec<Unknown>,
    /// How often a write was refused for now, since then.
    pub(super) refused: usize,
}

/// What became of the writes that were not answered, by their requests.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Those that were done.
    pub(super) done: Vec<Option<String>>,
    /// Those that were not.
    pub(super) undone: Vec<Option<String>>,
}

impl Testimony {
    /// Compares with what is there now; from then on that is what is known.
    ///
    /// # Errors
    /// In words, when a row is neither as answered nor as by a write whose outcome is unknown.
    pub(super) fn settle(&mut self, there: Rows) -> Result<Settled, String> {
        let mut settled = Settled::default();
        let mut expected = std::mem::take(&mut self.rows);
        for write in self.unknown.drain(..) {
            let found = there.get(&write.name);
            let is_done = found.map(|row| &row.stamp) == write.after.as_ref();
            let is_same = |before: &Row| found.is_none_or(|row| row.id == before.id);
            if is_done && write.before.as_ref().is_none_or(is_same) {
                settled.done.push(write.request_id);
            } else if found == write.before.as_ref() {
                settled.undone.push(write.request_id);
            } else {
                return Err(format!("neither before nor after it: {write:?}, there is {found:?}"));
            }
            if let Some(row) = found {
                expected.insert(write.name, row.clone());
            }
        }
        if there == expected {
            self.rows = there;
            return Ok(settled);
        }
        let lost: Vec<_> = expected.iter().filter(|(name, row)| there.get(*name) != Some(row)).collect();
        let strange: Vec<_> = there.iter().filter(|(name, row)| expected.get(*name) != Some(row)).collect();
        Err(format!("acknowledged but not there: {lost:?}\nthere but not acknowledged: {strange:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(stamp: &str) -> Row {
        Row { id: "1".to_owned(), stamp: stamp.to_owned() }
    }

    fn rows(all: &[(&str, &str)]) -> Rows {
        all.iter().map(|(name, stamp)| ((*name).to_owned(), row(stamp))).collect()
    }

    #[test]
    fn a_lost_a_changed_and_a_resurrected_row_are_told() {
        let known = || Testimony { rows: rows(&[("a", "1"), ("b", "1")]), ..Testimony::default() };
        assert!(known().settle(rows(&[("a", "1"), ("b", "1")])).is_ok());
        for there in
            [rows(&[("a", "1")]), rows(&[("a", "1"), ("b", "2")]), rows(&[("a", "1"), ("b", "1"), ("c", "1")])]
        {
            assert!(known().settle(there).is_err());
        }
    }

    #[test]
    fn a_write_of_which_nothing_is_known_is_done_or_not() {
        let write = |before: Option<&str>, after: Option<&str>| Testimony {
            unknown: vec![Unknown {
                name: "a".to_owned(),
                before: before.map(row),
                after: after.map(str::to_owned),
                request_id: Some("r".to_owned()),
            }],
            ..Testimony::default()
        };
        let settle = |before, after, there: &[(&str, &str)]| {
            let settled = write(before, after).settle(rows(there)).ok()?;
            Some((settled.done.len(), settled.undone.len()))
        };
        assert_eq!(settle(Some("1"), Some("2"), &[("a", "2")]), Some((1, 0)));
        assert_eq!(settle(Some("1"), Some("2"), &[("a", "1")]), Some((0, 1)));
        assert_eq!(settle(Some("1"), Some("2"), &[("a", "3")]), None);
        assert_eq!(settle(Some("1"), Some("2"), &[]), None);
        assert_eq!(settle(Some("1"), None, &[]), Some((1, 0)));
        assert_eq!(settle(None, Some("1"), &[]), Some((0, 1)));
        assert_eq!(settle(None, Some("1"), &[("a", "1")]), Some((1, 0)));
    }
}
