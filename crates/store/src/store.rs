//! The store: reads beside one writer.

use std::path::Path;

use crate::changes::{Audited, ChainStart};
use crate::param::{Param, Row};
use crate::postgres::{Postgres, View};
use crate::sqlite::Sqlite;
use crate::{CommitError, Durability, OpenError, PostgresOptions, StoreError};

/// The store.
pub struct Store {
    backend: Backend,
}

/// What lies below.
enum Backend {
    /// Reads run in place, beside the one writer; concurrent commits share a sync.
    Sqlite(Sqlite),
    /// Reads are pipelined, changes go side by side; other nodes may use it too.
    Postgres(Postgres),
}

/// What this node may go by of what it read of identities before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreView {
    /// Another one after every change, on any node, of who may do what.
    pub epoch: i64,
    /// Whether the epoch is recent enough to go by: it is at most a second old.
    pub is_recent: bool,
}

impl Store {
    /// Opens the embedded database in a directory, which is made (0700) when it is missing, takes the
    /// directory's lock, and brings the schema up to date.
    ///
    /// # Errors
    /// When the directory is locked, unusable or damaged, or the schema is of a later version.
    pub fn open_directory(dir: &Path) -> Result<Self, OpenError> {
        Ok(Self { backend: Backend::Sqlite(Sqlite::open_directory(dir)?) })
    }

    /// Opens the embedded database of a directory for reading, also while a server has it; nothing
    /// can be committed.
    ///
    /// # Errors
    /// When there is none, or it is damaged or of a later version.
    pub fn open_directory_for_reading(dir: &Path) -> Result<Self, OpenError> {
        Ok(Self { backend: Backend::Sqlite(Sqlite::open_directory_for_reading(dir)?) })
    }

    /// Opens a backup file for reading; nothing can be committed.
    ///
    /// # Errors
    /// When there is none, or it is damaged or of a later version.
    pub fn open_file_for_reading(file: &Path) -> Result<Self, OpenError> {
        let opened = Sqlite::open_file_for_reading(file.into()).map_err(OpenError::of_backup)?;
        Ok(Self { backend: Backend::Sqlite(opened) })
    }

    /// Opens an empty database in memory, gone when it is dropped.
    ///
    /// # Errors
    /// When SQLite cannot be used.
    pub fn open_in_memory() -> Result<Self, OpenError> {
        Ok(Self { backend: Backend::Sqlite(Sqlite::open_in_memory()?) })
    }

    /// Opens a database that several nodes may share, and brings its schema up to date.
    ///
    /// # Errors
    /// When it cannot be reached or used as it is, or the schema is of a later version.
    pub async fn connect(options: &PostgresOptions) -> Result<Self, OpenError> {
        Ok(Self { backend: Backend::Postgres(Postgres::connect(options).await?) })
    }

    /// Begins this node's audit chains; nothing can be committed before.
    pub fn begin_chain(&self, start: ChainStart) {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.begin_chain(start),
            Backend::Postgres(postgres) => postgres.begin_chains(start),
        }
    }

    /// Carries a change out, durably: when this returns `Ok`, it is on stable storage.
    ///
    /// Dropping the future does not stop the change.
    ///
    /// # Errors
    /// [`CommitError::Unmet`] when a statement did not find what it needs; nothing was changed then,
    /// nor after any other error but [`CommitError::OutcomeUnknown`].
    pub async fn commit(&self, change: Audited) -> Result<(), CommitError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.commit(change).await,
            Backend::Postgres(postgres) => postgres.commit(change).await,
        }
    }

    /// What this node may go by of what it read of identities before.
    #[must_use]
    pub fn view(&self) -> StoreView {
        match &self.backend {
            // One process has the directory, and knows what it does.
            Backend::Sqlite(_) => StoreView { epoch: 0, is_recent: true },
            Backend::Postgres(postgres) => {
                let View { epoch, is_recent } = postgres.view();
                StoreView { epoch, is_recent }
            }
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check(&self) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(_) => self.find_deployment().await.map(drop),
            // It is asked all the time; one more read could only wait behind others.
            Backend::Postgres(postgres) if postgres.answers() => Ok(()),
            Backend::Postgres(_) => Err(StoreError::Unavailable("the database does not answer".into())),
        }
    }

    /// Whether this node is the one that does what one node does for all, such as erasing what has expired. What it
    /// does must do no harm when another one does it too for a moment.
    #[must_use]
    pub fn leads(&self) -> bool {
        match &self.backend {
            Backend::Sqlite(_) => true,
            Backend::Postgres(postgres) => postgres.leads(),
        }
    }

    /// What an acknowledged change survives.
    #[must_use]
    pub fn durability(&self) -> Durability {
        match &self.backend {
            Backend::Sqlite(_) => Durability::LocalOnly,
            Backend::Postgres(postgres) => postgres.durability(),
        }
    }

    /// Whether several nodes may use the database at a time.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.backend, Backend::Postgres(_))
    }

    /// Empties the write-ahead log into the database, so that deleted rows leave it too. PostgreSQL's is not ours.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn checkpoint(&self) -> Result<(), CommitError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.checkpoint().await,
            Backend::Postgres(_) => Ok(()),
        }
    }

    /// Waits until the storage has failed for good, such as after a failed sync: nothing can be
    /// promised any more and the process should end. A shared database may come back.
    pub async fn failed(&self) {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.failed().await,
            Backend::Postgres(_) => std::future::pending().await,
        }
    }

    /// Checks the whole database file for damage; takes as long as reading it. A shared database is checked by its own
    /// tools, such as `pg_amcheck`.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn check_integrity(&self) -> Result<Vec<String>, StoreError> {
        if self.is_shared() {
            return Ok(Vec::new());
        }
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
        match &self.backend {
            Backend::Sqlite(sqlite) => {
                let_others_run().await;
                sqlite.fetch(sql, &params, read, goes_on)
            }
            // Apart, so that reads in place are not made larger by what they never do.
            Backend::Postgres(postgres) => Box::pin(postgres.fetch(sql, &params, read, goes_on)).await,
        }
    }

    /// Reads the first row.
    pub(crate) async fn fetch_one<T>(
        &self,
        sql: &'static str,
        params: Vec<Param>,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => {
                let_others_run().await;
                sqlite.fetch_one(sql, &params, read)
            }
            Backend::Postgres(postgres) => {
                let rows = Box::pin(postgres.fetch(sql, &params, read, |_| false)).await?;
                Ok(rows.into_iter().next())
            }
        }
    }
}

/// Reads in place never wait, so that a task which reads again and again would keep its thread to itself: from time
/// to time it must give way.
async fn let_others_run() {
    tokio::task::consume_budget().await;
}
