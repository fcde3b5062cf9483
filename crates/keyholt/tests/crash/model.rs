//! What one worker knows to be true of the rows that only it touches.

use std::collections::BTreeMap;

/// Which of the two collections a row is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wire {
    /// The organisation's secrets, `/v1/ai_secret`.
    Braintrust,
    /// The project's secrets, `/v1/deployments/secrets`.
    Together,
}

/// A row: each full write puts its own stamp into every field, so that a row of two writes shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    pub(crate) wire: Wire,
    pub(crate) name: String,
    pub(crate) stamp: String,
}

/// Rows by id.
pub(crate) type Rows = BTreeMap<String, Row>;

/// What a write does when it is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Write {
    /// The word of its audit event.
    pub(crate) action: &'static str,
    /// The id of the row it is about; none for a new one.
    pub(crate) id: Option<String>,
    /// The row as it is then; none when it is deleted.
    pub(crate) after: Option<Row>,
}

impl Write {
    /// Applies an acknowledged write to the row of this id.
    pub(crate) fn apply(&self, id: &str, rows: &mut Rows) {
        match &self.after {
            Some(row) => rows.insert(id.to_owned(), row.clone()),
            None => rows.remove(id),
        };
    }
}

/// A write that was answered with 200.
#[derive(Debug)]
pub(crate) struct Acknowledged {
    pub(crate) request_id: String,
    pub(crate) action: &'static str,
    pub(crate) id: String,
}

/// What a worker has to say after a kill.
#[derive(Debug, Default)]
pub(crate) struct Testimony {
    /// The rows as they are by all answers it got.
    pub(crate) rows: Rows,
    /// The write that was not answered.
    pub(crate) in_flight: Option<Write>,
    /// The writes that were, of this round.
    pub(crate) acknowledged: Vec<Acknowledged>,
}

impl Testimony {
    /// Compares with what is there now, and tells whether the write in flight was
    /// done.
    ///
    /// # Errors
    /// In words, when what is there is neither with the write in flight nor without it.
    pub(crate) fn compare(&self, there: &Rows) -> Result<bool, String> {
        if *there == self.rows {
            return Ok(false);
        }
        if let Some(write) = &self.in_flight {
            let mut with = self.rows.clone();
            let new = there.keys().find(|id| !self.rows.contains_key(*id));
            if let Some(id) = write.id.as_ref().or(new) {
                write.apply(id, &mut with);
            }
            if *there == with {
                return Ok(true);
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

#[test]
fn a_lost_a_changed_and_a_resurrected_row_are_told() {
    let row = |stamp: &str| Row { wire: Wire::Together, name: "n".to_owned(), stamp: stamp.to_owned() };
    let rows =
        |stamps: &[(&str, &str)]| stamps.iter().map(|(id, stamp)| ((*id).to_owned(), row(stamp))).collect();
    let update = Write { action: "secret.rotate", id: Some("a".to_owned()), after: Some(row("2")) };
    let testimony = Testimony { rows: rows(&[("a", "1")]), in_flight: Some(update), acknowledged: Vec::new() };
    assert_eq!(testimony.compare(&rows(&[("a", "1")])), Ok(false));
    assert_eq!(testimony.compare(&rows(&[("a", "2")])), Ok(true));
    assert!(testimony.compare(&rows(&[("a", "3")])).is_err());
    assert!(testimony.compare(&rows(&[])).is_err());
    assert!(testimony.compare(&rows(&[("a", "2"), ("b", "0")])).is_err());
}
