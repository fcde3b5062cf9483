//! The store: reads beside one writer.

use std::path::Path;

use crate::changes::{Audited, ChainStart};
use crate::param::{Param, Row};
use crate::sqlite::Sqlite;
use crate::{CommitError, OpenError, StoreError};

/// The store. Reads run in place, beside the one writer; concurrent commits share a sync.
pub struct Store {
    backend: Sqlite,
}

impl Store {
    /// Opens the embedded database in a directory, which is made (0700) when it is missing, takes the
    /// directory's lock, and brings the schema up to date.
    ///
    /// # Errors
    /// When the directory is locked, unusable or damaged, or the schema is of a later version.
    pub fn open_directory(dir: &Path) -> Result<Self, OpenError> {
        Ok(Self { backend: Sqlite::open_directory(dir)? })
    }

    /// Opens the embedded database of a directory for reading, also while a server has it; nothing
    /// can be committed.
    ///
    /// # Errors
    /// When there is none, or it is damaged or of a later version.
    pub fn open_directory_for_reading(dir: &Path) -> Result<Self, OpenError> {
        Ok(Self { backend: Sqlite::open_directory_for_reading(dir)? })
    }

    /// Opens an empty database in memory, gone when it is dropped.
    ///
    /// # Errors
    /// When SQLite cannot be used.
    pub fn open_in_memory() -> Result<Self, OpenError> {
        Ok(Self { backend: Sqlite::open_in_memory()? })
    }

    /// Begins this node's audit chain; nothing can be committed before.
    pub fn begin_chain(&self, start: ChainStart) {
        self.backend.begin_chain(start);
    }

    /// Carries a change out, durably: when this returns `Ok`, it is on stable storage.
    ///
    /// Dropping the future does not stop the change.
    ///
    /// # Errors
    /// [`CommitError::Unmet`] when a statement did not find what it needs; nothing was changed then,
    /// nor after any other error but [`CommitError::OutcomeUnknown`].
    pub async fn commit(&self, change: Audited) -> Result<(), CommitError> {
        self.backend.commit(change).await
    }

    /// Empties the write-ahead log into the database, so that deleted rows leave it too.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn checkpoint(&self) -> Result<(), CommitError> {
        self.backend.checkpoint().await
    }

    /// Waits until the storage has failed for good, such as after a failed sync: nothing can be
    /// promised any more and the process should end.
    pub async fn failed(&self) {
        self.backend.failed().await;
    }

    /// Checks the whole database file for damage; takes as long as reading it.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn check_integrity(&self) -> Result<Vec<String>, StoreError> {
        let lines =
            self.fetch("PRAGMA integrity_check(10)", Vec::new(), |row| row.text(0).map(String::from)).await?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }

    /// Reads rows.
    pub(crate) async fn fetch<T>(
        &self,
        sql: &'static str,
        params: Vec<Param>,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.fetch_while(sql, params, read, |_| true).await
    }

    /// Reads rows, up to the first after which it does not go on.
    pub(crate) async fn fetch_while<T>(
        &self,
        sql: &'static str,
        params: Vec<Param>,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
        goes_on: impl FnMut(&T) -> bool,
    ) -> Result<Vec<T>, StoreError> {
        let_others_run().await;
        self.backend.fetch(sql, &params, read, goes_on)
    }

    /// Reads the first row.
    pub(crate) async fn fetch_one<T>(
        &self,
        sql: &'static str,
        params: Vec<Param>,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let_others_run().await;
        self.backend.fetch_one(sql, &params, read)
    }
}

/// Reads never wait, so that a task which reads again and again would keep its thread to itself: from time
/// to time it must give way.
async fn let_others_run() {
    tokio::task::consume_budget().await;
}
