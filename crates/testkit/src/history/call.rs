//! What clients ask of the records of a few names, and what they are answered.

use std::collections::BTreeMap;

/// The fields of a record that writes change. In a request what is none was left out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Content {
    /// Its type.
    pub kind: Option<String>,
    /// The numbers in its metadata by their path, keys joined by dots; empty when it has no metadata.
    pub metadata: BTreeMap<String, u64>,
    /// The last 4 characters of its value, all of an answer that tells one value from another.
    pub value: Option<String>,
}

impl Content {
    /// The content after a create-or-replace: all is as asked for, but a value that is left out stays
    /// (wire/braintrust.md 3.3).
    #[must_use]
    pub fn replaced(&self, by: &Self) -> Self {
        Self { value: by.value.clone().or_else(|| self.value.clone()), ..by.clone() }
    }

    /// The content after a patch: what is left out stays, metadata are merged (wire/braintrust.md 4.3).
    #[must_use]
    pub fn merged(&self, with: &Self) -> Self {
        let mut metadata = self.metadata.clone();
        metadata.extend(with.metadata.clone());
        Self {
            kind: with.kind.clone().or_else(|| self.kind.clone()),
            metadata,
            value: with.value.clone().or_else(|| self.value.clone()),
        }
    }
}

/// A change of a record that is told by its id.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Patch {
    /// Its new name.
    pub name: Option<String>,
    /// What else changes.
    pub content: Content,
}

/// What was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Make a record; one of that name is answered as it is.
    Create {
        /// Its name.
        name: String,
        /// What it is to be.
        content: Content,
    },
    /// Make a record, or replace the one of that name.
    Put {
        /// Its name.
        name: String,
        /// What it is to be.
        content: Content,
    },
    /// Change the record of this id.
    Patch {
        /// The record.
        id: String,
        /// What changes.
        patch: Patch,
    },
    /// Delete the record of this id.
    Delete {
        /// The record.
        id: String,
    },
    /// Delete the record of this name.
    DeleteName {
        /// Its name.
        name: String,
    },
    /// Read the record of this id.
    Get {
        /// The record.
        id: String,
    },
}

/// A record in an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The rest.
    pub content: Content,
}

/// What was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// A record, as it is after the operation; a deleted one as it was last.
    Row {
        /// The record.
        row: Row,
        /// Whether a create found it there.
        found: bool,
    },
    /// There is no such record.
    Absent,
    /// The new name is another record's.
    Taken,
}

/// One operation of one client. Times are nanoseconds on one monotonic clock that all clients share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// What was asked for.
    pub operation: Operation,
    /// When, before the first byte was sent.
    pub invoked: u64,
    /// When the answer had come, and what it was. None when it did not come: the operation may take effect at any
    /// later time, or never.
    pub answer: Option<(u64, Outcome)>,
}
