//! All who are asked, in turns.

use std::time::Duration;

use super::arguments::BenchArgs;
use super::cell::{Cell, Entry, LeftOut};
use super::figures::Figures;
use super::progress::Progress;
use crate::measure::{Loaded, Volume};

/// Whoever takes longer for one request is left out.
const SLOWEST: Duration = Duration::from_millis(250);
/// How often that is tried: the first request may find nothing in memory.
const TRIES: usize = 3;

/// Measures the cells of a phase. One round asks everybody the same before it goes on to the next cell, so that what
/// disturbs the machine disturbs all of them. Whoever fails is left out from then on.
///
/// # Errors
/// When a process has ended, or what is done after a round fails.
pub(super) fn measure(
    arguments: &BenchArgs,
    phase: &mut [Cell],
    progress: &mut Progress,
    after_round: &mut impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    probe_all(phase, progress);
    for round in 0..arguments.rounds {
        for cell in &mut *phase {
            progress.say(&format!(
                "round {} of {}: {}, {} connections{}",
                round + 1,
                arguments.rounds,
                cell.kind.name(),
                cell.connections,
                if cell.per_second.is_some() { ", constant rate" } else { "" },
            ));
            for entry in &mut cell.entries {
                progress.next_measurement();
                if entry.left_out.is_some() {
                    continue;
                }
                match measure_one(entry, cell.connections, arguments.secs, progress)? {
                    Ok(figures) => entry.rounds.push(figures),
                    Err(problem) => entry.leave_out(LeftOut::Fails(format!("{problem:#}"))),
                }
            }
        }
        after_round()?;
    }
    Ok(())
}

/// Asks everybody for one, to see whether it is answered, and how soon. Of cells with the same operation only the first
/// is tried.
fn probe_all(phase: &mut [Cell], progress: &mut Progress) {
    for at in 0..phase.len() {
        let (before, rest) = phase.split_at_mut(at);
        let Some(cell) = rest.first_mut() else { continue };
        let same = before.iter().find(|other| other.kind == cell.kind);
        for entry in &mut cell.entries {
            let known = same.and_then(|same| same.entry(&entry.server, entry.stored));
            let left_out = match known {
                Some(known) => known.left_out.clone(),
                None => probe(entry, progress),
            };
            if let Some(why) = left_out {
                entry.leave_out(why);
            }
        }
    }
}

fn probe(entry: &Entry, progress: &mut Progress) -> Option<LeftOut> {
    let volume = Volume { connections: 1, time: Duration::from_millis(1), per_second: None };
    let mut longest = Duration::ZERO;
    for _ in 0..TRIES {
        let loaded = (entry.load)(volume, progress.next_run()).and_then(Loaded::without_refusals);
        match loaded {
            Ok(loaded) => longest = Duration::from_nanos(loaded.latencies.last().copied().unwrap_or_default()),
            Err(problem) => return Some(LeftOut::Fails(format!("{problem:#}"))),
        }
        if longest <= SLOWEST {
            return None;
        }
        if longest > SLOWEST * 4 {
            break;
        }
    }
    Some(LeftOut::Slow(longest.as_millis()))
}

/// The outer error is of the measurement, the inner one of who is measured.
fn measure_one(
    entry: &Entry,
    connections: usize,
    secs: f64,
    progress: &mut Progress,
) -> anyhow::Result<anyhow::Result<Figures>> {
    let time = Duration::from_secs_f64(secs);
    let volume = Volume { connections, time, per_second: None };
    let warm_up = Volume { time: time / 10, ..volume };
    if let Err(problem) = (entry.load)(warm_up, progress.next_run()).and_then(Loaded::without_refusals) {
        return Ok(Err(problem));
    }
    let before = entry.meter.read()?;
    let loaded = (entry.load)(volume, progress.next_run()).and_then(Loaded::without_refusals);
    let after = entry.meter.read()?;
    Ok(loaded.map(|loaded| Figures::new(&loaded, before, after)))
}
