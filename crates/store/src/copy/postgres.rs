//! A copy's two ends in PostgreSQL.

use tokio_postgres::types::ToSql;

use super::edit::Edit;
use super::rows::{Cells, Rows, read_cells};
use super::tables::{Kind, TABLES, Table};
use super::{CopyError, sql};
use crate::PostgresUrl;
use crate::dialect::placeholders_for_postgres;
use crate::migrations::NEWEST;
use crate::param::{Param, Row};
use crate::postgres::Alone;

/// The lock of the node that works for all others: who has it knows that no node serves the database.
const OF_THE_LEADER: &str = "SELECT pg_try_advisory_lock(1801812335, hashtext(current_schema()))::int::bigint";
/// The lock of whoever copies into a database.
const OF_A_COPY: &str = "SELECT pg_try_advisory_lock(1801812337, hashtext(current_schema()))::int::bigint";

/// Commits wait again for whatever the server is told to wait for, and for its disk at least.
const ON_STABLE_STORAGE: &str = "RESET synchronous_commit;
     SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// A database as it is at one moment.
pub(super) struct PostgresSnapshot {
    database: Alone,
    version: i64,
    pub(super) is_in_use: bool,
}

impl PostgresSnapshot {
    pub(super) async fn open(url: &PostgresUrl) -> Result<Self, CopyError> {
        let database = Alone::connect(url, true).await?;
        // Held to the end where no node has it. One that starts meanwhile serves all the same: the operator must see
        // to that.
        let is_in_use = database.number(OF_THE_LEADER).await? == 0;
        database.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let is_there = "SELECT (to_regclass('schema_migrations') IS NOT NULL)::int::bigint";
        if database.number(is_there).await? == 0 {
            return Err(CopyError::NothingThere(url.to_string()));
        }
        let version = database.number("SELECT coalesce(max(version), 0) FROM schema_migrations").await?;
        Ok(Self { database, version, is_in_use })
    }

    pub(super) async fn count(&self, table: &Table) -> Result<u64, CopyError> {
        if table.since > self.version {
            return Ok(0);
        }
        count(&self.database, &sql::count(table, self.version)).await
    }

    pub(super) async fn unfinished_copy(&self) -> Result<Option<Vec<u8>>, CopyError> {
        if self.version < 4 { Ok(None) } else { unfinished_copy(&self.database).await }
    }
}

impl Rows for PostgresSnapshot {
    async fn rows(
        &self,
        table: &Table,
        after: Option<&[Param]>,
        limit: usize,
    ) -> Result<Vec<Cells>, CopyError> {
        if table.since > self.version {
            return Ok(Vec::new());
        }
        read(&self.database, self.version, table, after, limit).await
    }
}

/// A database that is written.
pub(super) struct PostgresTarget {
    database: Alone,
}

impl PostgresTarget {
    pub(super) async fn open(url: &PostgresUrl) -> Result<Self, CopyError> {
        let database = Alone::connect(url, false).await?;
        if database.number(OF_A_COPY).await? == 0 {
            return Err(CopyError::TargetBusy(url.to_string()));
        }
        // A crash may take the last rows along, as a kill does, but never what was written before them: the log is in
        // order, and the commit that ends the copy waits for all of it.
        database.run("SET synchronous_commit = off").await?;
        Ok(Self { database })
    }

    pub(super) async fn unfinished_copy(&self) -> Result<Option<Vec<u8>>, CopyError> {
        unfinished_copy(&self.database).await
    }

