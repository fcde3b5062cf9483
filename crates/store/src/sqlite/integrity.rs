//! Whether a database is whole, before it is served.
//!
//! SQLite keeps no checksums of pages: one whose content was changed on the disk may be read as a table that lacks rows,
//! and a list without them would be a wrong answer. What a row itself says is proven by what is sealed in it; that none
//! is missing, by its index and by those that refer to it.

use std::path::Path;

use rusqlite::Connection;

use crate::OpenError;

/// A larger database is not looked at in full at a start, which would take longer than anybody should wait: about
/// 4 ms for each MiB. `keyholt verify` does.
const CHECKED_UP_TO: i64 = 16 * 1024 * 1024;

/// Refuses a database that is damaged.
pub(super) fn check(file: &Path, connection: &Connection) -> Result<(), OpenError> {
    let problem = find_problem(connection).unwrap_or_else(|error| Some(error.to_string()));
    problem.map_or(Ok(()), |problem| Err(OpenError::Damaged { path: file.into(), problem }))
}

fn find_problem(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let size: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    if pages.saturating_mul(size) > CHECKED_UP_TO {
        return Ok(None);
    }
    // It names tables, indexes and numbers of rows, nothing of their content.
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        // The first line may be a heading.
        return Ok(found.lines().last().map(ToOwned::to_owned));
    }
    let strays: i64 =
        connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))?;
    Ok((strays > 0).then(|| format!("{strays} rows refer to rows that are not there")))
}
