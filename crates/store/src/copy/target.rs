//! Where a copy goes.

use std::path::Path;

use super::CopyError;
use super::backup_file::BackupFile;
use super::edit::Edit;
use super::postgres::PostgresTarget;
use super::rows::{Cells, Rows};
use super::sqlite::SqliteTarget;
use super::tables::Table;
use crate::PostgresUrl;
use crate::param::Param;

/// A store that is to be made equal to another one.
pub struct CopyTarget {
    name: String,
    written: Written,
}

enum Written {
    Directory(SqliteTarget),
    File(BackupFile),
    Postgres(PostgresTarget),
}

impl CopyTarget {
    /// A data directory, which is made when it is missing. No server may have it.
    ///
    /// # Errors
    /// When it is in use or unusable, or holds a schema of a later version.
    pub fn open_directory(dir: &Path) -> Result<Self, CopyError> {
        let written = Written::Directory(SqliteTarget::in_directory(dir).map_err(CopyError::of_target)?);
        Ok(Self { name: dir.display().to_string(), written })
    }

    /// A backup file, which appears under this name when it is whole. `overwrite` allows that there is one already.
    ///
    /// # Errors
    /// When there is one, another process writes it now, or it cannot be written.
    pub fn create_file(file: &Path, overwrite: bool) -> Result<Self, CopyError> {
        let written = Written::File(BackupFile::create(file, overwrite)?);
        Ok(Self { name: file.display().to_string(), written })
    }

    /// A PostgreSQL database, whose schema is made where there is none. No node may use it.
    ///
    /// # Errors
    /// When it cannot be reached or used as it is, or another copy goes there now.
    pub async fn connect(url: &PostgresUrl) -> Result<Self, CopyError> {
        let written = Written::Postgres(PostgresTarget::open(url).await?);
        Ok(Self { name: url.to_string(), written })
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says what it is to be a copy of, unless it says so already.
    pub(super) async fn begin(&self, deployment: &[u8]) -> Result<(), CopyError> {
        let Written::Postgres(target) = &self.written else { return self.mark(deployment).await };
        target.hold().await?;
        let marked = self.mark(deployment).await;
        let released = target.release(marked.is_ok()).await;
        marked.and(released)
    }

    async fn mark(&self, deployment: &[u8]) -> Result<(), CopyError> {
        let (unfinished, is_empty) = match &self.written {
            Written::Directory(target) => (target.unfinished_copy()?, target.is_empty()?),
            Written::File(file) => (file.target()?.unfinished_copy()?, file.target()?.is_empty()?),
            Written::Postgres(target) => (target.unfinished_copy().await?, target.is_empty().await?),
        };
        match unfinished {
            Some(of) if of == deployment => Ok(()),
            Some(_) => Err(CopyError::TargetOfAnother(self.name.clone())),
            None if is_empty => match &self.written {
                Written::Directory(target) => target.begin_copy(deployment),
                Written::File(file) => file.target()?.begin_copy(deployment),
                Written::Postgres(target) => target.begin_copy(deployment).await,
            },
            None => Err(CopyError::TargetTaken(self.name.clone())),
        }
    }

    pub(super) async fn count(&self, table: &Table) -> Result<u64, CopyError> {
        match &self.written {
            Written::Directory(target) => target.count(table),
            Written::File(file) => file.target()?.count(table),
            Written::Postgres(target) => target.count(table).await,
        }
    }

    /// Carries edits of one table out, all of them or none.
    pub(super) async fn write(&self, table: &Table, edits: &[Edit]) -> Result<(), CopyError> {
        match &self.written {
            Written::Directory(target) => target.write(table, edits),
            Written::File(file) => file.target()?.write(table, edits),
            Written::Postgres(target) => target.write(table, edits).await,
        }
    }

    /// Ends it: it can be served from now on, unless the source went on meanwhile. A backup is of its moment. Tells
    /// whether it is finished.
    pub(super) async fn end(self, is_source_in_use: bool) -> Result<bool, CopyError> {
        match self.written {
            Written::File(file) => file.finish().map(|()| true),
            Written::Directory(_) | Written::Postgres(_) if is_source_in_use => Ok(false),
            Written::Directory(target) => target.end_copy().map(|()| true),
            Written::Postgres(target) => target.end_copy().await.map(|()| true),
        }
    }
}

impl Rows for CopyTarget {
    async fn rows(
        &self,
        table: &Table,
        after: Option<&[Param]>,
        limit: usize,
    ) -> Result<Vec<Cells>, CopyError> {
        match &self.written {
            Written::Directory(target) => target.rows(table, after, limit).await,
            Written::File(file) => file.target()?.rows(table, after, limit).await,
            Written::Postgres(target) => target.rows(table, after, limit).await,
        }
    }
}
