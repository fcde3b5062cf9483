//! Directly and through the gateway, in turns.

use std::time::Duration;

use super::arguments::GatewayArgs;
use super::delays::{Delays, delays};
use super::requests::{Chats, Shape, Way};
use super::setting::Setting;
use crate::measure::{Measured, Program, Volume, load};

/// Streams at a time whose delay is measured.
const STREAMS: u32 = 32;

/// One shape of answers at one number of connections, in all rounds.
pub(super) struct Series {
    /// What was asked for.
    pub(super) shape: Shape,
    /// How many connections asked.
    pub(super) connections: usize,
    /// Each round's figures: directly, and through the gateway right after it.
    pub(super) rounds: Vec<(Measured, Measured)>,
}

/// The delay of chunks, in all rounds.
pub(super) type DelayRounds = Vec<(Delays, Delays)>;

/// Measures all of them.
///
/// # Errors
/// When somebody fails or refuses.
pub(super) fn measure(
    arguments: &GatewayArgs,
    provider: &Program,
    setting: &Setting,
) -> anyhow::Result<(Vec<Series>, DelayRounds)> {
    let mut all = Vec::new();
    for shape in [Shape::Whole, Shape::Events] {
        let of = |connections: &usize| Series { shape, connections: *connections, rounds: Vec::new() };
        all.extend(arguments.connections.iter().map(of));
    }
    let time = Duration::from_secs(arguments.secs);
    let mut delay_rounds = Vec::new();
    for _ in 0..arguments.rounds {
        for series in &mut all {
            let direct = measure_one(provider, &setting.direct, series, time)?;
            let through = measure_one(&setting.keyholt, &setting.through, series, time)?;
            series.rounds.push((direct, through));
        }
        let paced = |server, way| delays(server, way, STREAMS, arguments.chunk_rate, time);
        delay_rounds.push((paced(provider, &setting.direct)?, paced(&setting.keyholt, &setting.through)?));
    }
    Ok((all, delay_rounds))
}

fn measure_one(server: &Program, way: &Way, series: &Series, time: Duration) -> anyhow::Result<Measured> {
    let volume = Volume { connections: series.connections, time, per_second: None };
    let warm_up = Volume { time: time / 10, ..volume };
    let requests = |_| Chats::endless(way, series.shape);
    load(way.address, warm_up, requests)?.without_refusals()?;
    let before = server.processor_time()?;
    let loaded = load(way.address, volume, requests)?.without_refusals()?;
    Ok(Measured::new(&loaded, server.processor_time()?.saturating_sub(before)))
}
