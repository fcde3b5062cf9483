//! A copy's two ends in SQLite.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension};

use super::edit::Edit;
use super::rows::{Cells, Rows, read_cells};
use super::tables::{TABLES, Table};
use super::{CopyError, sql};
use crate::migrations::NEWEST;
use crate::param::{Param, Row};
use crate::sqlite::open as files;
use crate::{OpenError, StoreError};

/// A database as it is at one moment: whoever writes it is not held up, but its log grows as long as this lasts.
pub(super) struct SqliteSnapshot {
    connection: Connection,
    version: i64,
    /// Held where no server runs, so that none starts.
    _lock: Option<files::DirectoryLock>,
    pub(super) is_in_use: bool,
}

impl SqliteSnapshot {
    /// Of a data directory; whether a server has it is found out.
    pub(super) fn of_directory(dir: &Path) -> Result<Self, CopyError> {
        let file = dir.join(files::DATABASE);
        if !file.exists() {
            return Err(CopyError::NothingThere(dir.display().to_string()));
        }
        let (lock, is_in_use) = match files::DirectoryLock::take(dir) {
            Ok(lock) => (Some(lock), false),
            Err(OpenError::Locked { .. }) => (None, true),
            Err(other) => return Err(other.into()),
        };
        Self::of_file(&file).map(|snapshot| Self { _lock: lock, is_in_use, ..snapshot })
    }

    /// Of a file that nobody writes.
    pub(super) fn of_file(file: &Path) -> Result<Self, CopyError> {
        files::check_library()?;
        if !file.exists() {
            return Err(CopyError::NothingThere(file.display().to_string()));
        }
        let connection = files::open_for_reading(file)?;
        connection.execute_batch("BEGIN").map_err(|problem| database(&connection, &problem))?;
        // The first read: from here on nothing changes.
        let version = files::check_version(file, &connection)?;
        Ok(Self { connection, version, _lock: None, is_in_use: false })
    }

    pub(super) fn count(&self, table: &Table) -> Result<u64, CopyError> {
        if table.since > self.version {
            return Ok(0);
        }
        count(&self.connection, &sql::count(table, self.version))
    }

    pub(super) fn unfinished_copy(&self) -> Result<Option<Vec<u8>>, CopyError> {
        if self.version < 4 { Ok(None) } else { unfinished_copy(&self.connection) }
    }
}

impl Rows for SqliteSnapshot {
    async fn rows(
        &self,
        table: &Table,
        after: Option<&[Param]>,
        limit: usize,
    ) -> Result<Vec<Cells>, CopyError> {
        if table.since > self.version {
            return Ok(Vec::new());
        }
        read(&self.connection, self.version, table, after, limit)
    }
}

/// A database that is written.
pub(super) struct SqliteTarget {
    // Closed before the lock is let go.
    connection: Connection,
    file: PathBuf,
    _lock: Option<files::DirectoryLock>,
}

impl SqliteTarget {
    /// In a data directory, which is made if it is not there and may not be in use.
    pub(super) fn in_directory(dir: &Path) -> Result<Self, CopyError> {
        files::check_library()?;
        files::make_directory(dir)?;
        let lock = files::DirectoryLock::take(dir)?;
        let file = files::make_database_file(dir)?;
        let connection = open_for_copy(&file)?;
        Ok(Self { connection, file, _lock: Some(lock) })
    }

    /// In a file that is there and empty.
    pub(super) fn in_file(file: &Path) -> Result<Self, CopyError> {
        files::check_library()?;
        let connection = open_for_copy(file)?;
        Ok(Self { connection, file: file.into(), _lock: None })
    }

    pub(super) fn unfinished_copy(&self) -> Result<Option<Vec<u8>>, CopyError> {
        unfinished_copy(&self.connection)
    }

