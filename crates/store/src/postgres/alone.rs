//! One connection for one long piece of work, such as a copy.

use std::collections::HashMap;

use futures_util::StreamExt;
use tokio::task::JoinSet;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::tls::{self, Connected};
use super::url::PostgresUrl;
use super::{database, problem};
use crate::{OpenError, StoreError};

/// A connection that one piece of work has to itself. It is not made again when it is lost.
pub(crate) struct Alone {
    client: Client,
    statements: tokio::sync::Mutex<HashMap<String, Statement>>,
    /// Moves what is sent and received; ended when this is dropped.
    _driver: JoinSet<()>,
}

impl Alone {
    /// Connects; brings the schema up to date first, unless it is only read.
    ///
    /// # Errors
    /// When the database cannot be reached or used as it is, or the schema is of a later version.
    pub(crate) async fn connect(url: &PostgresUrl, for_reading: bool) -> Result<Self, OpenError> {
        database::prepare(url, for_reading).await?;
        let Connected { client, mut driver } =
            tls::connect(url).await.map_err(|problem| OpenError::Database { problem: problem.to_string() })?;
        let mut tasks = JoinSet::new();
        // What the server says beside its answers is not for a copy.
        tasks.spawn(async move { while let Some(Ok(_)) = driver.next().await {} });
        let alone = Self { client, statements: tokio::sync::Mutex::default(), _driver: tasks };
        // A batch takes a moment, but the whole may take long; rows are always read along an index, also in tables of
        // which the planner knows nothing yet.
        let settings =
            "SET client_min_messages = warning; SET statement_timeout = '300s'; SET lock_timeout = '10s';
             SET idle_in_transaction_session_timeout = 0; SET jit = off;
             SET enable_seqscan = off; SET enable_sort = off;
             SELECT set_config('synchronous_commit', CASE
                 WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on'
                 ELSE current_setting('synchronous_commit') END, false)";
        let set_up = alone.run(settings).await;
        set_up.map_err(|problem| OpenError::Database { problem: problem.to_string() })?;
        Ok(alone)
    }

    /// Carries texts of ours out, one after the other.
    ///
    /// # Errors
    /// When the database refuses, or the connection is lost.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.client.batch_execute(sql).await.map_err(|error| problem::of_read(&error))
    }

    /// One number.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub(crate) async fn number(&self, sql: &str) -> Result<i64, StoreError> {
        let row = self.client.query_one(sql, &[]).await.map_err(|error| problem::of_read(&error))?;
        row.try_get(0).map_err(|error| problem::of_read(&error))
    }

    /// Rows, of a statement with PostgreSQL's placeholders.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub(crate) async fn rows(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        let asked = async { self.client.query(&self.statement(sql).await?, params).await };
        asked.await.map_err(|error| problem::of_read(&error))
    }

    /// Carries a statement out.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub(crate) async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<(), StoreError> {
        let asked = async { self.client.execute(&self.statement(sql).await?, params).await };
        asked.await.map(drop).map_err(|error| problem::of_read(&error))
    }

    async fn statement(&self, sql: &str) -> Result<Statement, Error> {
        let mut statements = self.statements.lock().await;
        if let Some(statement) = statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}
