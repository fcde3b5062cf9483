//! One change over one connection, in one transaction.

use futures_util::future::join_all;

use super::problem;
use super::session::Session;
use crate::changes::{Needs, Statement};
use crate::{CommitError, Unmet};

/// What became of a change before its commit.
pub(super) enum Refused {
    /// It cannot be committed as it is.
    ForGood(CommitError),
    /// Something was in the way; nothing was done.
    ForNow(CommitError),
}

/// How many statements are sent at once. Up to so many, `join_all` asks its futures in their order, which is what sends
/// them in their order.
const PIPELINED: usize = 30;

/// Carries the statements out in a transaction that is left open; ends it when one of them is refused.
pub(super) async fn carry_out(session: &Session, statements: &[Statement]) -> Result<(), Refused> {
    // Prepared before, so that nothing waits in between.
    for statement in statements {
        session.statement(statement.sql).await.map_err(|error| refused(session, &error))?;
    }
    // Waited for: what follows a beginning that was called off would be carried out without a transaction.
    let mut checked = session.run("BEGIN").await.map_err(|error| refused(session, &error));
    for together in statements.chunks(PIPELINED) {
        if checked.is_ok() {
            checked = execute(session, together).await;
        }
    }
    if checked.is_err() && session.run("ROLLBACK").await.is_err() {
        // Without the connection there is no transaction either.
        session.break_off();
    }
    checked
}

/// Carries statements out in their order. All are sent at once: what is sent after one that is refused is refused too.
async fn execute(session: &Session, statements: &[Statement]) -> Result<(), Refused> {
    let executed = statements.iter().map(|statement| session.execute(statement.sql, &statement.params));
    let executed = join_all(executed).await;
    statements.iter().zip(executed).try_for_each(|(statement, touched)| match (statement.needs, touched) {
        (Needs::Any, Ok(_)) | (Needs::OneRow { .. }, Ok(1)) => Ok(()),
        (Needs::OneRow { none }, Ok(_)) => Err(Refused::ForGood(CommitError::Unmet(none))),
        (Needs::OneRow { .. }, Err(error)) if problem::is_unique_clash(&error) => {
            Err(Refused::ForGood(CommitError::Unmet(Unmet::Taken)))
        }
        (_, Err(error)) => Err(refused(session, &error)),
    })
}

fn refused(session: &Session, error: &tokio_postgres::Error) -> Refused {
    // Whoever drives the connection may learn only later that its server has ended it.
    if problem::is_read_only(error) || is_end(error) {
        session.break_off();
    }
    let refusal = problem::of_commit(error);
    if problem::is_conflict(error) || session.has_ended() {
        Refused::ForNow(refusal)
    } else {
        Refused::ForGood(refusal)
    }
}

/// Commits what was carried out.
pub(super) async fn commit(session: &Session) -> Result<(), CommitError> {
    session.take_warning();
    match session.run("COMMIT").await {
        // The one warning that there is here: the wait for the standby was called off, and only this server has it.
        Ok(()) if session.take_warning() => Err(CommitError::OutcomeUnknown),
        Ok(()) => Ok(()),
        Err(error) if error.code().is_some() && !is_end(&error) && !session.has_ended() => {
            Err(problem::of_commit(&error))
        }
        Err(_) => Err(CommitError::OutcomeUnknown),
    }
}

/// Whether the server ended the connection with this error, perhaps after it had committed.
fn is_end(error: &tokio_postgres::Error) -> bool {
    use tokio_postgres::error::Severity;
    error
        .as_db_error()
        .and_then(tokio_postgres::error::DbError::parsed_severity)
        .is_none_or(|severity| matches!(severity, Severity::Fatal | Severity::Panic))
}