    pub(super) fn is_empty(&self) -> Result<bool, CopyError> {
        for table in TABLES {
            if self.count(table)? > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn count(&self, table: &Table) -> Result<u64, CopyError> {
        count(&self.connection, &sql::count(table, NEWEST))
    }

    fn said(&self) -> impl Fn(rusqlite::Error) -> CopyError + '_ {
        |problem| database(&self.connection, &problem)
    }

    /// Carries edits out, all of them or none.
    pub(super) fn write(&self, table: &Table, edits: &[Edit]) -> Result<(), CopyError> {
        let write = || {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            for edit in edits {
                let mut statement = self.connection.prepare_cached(&edit.sql(table))?;
                statement.execute(rusqlite::params_from_iter(edit.params(table)))?;
            }
            self.connection.execute_batch("COMMIT")
        };
        write().map_err(|problem| {
            if !self.connection.is_autocommit() {
                // What was begun and not committed is nothing, also when it cannot be ended politely.
                let _ended = self.connection.execute_batch("ROLLBACK");
            }
            database(&self.connection, &problem)
        })
    }

    pub(super) fn begin_copy(&self, deployment: &[u8]) -> Result<(), CopyError> {
        let sql = "INSERT INTO unfinished_copies (deployment_id) VALUES (?1)";
        self.connection.execute(sql, [deployment]).map(drop).map_err(self.said())
    }

    /// With what was written before it on stable storage.
    pub(super) fn end_copy(&self) -> Result<(), CopyError> {
        self.connection.pragma_update(None, "synchronous", "FULL").map_err(self.said())?;
        self.connection.execute("DELETE FROM unfinished_copies", []).map(drop).map_err(self.said())
    }

    /// Makes the database one file without a log beside it, which can also be read where nothing can be written; it is
    /// on stable storage then.
    pub(super) fn close_to_one_file(self) -> Result<(), CopyError> {
        let mode: String = self
            .connection
            .query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))
            .map_err(self.said())?;
        if mode != "delete" {
            return Err(StoreError::Fault("the log of the copy could not be emptied".into()).into());
        }
        self.connection.close().map_err(|(connection, problem)| database(&connection, &problem))?;
        let synced = std::fs::File::open(&self.file).and_then(|file| file.sync_all());
        synced.map_err(|problem| CopyError::File { path: self.file, problem })
    }
}

impl Rows for SqliteTarget {
    async fn rows(
        &self,
        table: &Table,
        after: Option<&[Param]>,
        limit: usize,
    ) -> Result<Vec<Cells>, CopyError> {
        read(&self.connection, NEWEST, table, after, limit)
    }
}

/// A power cut may take the last rows along, as a kill does, but never what was written before them: the log is in
/// order, and the commit that ends the copy waits for all of it.
fn open_for_copy(file: &Path) -> Result<Connection, CopyError> {
    let connection = files::open_for_writing(file)?;
    connection
        .pragma_update(None, "synchronous", "NORMAL")
        .map_err(|problem| database(&connection, &problem))?;
    Ok(connection)
}

fn read(
    connection: &Connection,
    version: i64,
    table: &Table,
    after: Option<&[Param]>,
    limit: usize,
) -> Result<Vec<Cells>, CopyError> {
    let sql = sql::select(table, version, after.is_some());
    let limit = Param::Int(i64::try_from(limit).unwrap_or(i64::MAX));
    let params = after.unwrap_or_default().iter().chain(std::iter::once(&limit));
    let said = |problem| database(connection, &problem);
    let mut statement = connection.prepare_cached(&sql).map_err(said)?;
    let mut found = statement.query(rusqlite::params_from_iter(params)).map_err(said)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(said)? {
        rows.push(read_cells(table, &Row::Sqlite(row))?);
    }
    Ok(rows)
}

fn count(connection: &Connection, sql: &str) -> Result<u64, CopyError> {
    let counted: i64 =
        connection.query_row(sql, [], |row| row.get(0)).map_err(|problem| database(connection, &problem))?;
    Ok(u64::try_from(counted).unwrap_or_default())
}

fn unfinished_copy(connection: &Connection) -> Result<Option<Vec<u8>>, CopyError> {
    let sql = "SELECT deployment_id FROM unfinished_copies";
    connection.query_row(sql, [], |row| row.get(0)).optional().map_err(|problem| database(connection, &problem))
}

/// SQLite's words for an error never hold a bound value.
fn database(connection: &Connection, problem: &rusqlite::Error) -> CopyError {
    let path = connection.path().unwrap_or_default().into();
    match problem.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            CopyError::Damaged { path, problem: problem.to_string() }
        }
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen,
        ) => CopyError::Open(OpenError::Unusable { path, problem: std::io::Error::other(problem.to_string()) }),
        _ => CopyError::Store(StoreError::Fault(problem.to_string())),
    }
}
