//! The load: each connection sends its next request when the answer to the last one has come.
//!
//! One thread with one event loop, so that it takes as little of the machine as it can from the server.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

use super::answer;
use super::watch::now;

/// What one connection asks for.
pub(crate) trait Requests {
    /// Writes the next request.
    fn write_next(&mut self, to: &mut Vec<u8>);

    /// Whether it asks for no more, though there is time left.
    fn is_done(&self) -> bool {
        false
    }
}

/// How much is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Volume {
    /// How many connections ask at a time.
    pub(crate) connections: usize,
    /// For how long.
    pub(crate) time: Duration,
    /// The most requests a second of all connections together; as many as are answered when not given.
    pub(crate) per_second: Option<u32>,
}

/// What came of a load.
#[derive(Default)]
pub(crate) struct Loaded {
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// The time of each answer with 200, in nanoseconds, sorted.
    pub(crate) latencies: Vec<u64>,
    /// How many answers had another status.
    pub(crate) refused: BTreeMap<u16, u64>,
}

impl Loaded {
    /// The same when every request was answered with 200.
    ///
    /// # Errors
    /// When one was not.
    pub(crate) fn without_refusals(self) -> anyhow::Result<Self> {
        ensure!(self.refused.is_empty(), "answers that are not 200: {:?}", self.refused);
        Ok(self)
    }

    /// Counts an answer that took so long.
    pub(super) fn count(&mut self, status: u16, time: Duration) {
        if status == 200 {
            self.latencies.push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        } else {
            *self.refused.entry(status).or_default() += 1;
        }
    }

    /// Adds what came of another connection.
    pub(super) fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        for (status, count) in other.refused {
            *self.refused.entry(status).or_default() += count;
        }
    }
}

/// Loads a server. Each connection has its number, from 0.
///
/// # Errors
/// When a connection breaks.
pub(crate) fn load<R: Requests + 'static>(
    address: SocketAddr,
    volume: Volume,
    requests: impl Fn(u64) -> R,
) -> anyhow::Result<Loaded> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let mut workers = JoinSet::new();
        let start = now();
        let pause =
            volume.per_second.map(|rate| Duration::from_secs_f64(volume.connections as f64 / f64::from(rate)));
        for number in 0..volume.connections {
            let stream = TcpStream::connect(address).await.context("no connection")?;
            stream.set_nodelay(true)?;
            let requests = requests(number as u64);
            workers.spawn_local(async move { drive(stream, requests, pause, start + volume.time).await });
        }
        let mut all = Loaded::default();
        while let Some(one) = workers.join_next().await {
            all.add(one??);
        }
        all.took = start.elapsed();
        all.latencies.sort_unstable();
        Ok(all)
    })
}

async fn drive(
    mut stream: TcpStream,
    mut requests: impl Requests,
    pause: Option<Duration>,
    end: Instant,
) -> anyhow::Result<Loaded> {
    let mut loaded = Loaded::default();
    let mut request = Vec::with_capacity(1024);
    let mut buffer = vec![0; 64 * 1024];
    let mut sent = now();
    let mut due = sent;
    while sent < end && !requests.is_done() {
        request.clear();
        requests.write_next(&mut request);
        stream.write_all(&request).await?;
        let status = read_answer(&mut stream, &mut buffer).await?;
        let received = now();
        loaded.count(status, received.duration_since(sent));
        sent = received;
        if let Some(pause) = pause {
            // Whoever is late does not wait, so that the rate holds on average.
            due += pause;
            if due > sent {
                tokio::time::sleep_until(due.into()).await;
                sent = now();
            }
        }
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
