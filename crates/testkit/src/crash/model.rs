//! What one worker knows to be true of the rows that only it touches.

use std::collections::BTreeMap;

/// Which of the two collections a row is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wire {
    /// The organisation's secrets, `/v1/ai_secret`.
    Braintrust,
    /// The project's secrets, `/v1/deployments/secrets`.
    Together,
}

/// A row: each full write puts its own stamp into every field, so that a row of two writes shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The collection.
    pub wire: Wire,
    /// The name.
    pub name: String,
    /// The stamp of the last full write; the value is made of it.
    pub stamp: String,
}

/// Rows by id.
pub type Rows = BTreeMap<String, Row>;

/// What a write does when it is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Write {
    /// The word of its audit event.
    pub action: &'static str,
    /// The id of the row it is about; none for a new one.
    pub id: Option<String>,
    /// The row as it is then; none when it is deleted.
    pub after: Option<Row>,
}

impl Write {
    /// Applies a write that was done to the row of this id.
    pub fn apply(&self, id: &str, rows: &mut Rows) {
        match &self.after {
            Some(row) => rows.insert(id.to_owned(), row.clone()),
            None => rows.remove(id),
        };
    }
}

/// A write that was answered with 200.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// The answer's `x-request-id`, which the audit event has too.
    pub request_id: String,
    /// The row's id.
    pub id: String,
    /// What was written.
    pub write: Write,
}

/// What a worker has to say.
#[derive(Debug, Default)]
pub struct Testimony {
    /// The rows as they are by all answers it got.
    pub rows: Rows,
    /// The write that was not answered.
    pub in_flight: Option<Write>,
    /// The writes that were, since the last comparison, in their order.
    pub acknowledged: Vec<Acknowledged>,
}

/// A write that was done without an answer: the word of its audit event, and the row's id.
pub type Unanswered = (&'static str, String);

impl Testimony {
    /// Compares with what is there now, and tells whether the write in flight was done.
    ///
    /// # Errors
    /// In words, when what is there is neither with the write in flight nor without it.
    pub(super) fn compare(&self, there: &Rows) -> Result<Option<Unanswered>, String> {
        if *there == self.rows {
            return Ok(None);
        }
        if let Some(write) = &self.in_flight {
            let mut with = self.rows.clone();
            let new = there.keys().find(|id| !self.rows.contains_key(*id));
            if let Some(id) = write.id.as_ref().or(new) {
                write.apply(id, &mut with);
                if *there == with {
                    return Ok(Some((write.action, id.clone())));
                }
            }
        }
        let lost: Vec<_> = self.rows.iter().filter(|(id, row)| there.get(*id) != Some(row)).collect();
        let strange: Vec<_> = there.iter().filter(|(id, row)| self.rows.get(*id) != Some(row)).collect();
        Err(format!(
            "acknowledged but not there: {lost:?}\nthere but not acknowledged: {strange:?}\nin flight: {:?}",
            self.in_flight
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_a_changed_and_a_resurrected_row_are_told() {
        let row = |stamp: &str| Row { wire: Wire::Together, name: "n".to_owned(), stamp: stamp.to_owned() };
        let rows =
            |stamps: &[(&str, &str)]| stamps.iter().map(|(id, stamp)| ((*id).to_owned(), row(stamp))).collect();
        let update = Write { action: "secret.rotate", id: Some("a".to_owned()), after: Some(row("2")) };
        let testimony =
            Testimony { rows: rows(&[("a", "1")]), in_flight: Some(update), acknowledged: Vec::new() };
        assert_eq!(testimony.compare(&rows(&[("a", "1")])), Ok(None));
        assert_eq!(testimony.compare(&rows(&[("a", "2")])), Ok(Some(("secret.rotate", "a".to_owned()))));
        assert!(testimony.compare(&rows(&[("a", "3")])).is_err());
        assert!(testimony.compare(&rows(&[])).is_err());
        assert!(testimony.compare(&rows(&[("a", "2"), ("b", "0")])).is_err());
    }
}
