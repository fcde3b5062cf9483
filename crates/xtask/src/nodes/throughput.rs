//! What so many nodes on one PostgreSQL do in a second, and who takes the processors meanwhile.

use std::thread;
use std::time::Duration;

use anyhow::anyhow;
use serde_json::{Value, json};

use super::arguments::NodesArgs;
use super::installation::{Installation, Node};
use super::processors::Processors;
use super::requests::{Asked, Kind, STORED};
use crate::measure::{Spread, Volume, fill, load};

/// One operation on so many nodes, in all rounds.
struct Series {
    nodes: usize,
    kind: Kind,
    rounds: Vec<Round>,
}

/// One measurement.
struct Round {
    count: f64,
    took: f64,
    /// In microseconds.
    p50: f64,
    p99: f64,
    processors: Processors,
}

/// One of the figures of a measurement.
type Figure = fn(&Round) -> f64;

/// All of them.
pub(super) struct Throughput(Vec<Series>);

/// Measures.
///
/// # Errors
/// When a node does not start, or refuses.
pub(super) fn measure(installation: &Installation, arguments: &NodesArgs) -> anyhow::Result<Throughput> {
    let mut all = Vec::new();
    let mut measurement = 0;
    let mut is_filled = false;
    for count in &arguments.nodes {
        let nodes = installation.start(*count)?;
        if let Some(node) = nodes.first().filter(|_| !is_filled) {
            fill(node.server.address(), STORED)?;
            is_filled = true;
        }
        for kind in [Kind::Get, Kind::Create] {
            let mut rounds = Vec::new();
            for _ in 0..arguments.rounds {
                measurement += 2;
                rounds.push(measure_one(installation, &nodes, arguments, kind, measurement)?);
            }
            all.push(Series { nodes: *count, kind, rounds });
        }
        eprintln!("{count} nodes measured");
    }
    Ok(Throughput(all))
}

fn measure_one(
    installation: &Installation,
    nodes: &[Node],
    arguments: &NodesArgs,
    kind: Kind,
    measurement: u64,
) -> anyhow::Result<Round> {
    let time = Duration::from_secs(arguments.secs);
    let connections = (arguments.connections / nodes.len().max(1)).max(1);
    let volume = Volume { connections, time, per_second: None };
    load_all(nodes, Volume { time: time / 10, ..volume }, kind, measurement)?;
    let before = Processors::now(nodes, installation.cluster())?;
    let (latencies, took) = load_all(nodes, volume, kind, measurement + 1)?;
    let processors = Processors::now(nodes, installation.cluster())?.since(before);
    let at = |share: usize| {
        let place = latencies.len().saturating_sub(1) * share / 100;
        latencies.get(place).copied().unwrap_or_default() as f64 / 1e3
    };
    Ok(Round { count: latencies.len() as f64, took: took.as_secs_f64(), p50: at(50), p99: at(99), processors })
}

/// Loads all nodes at a time; gives the times of all answers, sorted, and how long it took.
fn load_all(
    nodes: &[Node],
    volume: Volume,
    kind: Kind,
    measurement: u64,
) -> anyhow::Result<(Vec<u64>, Duration)> {
    let (mut latencies, mut took) = (Vec::new(), Duration::ZERO);
    thread::scope(|scope| {
        let mut loads = Vec::new();
        for (number, node) in (0..).zip(nodes) {
            let address = node.server.address();
            let requests = move |lane| Asked::new(kind, address, measurement, number << 16 | lane);
            loads.push(scope.spawn(move || load(address, volume, requests)));
        }
        for one in loads {
            let one = one.join().map_err(|_| anyhow!("a load panicked"))??.without_refusals()?;
            latencies.extend(one.latencies);
            took = took.max(one.took);
        }
        latencies.sort_unstable();
        Ok((latencies, took))
    })
}

impl Throughput {
    /// For people.
    pub(super) fn print(&self, arguments: &NodesArgs) {
        println!(
            "\n{} connections in all, PostgreSQL, nodes and load on the same {} processors; medians (least-most) of {} rounds of {} s.\n\
             Time is the processor's for one request, in microseconds; busy is how many processors were kept so.",
            arguments.connections,
            processors(),
            arguments.rounds,
            arguments.secs
        );
        println!(
            "{:<15} {:>5} {:>26} {:>8} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6} {:>6}",
            "operation",
            "nodes",
            "req/s",
            "p50 us",
            "p99 us",
            "node us",
            "PG us",
            "load us",
            "node",
            "PG",
            "load"
        );
        for series in &self.0 {
            let figure = |figure: Figure| series.spread(figure).median;
            println!(
                "{:<15} {:>5} {:>26} {:>8.0} {:>8.0} {:>8.1} {:>8.1} {:>8.1} {:>6.2} {:>6.2} {:>6.2}",
                series.kind.name(),
                series.nodes,
                series.spread(|round| round.count / round.took),
                figure(|round| round.p50),
                figure(|round| round.p99),
                figure(|round| round.each(round.processors.nodes)),
                figure(|round| round.each(round.processors.postgres)),
                figure(|round| round.each(round.processors.load)),
                figure(|round| round.processors.nodes.as_secs_f64() / round.took),
                figure(|round| round.processors.postgres.as_secs_f64() / round.took),
                figure(|round| round.processors.load.as_secs_f64() / round.took),
            );
        }
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let series = |series: &Series| {
            json!({
                "operation": series.kind.name(), "nodes": series.nodes,
                "rate": series.spread(|round| round.count / round.took).json(),
                "p50_us": series.spread(|round| round.p50).json(),
                "p99_us": series.spread(|round| round.p99).json(),
                "node_cpu_us": series.spread(|round| round.each(round.processors.nodes)).json(),
                "postgres_cpu_us": series.spread(|round| round.each(round.processors.postgres)).json(),
                "load_cpu_us": series.spread(|round| round.each(round.processors.load)).json(),
                "processors": processors(),
            })
        };
        self.0.iter().map(series).collect()
    }
}

impl Series {
    fn spread(&self, figure: Figure) -> Spread {
        Spread::of(self.rounds.iter().map(figure))
    }
}

impl Round {
    /// Of this processor time, what one request takes, in microseconds.
    fn each(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.count.max(1.0)
    }
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
