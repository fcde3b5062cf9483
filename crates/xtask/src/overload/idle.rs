//! Connections on which nothing is asked for, and such that send a byte a second.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::answers;
use super::arguments::OverloadArgs;
use super::arrivals::{Volume, arrive};
use super::bars::Bars;
use super::mix::Mix;
use crate::measure::{KEY, Program, fill, now};

/// How many connections drip.
const DRIPPING: usize = 1_000;
/// After this nobody may drip any more: the deadline of heads is 10 s.
const DRIP_END: Duration = Duration::from_secs(15);
/// What others ask for in a second.
const RATE: f64 = 1_000.0;

/// The option of the server that is measured: all connections come from one address.
pub(super) fn options() -> [String; 2] {
    ["--limits-connections-per-address".to_owned(), "0".to_owned()]
}

/// Measures both.
///
/// # Errors
/// When the server fails, or the system does not allow as many connections.
pub(super) async fn measure(
    arguments: &OverloadArgs,
    keyholt: &Program,
    bars: &mut Bars,
) -> anyhow::Result<()> {
    let address = keyholt.address;
    fill(address, 10_000)?;
    let mix = Mix::gets(address, KEY);
    let time = Duration::from_secs((arguments.secs / 6).max(2));
    let others = Volume { connections: 16, rate: Some(RATE), time, is_impatient: false, first: 0 };
    arrive(address, &mix, others).await?;
    let alone = arrive(address, &mix, Volume { first: 1 << 32, ..others }).await?;
    println!(
        "others alone: p50 {:.2} ms, p99 {:.2} ms, of parts {} ms",
        alone.p50(),
        alone.p99(),
        alone.p99s()
    );

    let start = now();
    let mut dripping = JoinSet::new();
    for _ in 0..DRIPPING {
        dripping.spawn(drip(address));
    }
    let beside = arrive(address, &mix, Volume { first: 2 << 32, ..others }).await?;
    let mut ended = 0;
    while let Ok(Some(one)) =
        tokio::time::timeout(DRIP_END.saturating_sub(start.elapsed()), dripping.join_next()).await
    {
        ended += usize::from(one?);
    }
    dripping.abort_all();
    let (p50, p99) = (beside.p50(), beside.p99s());
    println!(
        "{DRIPPING} connections that drip: {ended} ended by the server; others p50 {p50:.2} ms, p99 {:.2} ms, of parts {p99} ms",
        beside.p99()
    );
    bars.at_least("drip: connections that the server ended in 15 s", ended as f64, DRIPPING as f64, "");
    bars.at_most("drip: p99 of others, to that alone", beside.p99() / alone.p99(), 1.5, "");

    let resident = keyholt.resident()?;
    let mut idle = Vec::new();
    for _ in 0..arguments.idle {
        idle.push(used_once(address).await.context("not so many connections are allowed (ulimit -n)")?);
    }
    let beside = arrive(address, &mix, Volume { first: 3 << 32, ..others }).await?;
    let growth = keyholt.resident()?.saturating_sub(resident) as f64 / f64::from(1 << 20);
    let (count, p50, p99) = (idle.len(), beside.p50(), beside.p99s());
    println!(
        "{count} idle connections: {growth:.1} MiB more; others p50 {p50:.2} ms, p99 {:.2} ms, of parts {p99} ms",
        beside.p99()
    );
    bars.at_most("idle: growth of memory", growth, 200.0, "MiB");
    bars.at_most("idle: p99 of others, to that alone", beside.p99() / alone.p99(), 2.0, "");
    Ok(())
}

/// A connection on which something was asked for once.
async fn used_once(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    answers::read(&mut stream, &mut Vec::new()).await?;
    Ok(stream)
}

/// Sends a byte a second until the server ends the connection; true when it does.
async fn drip(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address).await else { return false };
    if stream.write_all(b"GET / HTTP/1.1\r\nX: ").await.is_err() {
        return false;
    }
    let mut buffer = [0; 512];
    loop {
        match tokio::time::timeout(Duration::from_secs(1), stream.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return true,
            // A refusal; the end follows.
            Ok(Ok(_)) => {}
            Err(_) if stream.write_all(b"a").await.is_err() => return true,
            Err(_) => {}
        }
    }
}
