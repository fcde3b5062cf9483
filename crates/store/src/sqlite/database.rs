//! An open database: its writer, its readers, its lock.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use super::open::{self, DirectoryLock};
use super::readers::Readers;
use super::writer::Writer;
use crate::changes::{Audited, ChainStart};
use crate::param::{Param, Row};
use crate::{CommitError, OpenError, StoreError};

/// An open SQLite database.
pub(crate) struct Sqlite {
    // Dropped in this order: the writer is the last on the file, so that it can empty and remove the log,
    // and ends before the lock is let go.
    readers: Readers,
    writer: Option<Writer>,
    _lock: Option<DirectoryLock>,
}

impl Sqlite {
    pub(crate) fn open_directory(dir: &Path) -> Result<Self, OpenError> {
        open::check_library()?;
        open::make_directory(dir)?;
        let lock = DirectoryLock::take(dir)?;
        let file = open::make_database_file(dir)?;
        let connection = open::open_for_writing(&file)?;
        Ok(Self {
            readers: Readers::on_file(file),
            writer: Some(Writer::start(Arc::new(Mutex::new(connection)))?),
            _lock: Some(lock),
        })
    }

    pub(crate) fn open_directory_for_reading(dir: &Path) -> Result<Self, OpenError> {
        Self::open_file_for_reading(dir.join(open::DATABASE))
    }

    pub(crate) fn open_file_for_reading(file: PathBuf) -> Result<Self, OpenError> {
        open::check_library()?;
        open::check_version(&file, &open::open_for_reading(&file)?)?;
        Ok(Self { readers: Readers::on_file(file), writer: None, _lock: None })
    }

    pub(crate) fn open_in_memory() -> Result<Self, OpenError> {
        open::check_library()?;
        let connection: Arc<Mutex<Connection>> = Arc::new(Mutex::new(open::open_memory()?));
        Ok(Self {
            readers: Readers::sharing(Arc::clone(&connection)),
            writer: Some(Writer::start(connection)?),
            _lock: None,
        })
    }

    pub(crate) fn begin_chain(&self, start: ChainStart) {
        if let Some(writer) = &self.writer {
            writer.begin_chain(start);
        }
    }

    pub(crate) async fn commit(&self, change: Audited) -> Result<(), CommitError> {
        self.writer()?.commit(change).await
    }

    pub(crate) async fn checkpoint(&self) -> Result<(), CommitError> {
        self.writer()?.checkpoint().await
    }

    pub(crate) async fn failed(&self) {
        match &self.writer {
            Some(writer) => writer.failed().await,
            None => std::future::pending().await,
        }
    }

    fn writer(&self) -> Result<&Writer, CommitError> {
        self.writer.as_ref().ok_or_else(|| CommitError::Unavailable("opened for reading".into()))
    }

    /// Reads rows, up to the first after which it does not go on.
    pub(crate) fn fetch<T>(
        &self,
        sql: &'static str,
        params: &[Param],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
        mut goes_on: impl FnMut(&T) -> bool,
    ) -> Result<Vec<T>, StoreError> {
        self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(sql).map_err(read_error)?;
            let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(read_error)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next().map_err(read_error)? {
                let row = read(&Row::Sqlite(row))?;
                let is_last = !goes_on(&row);
                found.push(row);
                if is_last {
                    break;
                }
            }
            Ok(found)
        })
    }

    pub(crate) fn fetch_one<T>(
        &self,
        sql: &'static str,
        params: &[Param],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(sql).map_err(read_error)?;
            let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(read_error)?;
            rows.next().map_err(read_error)?.map(|row| read(&Row::Sqlite(row))).transpose()
        })
    }
}

/// SQLite's words for an error never hold a bound value.
fn read_error(error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::DiskFull,
        ) => StoreError::Unavailable(error.to_string()),
        _ => StoreError::Fault(error.to_string()),
    }
}
