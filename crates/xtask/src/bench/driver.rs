//! PostgreSQL without Keyholt: what a driver does in a closed loop, on the same server.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Instant;

use anyhow::Context;
use tokio::task::{JoinSet, LocalSet};
use tokio_postgres::{Client, NoTls, Statement};

use crate::measure::{Loaded, Volume, id_of, now, scattered};

/// The most connections; more clients share them, and their statements are pipelined.
const CONNECTIONS: usize = 32;
/// The row that Keyholt reads for a get, by the same key.
const SELECT: &str = "SELECT * FROM secrets WHERE org_id = $1 AND collection_id = $1 AND id = $2";
/// What a table without Keyholt would be: a name, what is shown of it, and a sealed value.
const TABLE: &str = "CREATE EXTENSION IF NOT EXISTS pgcrypto;
    CREATE TABLE ai_keys (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        name text NOT NULL UNIQUE,
        type text,
        metadata jsonb,
        preview text,
        value bytea NOT NULL,
        created timestamptz NOT NULL DEFAULT now()
    )";
const INSERT: &str = "INSERT INTO ai_keys (name, type, metadata, preview, value)
    VALUES ($1, 'openai', '{\"supportsStreaming\": true}', right($2, 4), pgp_sym_encrypt($2, $3))";
/// As long as a good one.
const PASSPHRASE: &str = "a-passphrase-of-a-table-that-is-deleted-afterwards";

/// What the driver is asked for.
#[derive(Clone)]
pub(super) enum Query {
    /// One of so many secrets of this organisation.
    Select {
        /// The organisation's id.
        org: Vec<u8>,
        /// How many secrets there are.
        stored: u64,
    },
    /// A new row.
    Insert,
}

impl Query {
    /// A select in a database that Keyholt has filled.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn select(url: &str, stored: u64) -> anyhow::Result<Self> {
        let id = bytes_of(&id_of(0));
        let org = on(url, async move |client| {
            let row = client.query_one("SELECT org_id FROM secrets WHERE id = $1", &[&id]).await?;
            Ok(row.try_get(0)?)
        })?;
        Ok(Self::Select { org, stored })
    }

    /// An insert into a new table of this database.
    ///
    /// # Errors
    /// When PostgreSQL has no pgcrypto.
    pub(super) fn insert(url: &str) -> anyhow::Result<Self> {
        on(url, async |client| Ok(client.batch_execute(TABLE).await?)).context("pgcrypto is not installed")?;
        Ok(Self::Insert)
    }

    const fn text(&self) -> &'static str {
        match self {
            Self::Select { .. } => SELECT,
            Self::Insert => INSERT,
        }
    }
}

/// Asks so much.
///
/// # Errors
/// When a connection breaks or a statement is refused.
pub(super) fn load(url: &str, query: &Query, volume: Volume, run: u64) -> anyhow::Result<Loaded> {
    block_on(async {
        let mut clients = Vec::new();
        for _ in 0..volume.connections.min(CONNECTIONS) {
            let client = connect(url).await?;
            let statement = client.prepare(query.text()).await?;
            clients.push(Rc::new((client, statement)));
        }
        let mut workers = JoinSet::new();
        let (start, last) = (now(), Rc::new(Cell::new(now())));
        for (number, lane) in (0..volume.connections as u64).zip(clients.iter().cycle()) {
            let worker = Worker { lane: Rc::clone(lane), query: query.clone(), run, number };
            let last = Rc::clone(&last);
            workers.spawn_local(async move {
                let latencies = worker.drive(start + volume.time).await?;
                last.set(now());
                anyhow::Ok(latencies)
            });
        }
        let mut all = Loaded::default();
        while let Some(one) = workers.join_next().await {
            all.latencies.extend(one??);
        }
        all.took = last.get().duration_since(start);
        all.latencies.sort_unstable();
        Ok(all)
    })
}

struct Worker {
    lane: Rc<(Client, Statement)>,
    query: Query,
    run: u64,
    number: u64,
}

impl Worker {
    /// Until then; gives the times in nanoseconds.
    async fn drive(&self, end: Instant) -> anyhow::Result<Vec<u64>> {
        let (mut latencies, mut count) = (Vec::new(), 0);
        let mut sent = now();
        while sent < end {
            count += 1;
            self.ask(count).await?;
            let received = now();
            latencies.push(u64::try_from(received.duration_since(sent).as_nanos()).unwrap_or(u64::MAX));
            sent = received;
        }
        Ok(latencies)
    }

    async fn ask(&self, count: u64) -> anyhow::Result<()> {
        let (client, statement) = &*self.lane;
        let random = scattered(self.run << 48 ^ self.number << 36 ^ count);
        match &self.query {
            Query::Select { org, stored } => {
                let id = bytes_of(&id_of(random % stored.max(&1)));
                let row = client.query_one(statement, &[org, &id]).await?;
                row.try_get::<_, &[u8]>("details")?;
            }
            Query::Insert => {
                let name = format!("made-{}-{}-{count}", self.run, self.number);
                client.execute(statement, &[&name, &format!("sk-proj-{random:040x}"), &PASSPHRASE]).await?;
            }
        }
        Ok(())
    }
}

/// The 16 bytes of an id.
fn bytes_of(id: &str) -> Vec<u8> {
    let digits: Vec<u8> = id.bytes().filter(|byte| *byte != b'-').collect();
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    digits.chunks(2).filter_map(byte).collect()
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // What goes wrong there is the client's error too.
    #[expect(
        clippy::disallowed_methods,
        reason = "it ends with its client, and the thread's tasks with the measurement"
    )]
    tokio::task::spawn_local(async move { connection.await.map_or((), drop) });
    Ok(client)
}

/// Does something on one connection.
fn on<T>(url: &str, ask: impl AsyncFnOnce(&Client) -> anyhow::Result<T>) -> anyhow::Result<T> {
    block_on(async { ask(&connect(url).await?).await })
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, work)
}

/// The URL of a database there, without TLS, as over a loopback network.
pub(super) fn url_of(address: SocketAddr, password: &str, database: &str) -> String {
    format!("postgres://postgres:{password}@{address}/{database}?sslmode=disable")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_sixteen_bytes() {
        assert_eq!(bytes_of("00000019-0000-7000-8000-0000000000ff").len(), 16);
        assert_eq!(bytes_of(&id_of(0xFF)).last(), Some(&0xFF));
    }
}
