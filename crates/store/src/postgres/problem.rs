//! What PostgreSQL says, in words that cannot carry a row's content.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::{CommitError, StoreError};

/// What to do about a right that the role lacks.
const GRANT: &str = "let the owner of the schema GRANT it to keyholt's role, see Rights in docs/postgresql.md";

/// The code and the first line of what it said. Details and hints may repeat values and are left out, and so is what
/// lies below.
pub(super) fn describe(error: &Error) -> String {
    match error.as_db_error() {
        Some(said) if *said.code() == SqlState::INSUFFICIENT_PRIVILEGE => {
            format!("{} {}; {GRANT}", said.code().code(), said.message())
        }
        Some(said) => format!("{} {}", said.code().code(), said.message()),
        None if error.is_closed() => "the connection was closed".to_owned(),
        None => error.to_string(),
    }
}

/// Whether it may serve later what it refuses now: nothing is wrong with what was asked.
pub(super) fn is_passing(error: &Error) -> bool {
    let Some(code) = error.code() else { return true };
    let class = code.code().get(..2).unwrap_or_default();
    // Connection, resources, operator and limits, system; 40: another transaction was in the way.
    matches!(class, "08" | "40" | "53" | "57" | "58")
        || [SqlState::LOCK_NOT_AVAILABLE, SqlState::READ_ONLY_SQL_TRANSACTION, SqlState::INSUFFICIENT_PRIVILEGE]
            .contains(code)
}

/// Whether the server cannot write any more, so that another one must be looked for.
pub(super) fn is_read_only(error: &Error) -> bool {
    error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
}

/// Whether others were in the way of a transaction, which has done nothing and may simply be tried again.
pub(super) fn is_conflict(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
    })
}

/// Whether another row has the unique key.
pub(super) fn is_unique_clash(error: &Error) -> bool {
    error.code() == Some(&SqlState::UNIQUE_VIOLATION)
}

pub(super) fn of_read(error: &Error) -> StoreError {
    if is_passing(error) {
        StoreError::Unavailable(describe(error))
    } else {
        StoreError::Fault(describe(error))
    }
}

pub(super) fn of_commit(error: &Error) -> CommitError {
    if is_passing(error) {
        CommitError::Unavailable(describe(error))
    } else {
        CommitError::Fault(describe(error))
    }
}
