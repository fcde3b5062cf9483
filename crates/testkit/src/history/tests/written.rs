//! Histories written by hand.

use crate::history::{Call, Content, Operation, Outcome, Patch, Row};

/// Metadata and a type.
pub(super) fn content(kind: &str, metadata: &[(&str, u64)]) -> Content {
    let metadata = metadata.iter().map(|(path, number)| ((*path).to_owned(), *number)).collect();
    Content { kind: (!kind.is_empty()).then(|| kind.to_owned()), metadata, value: None }
}

pub(super) fn row(id: &str, name: &str, content: &Content) -> Outcome {
    Outcome::Row {
        row: Row { id: id.to_owned(), name: name.to_owned(), content: content.clone() },
        found: false,
    }
}

/// As [`row`], found by a create.
pub(super) fn found(id: &str, name: &str, content: &Content) -> Outcome {
    let Outcome::Row { row, .. } = row(id, name, content) else { unreachable!() };
    Outcome::Row { row, found: true }
}

pub(super) fn create(name: &str, content: &Content) -> Operation {
    Operation::Create { name: name.to_owned(), content: content.clone() }
}

pub(super) fn put(name: &str, content: &Content) -> Operation {
    Operation::Put { name: name.to_owned(), content: content.clone() }
}

pub(super) fn get(id: &str) -> Operation {
    Operation::Get { id: id.to_owned() }
}

pub(super) fn delete(id: &str) -> Operation {
    Operation::Delete { id: id.to_owned() }
}

pub(super) fn patch(id: &str, content: &Content) -> Operation {
    Operation::Patch { id: id.to_owned(), patch: Patch { name: None, content: content.clone() } }
}

pub(super) fn rename(id: &str, name: &str) -> Operation {
    let patch = Patch { name: Some(name.to_owned()), content: Content::default() };
    Operation::Patch { id: id.to_owned(), patch }
}

/// A call that was answered.
pub(super) fn call(invoked: u64, returned: u64, operation: Operation, outcome: Outcome) -> Call {
    Call { operation, invoked, answer: Some((returned, outcome)) }
}

/// A call whose answer never came.
pub(super) fn lost(invoked: u64, operation: Operation) -> Call {
    Call { operation, invoked, answer: None }
}
