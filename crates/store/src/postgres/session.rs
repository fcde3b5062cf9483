//! One connection, set up: what is asked over it, and what is known of the server at its other end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use futures_util::{StreamExt, TryStreamExt};
use tokio::sync::watch;
use tokio_postgres::{AsyncMessage, Client, Error, Statement};

use super::tls::Driver;
use crate::dialect::placeholders_for_postgres;
use crate::param::{Param, Row};
use crate::{Durability, StoreError};

/// Every statement of ours has an index that serves it, and joins few rows. A table that has just grown has the statistics
/// of an empty one, by which the planner would read all of it for each row that is asked for, until somebody analyses it.
const PLANS: &str = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;
    SET enable_hashjoin = off; SET enable_mergejoin = off; SET plan_cache_mode = force_generic_plan;";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reads, many at a time.
    Reading,
    /// Changes, one at a time.
    Writing,
    /// Watching, and bringing the schema up to date.
    Keeping,
}

/// The server at the other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    /// Tells it from every other one, and from itself before a restart: by whichever of its addresses it is reached.
    pub(super) identity: Box<str>,
    /// What a commit there survives.
    pub(super) durability: Durability,
    /// Its clock, in microseconds since 1970.
    pub(super) now: i64,
}

/// One connection.
pub(super) struct Session {
    client: Client,
    /// By address and length of the text: each text stands once in the program, or a few times, which does no harm.
    statements: Mutex<HashMap<(usize, usize), Statement>>,
    /// The server's identity, once it is known.
    home: OnceLock<Box<str>>,
    ended: watch::Sender<bool>,
    has_warned: AtomicBool,
    /// How many ask at this moment.
    pub(super) busy: AtomicUsize,
    /// How many answers have come.
    answers: AtomicU64,
}

/// Why a row was not read.
pub(super) enum NotRead {
    /// The database did not give it.
    Database(Error),
    /// It is not of the form it was written in.
    Row(StoreError),
}

impl From<Error> for NotRead {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl Session {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            statements: Mutex::default(),
            home: OnceLock::new(),
            ended: watch::Sender::new(false),
            has_warned: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
            answers: AtomicU64::new(0),
        }
    }

    /// Moves what is sent and received until the connection ends or is broken off; tells `notified` of notifications.
    pub(super) async fn drive(&self, mut driver: Driver, notified: impl Fn()) {
        let mut ended = self.ended.subscribe();
        loop {
            tokio::select! {
                said = driver.next() => match said {
                    Some(Ok(AsyncMessage::Notification(_))) => notified(),
                    // `client_min_messages` lets warnings through and nothing less.
                    Some(Ok(AsyncMessage::Notice(_))) => self.has_warned.store(true, Ordering::SeqCst),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => break,
                },
                _ = ended.wait_for(|ended| *ended) => break,
            }
        }
        self.break_off();
    }

    /// Ends the connection at once.
    pub(super) fn break_off(&self) {
        self.ended.send_replace(true);
    }

    pub(super) fn has_ended(&self) -> bool {
        *self.ended.borrow() || self.client.is_closed()
    }

    /// Waits until the connection has ended.
    pub(super) async fn ended(&self) {
        // The sender lives as long as this.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    /// Says which server this is, once.
    pub(super) fn know(&self, identity: &str) {
        let _ = self.home.set(identity.into());
    }

    /// Whether this is that server, as far as it is known which one this is.
    pub(super) fn is_of(&self, identity: &str) -> bool {
        self.home.get().is_some_and(|home| **home == *identity)
    }

    /// How many answers to reads have come.
    pub(super) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// How what runs over this connection is called off.
    pub(super) fn cancel_token(&self) -> tokio_postgres::CancelToken {
        self.client.cancel_token()
    }

    /// Settings of the connection. What is waited for ends by itself, so that nothing hangs.
    pub(super) async fn set_up(&self, purpose: Purpose) -> Result<(), Error> {
        let deadlines = match purpose {
            Purpose::Reading => "SET statement_timeout = '4s'; SET lock_timeout = '2s';",
            Purpose::Writing => {
                "SET statement_timeout = '8s'; SET lock_timeout = '3s';
                 SET idle_in_transaction_session_timeout = '5s';"
            }
            Purpose::Keeping => "SET statement_timeout = '60s'; SET lock_timeout = '60s';",
        };
        let settings = format!(
            "SET client_min_messages = warning; SET default_transaction_isolation = 'read committed';
             SET jit = off; {PLANS} {deadlines}
             SELECT set_config('synchronous_commit', 'on', false)
             WHERE current_setting('synchronous_commit') IN ('off', 'local')"
        );
        self.client.batch_execute(&settings).await
    }

    /// Asks what server this is.
    pub(super) async fn server(&self) -> Result<Server, Error> {
        // A commit waits for a standby where one is named; which ones are there at the moment does not change that.
        let row = self
            .client
            .query_one(
                "SELECT concat(extract(epoch FROM pg_postmaster_start_time()), ' ', inet_server_port()),
                        current_setting('synchronous_standby_names') <> '',
                        (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
                &[],
            )
            .await?;
        let durability = if row.try_get(1)? { Durability::Replicated } else { Durability::LocalOnly };
        let identity: String = row.try_get(0)?;
        Ok(Server { identity: identity.into(), durability, now: row.try_get(2)? })
    }

    /// Carries texts of ours out, one after the other.
    pub(super) async fn run(&self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await
    }

    /// One number, of a text that is asked once in a while.
    pub(super) async fn number(&self, sql: &str) -> Result<Option<i64>, Error> {
        self.client.query_one(sql, &[]).await?.try_get(0)
    }

    /// One text, likewise.
    pub(super) async fn text(&self, sql: &str) -> Result<String, Error> {
        self.client.query_one(sql, &[]).await?.try_get(0)
    }

    /// Carries a statement out; gives how many rows it touched.
    pub(super) async fn execute(&self, sql: &'static str, params: &[Param]) -> Result<u64, Error> {
        let statement = self.statement(sql).await?;
        self.client.execute_raw(&statement, params.iter()).await
    }

    /// Reads rows, up to the first after which it does not go on.
    pub(super) async fn fetch<T>(
        &self,
        sql: &'static str,
        params: &[Param],
        read: &impl Fn(&Row<'_>) -> Result<T, StoreError>,
        goes_on: &mut impl FnMut(&T) -> bool,
    ) -> Result<Vec<T>, NotRead> {
        let statement = self.statement(sql).await?;
        let rows = self.client.query_raw(&statement, params.iter()).await;
        // Also when it refuses.
        self.answers.fetch_add(1, Ordering::Relaxed);
        let rows = rows?;
        let mut rows = std::pin::pin!(rows);
        let mut found = Vec::new();
        while let Some(row) = rows.try_next().await? {
            let row = read(&Row::Postgres(&row)).map_err(NotRead::Row)?;
            let is_last = !goes_on(&row);
            found.push(row);
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    /// The statement, prepared the first time that it is asked for.
    pub(super) async fn statement(&self, sql: &'static str) -> Result<Statement, Error> {
        let key = (sql.as_ptr().addr(), sql.len());
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(&placeholders_for_postgres(sql)).await?;
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).insert(key, statement.clone());
        Ok(statement)
    }

    /// Whether the server has warned since this was last asked.
    pub(super) fn take_warning(&self) -> bool {
        self.has_warned.swap(false, Ordering::SeqCst)
    }
}