    pub(super) async fn is_empty(&self) -> Result<bool, CopyError> {
        for table in TABLES {
            if self.count(table).await? > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) async fn count(&self, table: &Table) -> Result<u64, CopyError> {
        count(&self.database, &sql::count(table, NEWEST)).await
    }

    /// Keeps first starts out, until [`release`](Self::release): what is empty now stays so.
    pub(super) async fn hold(&self) -> Result<(), CopyError> {
        Ok(self.database.run("BEGIN; LOCK TABLE deployment IN EXCLUSIVE MODE").await?)
    }

    /// Lets others go on, with what was done since [`hold`](Self::hold) or without it.
    pub(super) async fn release(&self, is_done: bool) -> Result<(), CopyError> {
        Ok(self.database.run(if is_done { "COMMIT" } else { "ROLLBACK" }).await?)
    }

    /// Carries edits out, all of them or none.
    pub(super) async fn write(&self, table: &Table, edits: &[Edit]) -> Result<(), CopyError> {
        self.database.run("BEGIN").await?;
        let written = self.carry_out(table, edits).await;
        let ended = self.release(written.is_ok()).await;
        written.and(ended)
    }

    async fn carry_out(&self, table: &Table, edits: &[Edit]) -> Result<(), CopyError> {
        let mut added: Vec<Vec<Param>> = table.columns.iter().map(|_| Vec::new()).collect();
        for edit in edits {
            match edit {
                // Column by column: all rows go in one statement.
                Edit::Insert(cells) => {
                    added.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell.clone()));
                }
                Edit::Update(_) | Edit::SetAside(_) | Edit::Delete(_) => {
                    let params = edit.params(table);
                    let sql = placeholders_for_postgres(&edit.sql(table));
                    self.database.execute(&sql, &bound(&params)).await?;
                }
            }
        }
        if added.first().is_some_and(|column| !column.is_empty()) {
            let params: Vec<&(dyn ToSql + Sync)> =
                added.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
            self.database.execute(&insert_all(table), &params).await?;
        }
        Ok(())
    }

    pub(super) async fn begin_copy(&self, deployment: &[u8]) -> Result<(), CopyError> {
        let sql = "INSERT INTO unfinished_copies (deployment_id) VALUES ($1)";
        Ok(self.database.execute(sql, &[&deployment]).await?)
    }

    /// With what was written before it on stable storage, and on the standby that the server waits for.
    pub(super) async fn end_copy(&self) -> Result<(), CopyError> {
        self.database.run(ON_STABLE_STORAGE).await?;
        Ok(self.database.run("DELETE FROM unfinished_copies").await?)
    }
}

impl Rows for PostgresTarget {
    async fn rows(
        &self,
        table: &Table,
        after: Option<&[Param]>,
        limit: usize,
    ) -> Result<Vec<Cells>, CopyError> {
        read(&self.database, NEWEST, table, after, limit).await
    }
}

/// Adds rows: a parameter for each column, an array of all that goes into it.
fn insert_all(table: &Table) -> String {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let arrays: Vec<String> = (1..)
        .zip(table.columns)
        .map(|(at, column): (usize, _)| match column.kind {
            Kind::Int => format!("${at}::bigint[]"),
            Kind::Text => format!("${at}::text[]"),
            Kind::Blob => format!("${at}::bytea[]"),
        })
        .collect();
    format!("INSERT INTO {} ({}) SELECT * FROM unnest({})", table.name, columns.join(", "), arrays.join(", "))
}

fn bound(params: &[Param]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

async fn read(
    database: &Alone,
    version: i64,
    table: &Table,
    after: Option<&[Param]>,
    limit: usize,
) -> Result<Vec<Cells>, CopyError> {
    let sql = placeholders_for_postgres(&sql::select(table, version, after.is_some()));
    let limit = Param::Int(i64::try_from(limit).unwrap_or(i64::MAX));
    let mut params = bound(after.unwrap_or_default());
    params.push(&limit);
    let rows = database.rows(&sql, &params).await?;
    rows.iter().map(|row| read_cells(table, &Row::Postgres(row))).collect()
}

async fn count(database: &Alone, sql: &str) -> Result<u64, CopyError> {
    Ok(u64::try_from(database.number(sql).await?).unwrap_or_default())
}

async fn unfinished_copy(database: &Alone) -> Result<Option<Vec<u8>>, CopyError> {
    let rows = database.rows("SELECT deployment_id FROM unfinished_copies", &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let id = Row::Postgres(row).blob(0)?;
    Ok(Some(id))
}
