//! How long a chunk of a stream is on its way, at a bounded rate.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, timeout};

use super::provider::{EVENTS, SENT, number_after};
use super::requests::{Shape, Way};
use super::unchunk::Unchunk;
use crate::measure::{Program, find, header, now, stamp};

/// The longest that nothing may come.
const SILENCE: Duration = Duration::from_secs(30);

/// The delays of one measurement: from the provider's clock before it writes an event to when all of it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delays {
    /// Events a second, of all streams.
    pub(crate) rate: f64,
    /// The delay that half of them have at most, in microseconds.
    pub(crate) p50: f64,
    /// The delay that 99 in 100 have at most, in microseconds.
    pub(crate) p99: f64,
    /// The longest, in microseconds.
    pub(crate) most: f64,
    /// The server's processor time for one event, in microseconds.
    pub(crate) cpu: f64,
}

impl Delays {
    /// Of delays in nanoseconds.
    fn of(mut delays: Vec<u64>, took: Duration, processor_time: Duration) -> Self {
        delays.sort_unstable();
        let last = delays.len().saturating_sub(1);
        let at = |share: usize| delays.get(last * share / 100).copied().unwrap_or_default() as f64 / 1e3;
        let count = delays.len().max(1) as f64;
        Self {
            rate: delays.len() as f64 / took.as_secs_f64(),
            p50: at(50),
            p99: at(99),
            most: at(100),
            cpu: processor_time.as_secs_f64() * 1e6 / count,
        }
    }

    /// For programs.
    pub(crate) fn json(self) -> Value {
        let Self { rate, p50, p99, most, cpu } = self;
        json!({ "chunks_per_second": rate, "p50_us": p50, "p99_us": p99, "most_us": most, "cpu_us": cpu })
    }
}

/// Measures so many streams that together have so many events a second.
///
/// # Errors
/// When a stream is refused, breaks off, lacks an event or falls silent.
pub(crate) fn delays(
    server: &Program,
    way: &Way,
    streams: u32,
    rate: u32,
    time: Duration,
) -> anyhow::Result<Delays> {
    let pause = Duration::from_secs_f64(f64::from(streams) / f64::from(rate));
    let before = server.processor_time()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (all, took) = LocalSet::new().block_on(&runtime, async {
        let start = now();
        let mut readers = JoinSet::new();
        for number in 0..streams {
            let way = way.clone();
            readers.spawn_local(async move {
                // Not all at the same moment.
                sleep(pause * number / streams).await;
                read_streams(&way, pause, start + time).await
            });
        }
        let mut all = Vec::new();
        while let Some(one) = readers.join_next().await {
            all.extend(one??);
        }
        anyhow::Ok((all, start.elapsed()))
    })?;
    Ok(Delays::of(all, took, server.processor_time()?.saturating_sub(before)))
}

/// One stream after the other on one connection, until the time is over.
async fn read_streams(way: &Way, pause: Duration, end: Instant) -> anyhow::Result<Vec<u64>> {
    let request = way.request(Shape::Paced(pause));
    let mut stream = TcpStream::connect(way.address).await?;
    stream.set_nodelay(true)?;
    let mut delays = Vec::new();
    while now() < end {
        stream.write_all(&request).await?;
        let before = delays.len();
        read_stream(&mut stream, &mut delays).await?;
        let events = delays.len() - before;
        ensure!(events == EVENTS as usize, "{events} events in place of {EVENTS}");
    }
    Ok(delays)
}

async fn read_stream(stream: &mut TcpStream, delays: &mut Vec<u64>) -> anyhow::Result<()> {
    let mut bytes = Vec::with_capacity(16 * 1024);
    let start = loop {
        ensure!(read(stream, &mut bytes).await? > 0, "the connection ended");
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = bytes.get(..start).unwrap_or_default();
    ensure!(head.starts_with(b"HTTP/1.1 200"), "a stream is refused");
    ensure!(header(head, b"transfer-encoding: ") == Some("chunked"), "a stream that is not in chunks");
    bytes.drain(..start);
    let (mut unchunk, mut events) = (Unchunk::default(), Events::default());
    loop {
        events.push(&mut unchunk, &bytes, stamp(), delays)?;
        if unchunk.has_ended() {
            return Ok(());
        }
        bytes.clear();
        ensure!(read(stream, &mut bytes).await? > 0, "the stream broke off");
    }
}

async fn read(stream: &mut TcpStream, to: &mut Vec<u8>) -> anyhow::Result<usize> {
    Ok(timeout(SILENCE, stream.read_buf(to)).await.context("nothing comes")??)
}

/// Events, of which the last may not have come whole.
#[derive(Default)]
struct Events {
    text: Vec<u8>,
}

impl Events {
    /// Adds the delay of each event whose end is among these bytes, which came at that time.
    fn push(
        &mut self,
        unchunk: &mut Unchunk,
        bytes: &[u8],
        came: u64,
        delays: &mut Vec<u64>,
    ) -> anyhow::Result<()> {
        unchunk.push(bytes, &mut self.text)?;
        while let Some(end) = find(&self.text, b"\n\n") {
            let event = self.text.get(..end).unwrap_or_default();
            delays.extend(number_after(event, SENT).map(|sent| came.saturating_sub(sent)));
            self.text.drain(..end + 2);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_counts_when_its_end_has_come() {
        let (mut events, mut unchunk, mut delays) = (Events::default(), Unchunk::default(), Vec::new());
        let body = b"14\r\ndata: {\"sent_ns\":10}\r\n2\r\n\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";
        for (time, byte) in (100..).zip(body) {
            events.push(&mut unchunk, &[*byte], time, &mut delays).unwrap();
        }
        // The second line end is the 31st byte.
        assert_eq!(delays, [120]);
        assert!(unchunk.has_ended() && events.text.is_empty());
    }

    #[test]
    fn percentiles_are_of_sorted_delays() {
        let delays = (0..=100).rev().map(|micros| micros * 1000).collect();
        let delays = Delays::of(delays, Duration::from_secs(1), Duration::from_micros(202));
        assert_eq!((delays.p50, delays.p99, delays.most), (50.0, 99.0, 100.0));
        assert_eq!((delays.rate, delays.cpu), (101.0, 2.0));
    }
}
