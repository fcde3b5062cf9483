//! Several times as much as can be served.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::ensure;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::answers;
use super::arguments::OverloadArgs;
use super::arrivals::{Volume, arrive};
use super::bars::Bars;
use super::mix::{Mix, prepare};
use super::served::Served;
use crate::measure::{KEY, Program, now};

/// Connections of the closed loop that tells about what can be served: as many as keep the server busy without waiting for
/// as long as it refuses some. Over more connections less can be served, as the kernel's part of a request grows.
const CLOSED: usize = 256;
/// Of what that loop is served, how much is asked for at constant rates to learn what can be served over many connections.
const STEPS: [f64; 3] = [0.7, 0.85, 1.0];
/// Of what can be served, as much as a well-run server has to do.
const ORDINARY: f64 = 0.8;
/// How long it is watched afterwards.
const AFTER: Duration = Duration::from_secs(5);
/// The time between two questions whether it lives.
const PROBE_EVERY: Duration = Duration::from_millis(50);

/// Measures it.
///
/// # Errors
/// When the server fails or a connection breaks.
pub(super) async fn measure(
    arguments: &OverloadArgs,
    keyholt: &Program,
    bars: &mut Bars,
) -> anyhow::Result<()> {
    let (address, secs) = (keyholt.address, arguments.secs);
    prepare(address)?;
    let mix = Mix::new(address, KEY);
    let short = Duration::from_secs((secs / 6).max(1));
    let closed = Volume { connections: CLOSED, rate: None, time: short, is_impatient: true, first: 0 };
    // Once to warm up.
    arrive(address, &mix, Volume { time: short / 4, ..closed }).await?;
    let peak = arrive(address, &mix, Volume { first: 1 << 32, ..closed }).await?;
    row("as many as are answered", CLOSED, &peak);
    ensure!(peak.rate() > 1.0, "nothing was served: {:?}", peak.refused);

    let connections = arguments.connections;
    let mut most = 0.0_f64;
    for (step, share) in STEPS.into_iter().enumerate() {
        let rate = Some(peak.rate() * share);
        let first = (u64::try_from(step)? + 5) << 32;
        let served =
            arrive(address, &mix, Volume { connections, rate, first, time: short / 2, ..closed }).await?;
        row(&format!("at {:.0} % of that", share * 100.0), connections, &served);
        most = most.max(served.rate());
    }
    println!("so {most:.0} a second can be served over {connections} connections");
    let open = Volume { connections, rate: Some(most * ORDINARY), first: 2 << 32, ..closed };
    let ordinary = arrive(address, &mix, open).await?;
    row("at 80 % of these", connections, &ordinary);

    let rate = Some(most * f64::from(arguments.times));
    let is_impatient = arguments.impatient;
    let surge = Volume { rate, time: Duration::from_secs(secs), is_impatient, first: 3 << 32, ..open };
    let (busy_before, began) = (keyholt.processor_time()?, now());
    let (surged, probes) = beside_probes(address, arrive(address, &mix, surge)).await?;
    let took = began.elapsed().as_secs_f64();
    row(&format!("at {} times as many", arguments.times), connections, &surged);
    let after = arrive(address, &mix, Volume { time: AFTER, first: 4 << 32, ..open }).await?;
    row("at 80 % afterwards", connections, &after);

    let busy = keyholt.processor_time()?.saturating_sub(busy_before).as_secs_f64() / took;
    println!(
        "under overload the server kept {busy:.2} of its processor busy; refused, by status: {:?}",
        surged.refused
    );
    bars.at_least(
        "overload: served, of the most that can be, over any number of connections",
        surged.rate() / most.max(peak.rate()),
        0.9,
        "",
    );
    bars.at_most("overload: p99 of what is served, to that at 80 %", surged.p99() / ordinary.p99(), 2.0, "");
    bars.at_most("overload: answers that are no 429 or 503 with Retry-After", surged.wrong as f64, 0.0, "");
    let normal = after.normal_after(ordinary.p99() * 2.0).as_secs_f64();
    bars.at_most("overload: back to normal after", normal, 2.0, "s");
    let probe = |of_1000: usize| {
        let place = probes.len().saturating_sub(1) * of_1000 / 1000;
        probes.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    println!(
        "{} answers of /healthz meanwhile: p50 {:.2} ms, p99 {:.2} ms",
        probes.len(),
        probe(500),
        probe(990)
    );
    bars.at_most("overload: slowest answer of /healthz", probe(1000), 100.0, "ms");
    Ok(())
}

fn row(name: &str, connections: usize, served: &Served) {
    let (worst, at) = served.worst();
    println!(
        "{name:<26} {connections:>6} conn. {:>9.0} served/s {:>9.0} refused/s {:>9} not sent   p50 {:>7.2} ms   p99 {:>7.2} ms   worst {worst:>7.2} ms at {:>5.2} s",
        served.rate(),
        served.refused_rate(),
        served.not_sent,
        served.p50(),
        served.p99(),
        at.as_secs_f64(),
    );
}

/// Asks whether the server lives, each time on a new connection, as long as the load lasts; gives the times that took, the
/// shortest first, beside what came of the load.
async fn beside_probes(
    address: SocketAddr,
    load: impl Future<Output = anyhow::Result<Served>>,
) -> anyhow::Result<(Served, Vec<Duration>)> {
    let times = RefCell::new(Vec::new());
    let probes = async {
        loop {
            let start = now();
            let probed = probe(address).await;
            times.borrow_mut().push(start.elapsed());
            if let Err(failed) = probed {
                return failed;
            }
            tokio::time::sleep(PROBE_EVERY).await;
        }
    };
    let served = tokio::select! {
        served = load => served?,
        // It ends only when it fails.
        failed = probes => return Err(failed),
    };
    let mut times = times.into_inner();
    times.sort_unstable();
    Ok((served, times))
}

async fn probe(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    let status = answers::read(&mut stream, &mut Vec::new()).await?.status;
    ensure!(status == 200, "/healthz answered {status}");
    Ok(())
}
