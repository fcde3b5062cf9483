//! The measurements, in turns.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use anyhow::anyhow;

use super::arguments::FloodArgs;
use super::requests::{Finds, Key};
use crate::measure::{Measured, Program, Volume, load};

/// What goes on beside the right key's connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Beside {
    /// Nothing.
    Nothing,
    /// Keys that are made up.
    WrongKeys,
    /// As much traffic of the right key.
    RightKey,
}

impl Beside {
    /// In the order in which they are measured.
    pub(super) const ALL: [Self; 3] = [Self::Nothing, Self::WrongKeys, Self::RightKey];

    /// Its name in tables.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::WrongKeys => "wrong keys",
            Self::RightKey => "the right key",
        }
    }

    const fn key(self) -> Option<Key> {
        match self {
            Self::Nothing => None,
            Self::WrongKeys => Some(Key::MadeUp),
            Self::RightKey => Some(Key::Right),
        }
    }
}

/// One measurement.
pub(super) struct Figures {
    /// What came of the right key's requests.
    pub(super) right: Measured,
    /// How many answers a second those beside got, by status.
    pub(super) beside: BTreeMap<u16, f64>,
    /// How many processors the server kept busy.
    pub(super) processors: f64,
}

/// One round: what was measured beside each.
pub(super) type Round = Vec<(Beside, Figures)>;

/// Measures all of them, in turns.
///
/// # Errors
/// When the server fails, or refuses the right key.
pub(super) fn measure(arguments: &FloodArgs, keyholt: &Program) -> anyhow::Result<Vec<Round>> {
    let mut rounds = Vec::new();
    for number in 0..arguments.rounds as u64 {
        let mut round = Vec::new();
        for (place, beside) in (0..).zip(Beside::ALL) {
            round.push((beside, measure_one(arguments, keyholt, beside, number * 16 + place * 4)?));
        }
        rounds.push(round);
    }
    Ok(rounds)
}

fn measure_one(
    arguments: &FloodArgs,
    keyholt: &Program,
    beside: Beside,
    number: u64,
) -> anyhow::Result<Figures> {
    let (address, time) = (keyholt.address, Duration::from_secs(arguments.secs));
    let right = Volume { connections: arguments.right, time, per_second: None };
    let warm_up = Volume { time: time / 10, ..right };
    thread::scope(|scope| {
        // It begins with the warming up and lasts a little longer than what is measured.
        let volume =
            Volume { connections: arguments.beside, time: time + time / 5, per_second: arguments.beside_rate };
        let others = beside.key().map(|key| {
            scope.spawn(move || load(address, volume, |lane| Finds::new(address, key, number, lane)))
        });
        load(address, warm_up, |lane| Finds::new(address, Key::Right, number + 1, lane))?.without_refusals()?;
        let before = keyholt.processor_time()?;
        let loaded = load(address, right, |lane| Finds::new(address, Key::Right, number + 2, lane))?;
        let loaded = loaded.without_refusals()?;
        let processor_time = keyholt.processor_time()?.saturating_sub(before);
        let mut answers = BTreeMap::new();
        if let Some(others) = others {
            let others = others.join().map_err(|_| anyhow!("the load beside panicked"))??;
            let seconds = others.took.as_secs_f64();
            answers.insert(200, others.latencies.len() as f64 / seconds);
            for (status, count) in &others.refused {
                answers.insert(*status, *count as f64 / seconds);
            }
        }
        Ok(Figures {
            right: Measured::new(&loaded, processor_time),
            beside: answers,
            processors: processor_time.as_secs_f64() / loaded.took.as_secs_f64(),
        })
    })
}
