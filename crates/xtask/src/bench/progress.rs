//! How long it all takes, and how far it is.

use std::time::{Duration, Instant};

use super::arguments::{BenchArgs, Database, Part};
use super::cell::Cell;
use crate::measure::now;

/// Secrets that are imported in a second: SQLite and PostgreSQL on two cores.
const IMPORTED: [(Database, f64); 2] = [(Database::Sqlite, 50_000.0), (Database::Postgres, 20_000.0)];
/// Starts that are timed, of one store.
const STARTS: f64 = 1.5;
/// Requests a second while memory is watched.
const REQUESTS: f64 = 30_000.0;

/// The time that everything but the cells takes: making stores, starts, requests until memory is read.
fn preparing(arguments: &BenchArgs) -> Duration {
    let mut seconds = 3.0;
    for (database, each_second) in IMPORTED {
        if arguments.databases.contains(&database) {
            seconds += arguments.stored.iter().map(|stored| *stored as f64 / each_second + STARTS).sum::<f64>();
        }
    }
    if arguments.wants(Part::Memory) {
        seconds += arguments.requests as f64 / REQUESTS;
    }
    Duration::from_secs_f64(seconds)
}

/// The time that all of it takes.
pub(super) fn expected(arguments: &BenchArgs) -> Duration {
    preparing(arguments) + measuring(arguments, asked(arguments))
}

/// How many are asked at most in one round, before anybody has been started.
fn asked(arguments: &BenchArgs) -> usize {
    let stores = arguments.stored.len() * arguments.databases.len();
    let has_postgres = arguments.databases.contains(&Database::Postgres);
    let drivers = if has_postgres { arguments.stored.len() } else { 0 };
    let each = 1 + stores + arguments.peer.len();
    let of = |part: Part| match part {
        Part::Get => each + drivers,
        Part::Create => each + usize::from(has_postgres),
        Part::List | Part::Resolve | Part::Update => each,
        Part::Chat | Part::Stream => 2,
        Part::Steady | Part::Memory => 0,
    };
    let asked: usize = arguments.only.iter().map(|part| of(*part)).sum::<usize>() * arguments.connections.len();
    let steady = |part: &Part| match part {
        Part::Get | Part::Create => each,
        Part::Chat => 2,
        Part::List | Part::Resolve | Part::Update | Part::Stream | Part::Steady | Part::Memory => 0,
    };
    let steady: usize = if arguments.wants(Part::Steady) { arguments.only.iter().map(steady).sum() } else { 0 };
    // The delay of chunks is two more.
    asked + steady + if arguments.wants(Part::Stream) { 2 } else { 0 }
}

/// The time that so many measurements of each round take.
fn measuring(arguments: &BenchArgs, asked: usize) -> Duration {
    Duration::from_secs_f64(asked as f64 * arguments.rounds as f64 * (arguments.secs * 1.1 + 0.02))
}

/// How far it is.
pub(super) struct Progress {
    started: Instant,
    /// Measurements in all, and of them those that have begun.
    count: usize,
    begun: usize,
    runs: u64,
}

impl Progress {
    /// Of these cells.
    pub(super) fn new(arguments: &BenchArgs, phases: &[Vec<Cell>]) -> Self {
        let each_round: usize = phases.iter().flatten().map(|cell| cell.entries.len()).sum();
        Self { started: now(), count: each_round * arguments.rounds, begun: 0, runs: 0 }
    }

    /// A number that no measurement had before.
    pub(super) const fn next_run(&mut self) -> u64 {
        self.runs += 1;
        self.runs
    }

    /// Another one begins.
    pub(super) const fn next_measurement(&mut self) {
        self.begun += 1;
    }

    /// Says what is done now.
    pub(super) fn say(&self, what: &str) {
        let (begun, count, seconds) = (self.begun, self.count, self.started.elapsed().as_secs());
        eprintln!("{begun} of {count} measurements after {seconds} s; {what}");
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: BenchArgs,
    }

    #[test]
    fn the_usual_run_takes_less_than_a_quarter_of_an_hour() {
        let usual = Line::parse_from(["bench"]).arguments;
        let minutes = expected(&usual).as_secs_f64() / 60.0;
        assert!((5.0..15.0).contains(&minutes), "{minutes}");
        let short = Line::parse_from(["bench", "--only=get", "--stored=1000", "--rounds=1"]).arguments;
        assert!(expected(&short) < Duration::from_secs(30));
    }
}
