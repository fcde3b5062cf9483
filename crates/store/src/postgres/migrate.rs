//! Bringing the schema up to date, whichever node comes first.

use super::problem;
use super::session::Session;
use crate::migrations::{MIGRATIONS, NEWEST, TABLE};
use crate::{OpenError, dialect};

/// How often a version is tried that waits for others' locks too long.
const ATTEMPTS: usize = 10;

/// The schema's version; refused when it is newer than any that is known.
pub(super) async fn check_version(session: &Session) -> Result<i64, OpenError> {
    let is_there = "SELECT (to_regclass('schema_migrations') IS NOT NULL)::int::bigint";
    if session.number(is_there).await.map_err(refused)? != Some(1) {
        return Ok(0);
    }
    let found = session.number("SELECT coalesce(max(version), 0) FROM schema_migrations").await;
    let found = found.map_err(refused)?.unwrap_or_default();
    if found > NEWEST {
        return Err(OpenError::SchemaNewer { found, known: NEWEST });
    }
    Ok(found)
}

/// Brings the schema up to date. One node at a time does so; the others wait for it and find it done.
pub(super) async fn migrate(session: &Session) -> Result<(), OpenError> {
    if check_version(session).await? == NEWEST {
        return Ok(());
    }
    // Ends with the connection.
    let lock = "SELECT pg_advisory_lock(1801812336, hashtext(current_schema()))";
    session.run(lock).await.map_err(refused)?;
    session.run(TABLE).await.map_err(refused)?;
    let present = check_version(session).await?;
    for (version, text) in MIGRATIONS.iter().filter(|(version, _)| *version > present) {
        let text = dialect::for_postgres(text);
        // Whoever waits for a table makes everybody behind wait too: not for long.
        let whole = format!(
            "BEGIN; SET LOCAL lock_timeout = '2s'; {text}
             INSERT INTO schema_migrations (version) VALUES ({version}); COMMIT"
        );
        let mut attempt = 1;
        while let Err(error) = session.run(&whole).await {
            session.run("ROLLBACK").await.map_err(refused)?;
            if attempt >= ATTEMPTS || !problem::is_passing(&error) {
                return Err(refused(error));
            }
            attempt += 1;
        }
        tracing::info!(version, "the database's schema was brought to a new version");
    }
    session.run("SELECT pg_advisory_unlock(1801812336, hashtext(current_schema()))").await.map_err(refused)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn refused(error: tokio_postgres::Error) -> OpenError {
    OpenError::Database { problem: format!("its schema cannot be read or made: {}", problem::describe(&error)) }
}
