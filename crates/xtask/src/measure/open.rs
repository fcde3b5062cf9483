//! The load at a constant rate: requests are sent when they are due, whether or not others have been answered.
//!
//! A request's time counts from when it was due, not from when it was sent. Where a server stands still, a closed loop
//! ([`super::load`]) sends nothing, and has one slow answer where users would have had hundreds: coordinated omission
//! (Tene 2013). Here they are all due in the meantime, and all late.
//!
//! One thread a connection, since the timers of an event loop are a millisecond apart; those of the kernel, 50 µs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};

use super::answer;
use super::load::{Loaded, Requests};
use super::watch::now;

/// How long after the last request was due the load is given up.
const PATIENCE: Duration = Duration::from_secs(10);
/// Until every thread has its connection.
const LEAD: Duration = Duration::from_millis(20);

/// How much is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Requests a second of all connections together.
    pub(crate) per_second: u32,
    /// The most requests at a time; whoever is due while all wait is sent late, and its time counts on.
    pub(crate) connections: usize,
    /// For how long.
    pub(crate) time: Duration,
}

/// When requests are due, and which one is next.
struct Schedule {
    start: Instant,
    per_second: u64,
    count: u64,
    next: AtomicU64,
}

impl Schedule {
    /// When the next one is due; none when there are no more.
    fn take(&self) -> Option<Instant> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let nanos = number.saturating_mul(1_000_000_000) / self.per_second;
        (number < self.count).then(|| self.start + Duration::from_nanos(nanos))
    }
}

/// Loads a server. Each connection has its number, from 0. The times are from when a request was due to when its
/// answer had come.
///
/// # Errors
/// When a connection breaks, and when the server is so slow that requests are ten seconds late at the end.
pub(crate) fn load_at_rate<R: Requests>(
    address: SocketAddr,
    pace: Pace,
    requests: impl Fn(u64) -> R + Sync,
) -> anyhow::Result<Loaded> {
    let per_second = u64::from(pace.per_second.max(1));
    let count = (pace.time.as_secs_f64() * per_second as f64).ceil() as u64;
    let schedule = Schedule { start: now() + LEAD, per_second, count, next: AtomicU64::new(0) };
    let mut all = Loaded::default();
    thread::scope(|scope| {
        let (schedule, requests) = (&schedule, &requests);
        let drive = |number: usize| move || drive(address, schedule, pace.time, requests(number as u64));
        let lanes: Vec<_> = (0..pace.connections).map(|number| scope.spawn(drive(number))).collect();
        for lane in lanes {
            all.add(lane.join().map_err(|_| anyhow!("a load panicked"))??);
        }
        anyhow::Ok(())
    })?;
    all.took = schedule.start.elapsed();
    all.latencies.sort_unstable();
    Ok(all)
}

fn drive(
    address: SocketAddr,
    schedule: &Schedule,
    time: Duration,
    mut requests: impl Requests,
) -> anyhow::Result<Loaded> {
    let mut stream = TcpStream::connect(address).context("no connection")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(time + PATIENCE))?;
    let end = schedule.start + time + PATIENCE;
    let (mut request, mut buffer) = (Vec::with_capacity(1024), vec![0; 64 * 1024]);
    let mut loaded = Loaded::default();
    while let Some(due) = schedule.take() {
        wait_until(due);
        ensure!(now() < end, "the server is too slow for {} requests a second", schedule.per_second);
        request.clear();
        requests.write_next(&mut request);
        stream.write_all(&request)?;
        let status = read_answer(&mut stream, &mut buffer)?;
        loaded.count(status, now().saturating_duration_since(due));
    }
    Ok(loaded)
}

fn wait_until(due: Instant) {
    loop {
        let left = due.saturating_duration_since(now());
        if left.is_zero() {
            return;
        }
        thread::park_timeout(left);
    }
}

/// Reads one answer; nothing can come after it before the next request.
fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<u16> {
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            buffer.resize(filled * 2, 0);
        }
        let read = stream.read(buffer.get_mut(filled..).unwrap_or_default())?;
        ensure!(read > 0, "the server closed the connection");
        filled += read;
        if let Some(whole) = answer::first(buffer.get(..filled).unwrap_or_default()) {
            ensure!(whole.length == filled, "more than one answer to one request");
            return Ok(whole.status);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};

    use super::super::load::{Volume, load};
    use super::super::statistics::Measured;
    use super::*;

    const STALL: Duration = Duration::from_millis(400);
    const TIME: Duration = Duration::from_secs(1);

    struct Plain;

    impl Requests for Plain {
        fn write_next(&mut self, to: &mut Vec<u8>) {
            to.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
        }
    }

    /// Answers at once, but stands still once, at its hundredth request, with all of its connections.
    fn stalling_server() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let answered = Arc::new(Mutex::new(0_u32));
        thread::Builder::new()
            .spawn(move || {
                for stream in listener.incoming() {
                    let (mut stream, answered) = (stream.unwrap(), Arc::clone(&answered));
                    let answer = move || {
                        let mut buffer = [0; 1024];
                        while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                            let mut answered = answered.lock().unwrap();
                            *answered += 1;
                            if *answered == 100 {
                                wait_until(now() + STALL);
                            }
                            drop(answered);
                            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_err() {
                                return;
                            }
                        }
                    };
                    thread::Builder::new().spawn(answer).unwrap();
                }
            })
            .unwrap();
        address
    }

    fn p99(loaded: &Loaded) -> Duration {
        Duration::from_secs_f64(Measured::new(loaded, Duration::ZERO).p99 / 1e6)
    }

    #[test]
    fn a_server_that_stood_still_shows_at_a_constant_rate_and_not_in_a_closed_loop() {
        let volume = Volume { connections: 2, time: TIME, per_second: None };
        let closed = load(stalling_server(), volume, |_| Plain).unwrap();
        // 400 of the 1,000 requests were due while it stood still.
        let pace = Pace { per_second: 1_000, connections: 2, time: TIME };
        let open = load_at_rate(stalling_server(), pace, |_| Plain).unwrap();
        assert!(closed.latencies.last().is_some_and(|most| u128::from(*most) >= STALL.as_nanos()));
        assert!(p99(&closed) < STALL / 2, "closed: {:?}", p99(&closed));
        assert!(p99(&open) > STALL * 3 / 4, "open: {:?}", p99(&open));
    }

    #[test]
    fn as_many_are_sent_as_the_rate_says() {
        let pace = Pace { per_second: 500, connections: 4, time: Duration::from_millis(300) };
        let open = load_at_rate(stalling_server(), pace, |_| Plain).unwrap();
        assert_eq!(open.latencies.len(), 150);
        assert!(open.took >= Duration::from_millis(298));
    }

    #[test]
    fn a_refusal_is_counted_apart() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut buffer = [0; 1024];
                while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                    stream.write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n").unwrap();
                }
            });
            let pace = Pace { per_second: 100, connections: 1, time: Duration::from_millis(50) };
            let open = load_at_rate(address, pace, |_| Plain).unwrap();
            assert_eq!(open.refused.get(&503), Some(&5));
            assert!(open.without_refusals().is_err());
        });
    }
}
