//! The load: each connection sends its next request when the answer to the last one has come.
//!
//! One thread with one event loop, so that it takes as little of the machine as it can from the server.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

use super::answer;
use super::operation::Operation;
use super::watch::now;

/// What came of a load.
#[derive(Default)]
pub(super) struct Loaded {
    /// From the first request to the last answer.
    pub(super) took: Duration,
    /// The time of each answer with 200, in nanoseconds, sorted.
    pub(super) latencies: Vec<u64>,
    /// How many answers had another status.
    pub(super) refused: BTreeMap<u16, u64>,
}

/// Loads a server with so many connections for so long.
///
/// # Errors
/// When a connection breaks, or an answer is not 200.
pub(super) fn load(
    address: SocketAddr,
    operation: Operation,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Loaded> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let operation = Rc::new(operation);
        let mut workers = JoinSet::new();
        let start = now();
        for number in 0..connections {
            let stream = TcpStream::connect(address).await.context("no connection")?;
            stream.set_nodelay(true)?;
            let operation = Rc::clone(&operation);
            workers.spawn_local(async move { drive(stream, &operation, number as u64, start + time).await });
        }
        let mut all = Loaded::default();
        while let Some(one) = workers.join_next().await {
            let one = one??;
            all.latencies.extend(one.latencies);
            for (status, count) in one.refused {
                *all.refused.entry(status).or_default() += count;
            }
        }
        all.took = start.elapsed();
        all.latencies.sort_unstable();
        ensure!(all.refused.is_empty(), "answers that are not 200: {:?}", all.refused);
        Ok(all)
    })
}

async fn drive(
    mut stream: TcpStream,
    operation: &Operation,
    connection: u64,
    end: Instant,
) -> anyhow::Result<Loaded> {
    let mut loaded = Loaded::default();
    let mut requests = operation.requests(connection);
    let mut request = Vec::with_capacity(1024);
    let mut buffer = vec![0; 64 * 1024];
    let mut sent = now();
    while sent < end {
        request.clear();
        requests.write_next(&mut request);
        stream.write_all(&request).await?;
        let status = read_answer(&mut stream, &mut buffer).await?;
        let received = now();
        if status == 200 {
            loaded.latencies.push(u64::try_from(received.duration_since(sent).as_nanos()).unwrap_or(u64::MAX));
        } else {
            *loaded.refused.entry(status).or_default() += 1;
        }
        sent = received;
    }
    Ok(loaded)
}

/// Reads one answer; nothing can come after it before the next request.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<u16> {
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            buffer.resize(filled * 2, 0);
        }
        let read = stream.read(buffer.get_mut(filled..).unwrap_or_default()).await?;
        ensure!(read > 0, "the server closed the connection");
        filled += read;
        if let Some(whole) = answer::first(buffer.get(..filled).unwrap_or_default()) {
            ensure!(whole.length == filled, "more than one answer to one request");
            return Ok(whole.status);
        }
    }
}
