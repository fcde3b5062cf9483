//! Ceiling and server in turns.

use std::time::Duration;

use super::arguments::BenchArgs;
use super::operation::{Kind, Operation};
use crate::measure::{Measured, Program, Volume, load};

/// One operation at one number of connections, in all rounds.
pub(super) struct Series {
    /// What was asked for.
    pub(super) kind: Kind,
    /// How many secrets were stored.
    pub(super) stored: u64,
    /// How many connections asked.
    pub(super) connections: usize,
    /// Each round's figures: the ceiling's, and the server's right after it.
    pub(super) rounds: Vec<(Measured, Measured)>,
}

/// Measures these operations on a server that has so many secrets.
///
/// # Errors
/// When a server fails or refuses.
pub(super) fn measure(
    arguments: &BenchArgs,
    ceiling: &Program,
    keyholt: &Program,
    stored: u64,
    kinds: &[Kind],
) -> anyhow::Result<Vec<Series>> {
    let mut all = Vec::new();
    for connections in &arguments.connections {
        all.extend(kinds.iter().map(|kind| Series {
            kind: *kind,
            stored,
            connections: *connections,
            rounds: Vec::new(),
        }));
    }
    let time = Duration::from_secs(arguments.secs);
    for _ in 0..arguments.rounds {
        for series in &mut all {
            let most = measure_one(ceiling, Kind::Ceiling, series, time)?;
            let ours = measure_one(keyholt, series.kind, series, time)?;
            series.rounds.push((most, ours));
        }
    }
    Ok(all)
}

fn measure_one(program: &Program, kind: Kind, series: &Series, time: Duration) -> anyhow::Result<Measured> {
    // Names must differ from those of every measurement before.
    let run = series.rounds.len() as u64 * 2_000 + series.connections as u64 * 2;
    let operation = Operation { kind, address: program.address, stored: series.stored, run };
    let volume = Volume { connections: series.connections, time, per_second: None };
    let warm_up = Volume { time: time / 10, ..volume };
    load(program.address, warm_up, |number| operation.requests(number))?.without_refusals()?;
    let before = program.processor_time()?;
    let measured = Operation { run: run + 1, ..operation };
    let loaded = load(program.address, volume, |number| measured.requests(number))?.without_refusals()?;
    Ok(Measured::new(&loaded, program.processor_time()?.saturating_sub(before)))
}
