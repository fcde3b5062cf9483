//! Requests that come at a constant rate, whether or not others have been answered.
//!
//! Each is due at a time of its own, and its answer's time counts from then: nothing is left out because the server
//! kept others waiting (coordinated omission). The next free connection takes it. Where none is free in time, it is not
//! sent and counted as such, as a client gives up that finds no connection.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

use super::answers;
use super::mix::Mix;
use super::served::{Served, Window};
use crate::measure::now;

/// How late a request may be sent. Timers of the load go by milliseconds.
const LATEST: Duration = Duration::from_millis(10);

/// How much comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Volume {
    /// On how many connections.
    pub(super) connections: usize,
    /// How many requests in a second; none is as many as are answered.
    pub(super) rate: Option<f64>,
    /// For how long.
    pub(super) time: Duration,
    /// Whether a client that is told to come back later asks again at once.
    pub(super) is_impatient: bool,
    /// The number of the first request.
    pub(super) first: u64,
}

/// What all connections share.
struct Schedule {
    start: Instant,
    end: Instant,
    /// Between two requests.
    pause: Option<Duration>,
    next: Cell<u64>,
    first: u64,
    served: RefCell<Served>,
}

impl Schedule {
    /// The next request that is not due too long ago, and when it is due; none when there are no more.
    fn next(&self) -> Option<(u64, Instant)> {
        loop {
            let number = self.next.get();
            self.next.set(number + 1);
            let now = now();
            let due = match self.pause {
                Some(pause) => self.start + pause.mul_f64(number as f64),
                None => now,
            };
            if due >= self.end {
                return None;
            }
            if now <= due + LATEST {
                return Some((self.first + number, due));
            }
            self.served.borrow_mut().not_sent += 1;
        }
    }
}

/// Lets so much come.
///
/// # Errors
/// When a connection cannot be made or breaks.
pub(super) async fn arrive(address: SocketAddr, mix: &Mix, volume: Volume) -> anyhow::Result<Served> {
    let mut streams = Vec::new();
    for _ in 0..volume.connections {
        let stream = TcpStream::connect(address).await.context("no connection")?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let start = now();
    let schedule = Rc::new(Schedule {
        start,
        end: start + volume.time,
        pause: volume.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
        next: Cell::new(0),
        first: volume.first,
        served: RefCell::new(Served::new(volume.time)),
    });
    let local = LocalSet::new();
    let mut clients = JoinSet::new();
    for stream in streams {
        clients.spawn_local_on(client(stream, mix.clone(), Rc::clone(&schedule), volume.is_impatient), &local);
    }
    local
        .run_until(async {
            while let Some(ended) = clients.join_next().await {
                ended??;
            }
            anyhow::Ok(())
        })
        .await?;
    Ok(schedule.served.take().ended())
}

async fn client(
    mut stream: TcpStream,
    mix: Mix,
    schedule: Rc<Schedule>,
    is_impatient: bool,
) -> anyhow::Result<()> {
    let (mut request, mut buffer) = (Vec::with_capacity(1024), vec![0; 8192]);
    while let Some((number, due)) = schedule.next() {
        if due > now() {
            tokio::time::sleep_until(due.into()).await;
        }
        mix.write(number, &mut request);
        stream.write_all(&request).await?;
        let answer = answers::read(&mut stream, &mut buffer).await?;
        let taken = now().duration_since(due);
        let window = Window::at(due.duration_since(schedule.start));
        schedule.served.borrow_mut().answered(window, answer, mix.is_lookup(number), taken);
        if let Some(seconds) = answer.retry_after
            && !is_impatient
        {
            let later = now() + Duration::from_secs(seconds);
            tokio::time::sleep_until(later.min(schedule.end).into()).await;
        }
    }
    Ok(())
}
