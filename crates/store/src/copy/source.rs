//! Where a copy comes from.

use std::path::Path;

use super::CopyError;
use super::postgres::PostgresSnapshot;
use super::rows::{Cells, Rows};
use super::sqlite::SqliteSnapshot;
use super::tables::{TABLES, Table};
use crate::PostgresUrl;
use crate::param::Param;

/// A store as it is at one moment, to be copied; whoever serves it goes on.
pub struct CopySource {
    name: String,
    snapshot: Snapshot,
}

enum Snapshot {
    Sqlite(SqliteSnapshot),
    Postgres(PostgresSnapshot),
}

impl CopySource {
    /// The embedded database of a data directory. Where no server has it, none can start there as long as this lasts.
    ///
    /// # Errors
    /// When there is none, or it is damaged or of a later version.
    pub fn open_directory(dir: &Path) -> Result<Self, CopyError> {
        let snapshot = Snapshot::Sqlite(SqliteSnapshot::of_directory(dir)?);
        Ok(Self { name: dir.display().to_string(), snapshot })
    }

    /// A backup file.
    ///
    /// # Errors
    /// When there is none, or it is damaged or of a later version.
    pub fn open_file(file: &Path) -> Result<Self, CopyError> {
        let snapshot = Snapshot::Sqlite(SqliteSnapshot::of_file(file).map_err(CopyError::of_backup)?);
        Ok(Self { name: file.display().to_string(), snapshot })
    }

    /// A PostgreSQL database, as it is in one transaction.
    ///
    /// # Errors
    /// When it cannot be reached, holds no schema or a later one.
    pub async fn connect(url: &PostgresUrl) -> Result<Self, CopyError> {
        let snapshot = Snapshot::Postgres(PostgresSnapshot::open(url).await?);
        Ok(Self { name: url.to_string(), snapshot })
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a server may write to it meanwhile, which a copy of this moment does not have.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        match &self.snapshot {
            Snapshot::Sqlite(snapshot) => snapshot.is_in_use,
            Snapshot::Postgres(snapshot) => snapshot.is_in_use,
        }
    }

    /// The id of the installation in it.
    pub(super) async fn deployment(&self) -> Result<Vec<u8>, CopyError> {
        if self.unfinished_copy().await?.is_some() {
            return Err(CopyError::SourceUnfinished(self.name.clone()));
        }
        let table = TABLES.iter().find(|table| table.name == "deployment");
        let first = match table {
            Some(table) => self.rows(table, None, 1).await?.into_iter().next(),
            None => None,
        };
        match first.and_then(|cells| cells.into_iter().next()) {
            Some(Param::Blob(id)) => Ok(id),
            Some(Param::Null | Param::Int(_) | Param::Text(_)) | None => {
                Err(CopyError::NothingThere(self.name.clone()))
            }
        }
    }

    pub(super) async fn count(&self, table: &Table) -> Result<u64, CopyError> {
        match &self.snapshot {
            Snapshot::Sqlite(snapshot) => snapshot.count(table),
            Snapshot::Postgres(snapshot) => snapshot.count(table).await,
        }
    }

    async fn unfinished_copy(&self) -> Result<Option<Vec<u8>>, CopyError> {
        match &self.snapshot {
            Snapshot::Sqlite(snapshot) => snapshot.unfinished_copy(),
            Snapshot::Postgres(snapshot) => snapshot.unfinished_copy().await,
        }
    }
}

impl Rows for CopySource {
    async fn rows(
        &self,
        table: &Table,
        after: Option<&[Param]>,
        limit: usize,
    ) -> Result<Vec<Cells>, CopyError> {
        match &self.snapshot {
            Snapshot::Sqlite(snapshot) => snapshot.rows(table, after, limit).await,
            Snapshot::Postgres(snapshot) => snapshot.rows(table, after, limit).await,
        }
    }
}
