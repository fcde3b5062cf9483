//! All of it, in order.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;

use super::arguments::{BenchArgs, Part};
use super::cell::Cell;
use super::driver::Query;
use super::matrix::{Gateways, OPERATIONS, World, phases};
use super::operation::Kind;
use super::output::output;
use super::progress::{self, Progress};
use super::results::Results;
use super::rounds::measure;
use super::stores::{Stopped, Stores};
use super::{ceiling, memory, peers};
use crate::gateway::{Delays, Setting, delays};
use crate::measure::{Machine, Program, Spread, again_optimised, build_server, sync_times};

/// Syncs that are timed in each round.
const SYNCS: u64 = 200;
/// Other secrets beside the one that the gateway uses.
const OTHERS: u64 = 100;
/// Streams whose chunks' delay is measured, and their chunks a second together.
const STREAMS: (u32, u32) = (32, 5_000);

/// Measures the server beside the ceiling and all others, and prints the figures.
///
/// # Errors
/// When something does not build, start, or answer with 200; when a bar is missed and `--bars` was given.
pub(crate) fn run(root: &Path, arguments: &BenchArgs) -> anyhow::Result<()> {
    if arguments.ceiling {
        return ceiling::serve();
    }
    arguments.check()?;
    let binary = match &arguments.binary {
        Some(binary) => root.join(binary),
        None if cfg!(debug_assertions) => return again_optimised(root, "bench", &words()),
        None => build_server(root)?,
    };
    ensure!(binary.is_file(), "{} is no program", binary.display());
    let wanted = only_needed(arguments);
    eprintln!("expected to take {:.0} s on a quiet machine", progress::expected(&wanted).as_secs_f64());
    let results = results(root, &binary, &wanted)?;
    output(root, arguments, &results)?;
    let failed = results.cells.iter().flat_map(|cell| &cell.entries).filter(|entry| entry.has_failed()).count();
    ensure!(failed == 0, "{failed} lines could not be measured: the tables say why");
    Ok(())
}

/// The words after the task's name.
fn words() -> Vec<String> {
    std::env::args().skip(2).collect()
}

/// No store is made that nobody is asked for.
fn only_needed(arguments: &BenchArgs) -> BenchArgs {
    let mut arguments = arguments.clone();
    let needs_stores = |part: &Part| match part {
        Part::Get | Part::List | Part::Resolve | Part::Update | Part::Create | Part::Memory => true,
        Part::Chat | Part::Stream | Part::Steady => false,
    };
    if !arguments.only.iter().any(needs_stores) {
        arguments.stored.clear();
        arguments.databases.clear();
    }
    arguments
}

fn results(root: &Path, binary: &Path, arguments: &BenchArgs) -> anyhow::Result<Results> {
    let ceiling = Program::ceiling()?;
    let peers = peers::doors(root, arguments)?;
    let (stores, footprints) = Stores::make(binary, arguments)?;
    let provider = Program::provider()?;
    let has_gateway = arguments.wants(Part::Chat) || arguments.wants(Part::Stream);
    let setting = has_gateway.then(|| Setting::start(binary, provider.address, OTHERS)).transpose()?;
    let pgcrypto = pgcrypto(arguments, &stores)?;
    let ways = peers::ways(root, arguments, provider.address)?;
    let gateways = setting.as_ref().map(|ours| Gateways { provider: &provider, ours, peers: &ways });
    let world = World { ceiling: &ceiling, stores: &stores, peers: &peers, pgcrypto, gateways };
    let mut phases = phases(arguments, &world)?;
    let mut results = Results {
        machine: Machine::this(root),
        command: ["cargo xtask bench".to_owned()].into_iter().chain(words()).collect::<Vec<_>>().join(" "),
        rounds: (arguments.rounds, arguments.secs),
        stored: (arguments.fewest(), arguments.most()),
        binary: std::fs::metadata(binary)?.len(),
        syncs: Vec::new(),
        footprints,
        worked: None,
        cells: Vec::new(),
        delays: Vec::new(),
    };
    let mut progress = Progress::new(arguments, &phases);
    for phase in &mut phases {
        let has = |kind: Kind| phase.iter().any(|cell: &Cell| cell.kind == kind);
        // Creates are compared with syncs of the same round, and so is what was measured last before them.
        let (times_syncs, has_streams) = (!has(Kind::Chat) && !has(Kind::Stream), has(Kind::Stream));
        let mut syncs = Vec::new();
        let mut after_round = || {
            if times_syncs {
                let times = sync_times(stores.folder(), SYNCS)?;
                syncs.push(Spread::of(times.iter().map(Duration::as_secs_f64)).median * 1e6);
            }
            if let Some(setting) = setting.as_ref().filter(|_| has_streams) {
                results.delays.push(both_delays(arguments, &provider, setting)?);
            }
            anyhow::Ok(())
        };
        measure(arguments, phase, &mut progress, &mut after_round)?;
        if times_syncs {
            results.syncs = syncs;
        }
    }
    results.cells = phases.into_iter().flatten().collect();
    for (store, found) in stores.all.iter().zip(results.footprints.iter_mut().skip(1)) {
        found.after_load = OPERATIONS
            .iter()
            .any(|(part, _)| arguments.wants(*part))
            .then(|| store.program.resident())
            .transpose()?;
    }
    if let Some(setting) = setting {
        setting.keyholt.stop()?;
    }
    let stopped = stores.stop()?;
    if arguments.wants(Part::Memory) {
        results.worked = worked(binary, arguments, &stopped)?;
    }
    Ok(results)
}

/// A table of its own, on the PostgreSQL server that Keyholt is on too.
fn pgcrypto(arguments: &BenchArgs, stores: &Stores) -> anyhow::Result<Option<(String, Query)>> {
    let Some(postgres) = stores.postgres.as_ref().filter(|_| arguments.wants(Part::Create)) else {
        return Ok(None);
    };
    let url = postgres.create("pgcrypto")?;
    match Query::insert(&url) {
        Ok(query) => Ok(Some((url, query))),
        Err(problem) => {
            eprintln!("without pgcrypto: {problem:#}");
            Ok(None)
        }
    }
}

fn both_delays(
    arguments: &BenchArgs,
    provider: &Program,
    setting: &Setting,
) -> anyhow::Result<(Delays, Delays)> {
    let (streams, chunks) = STREAMS;
    let time = Duration::from_secs_f64(arguments.secs);
    let of = |server, way| delays(server, way, streams, chunks, time);
    Ok((of(provider, &setting.direct)?, of(&setting.keyholt, &setting.through)?))
}

fn worked(binary: &Path, arguments: &BenchArgs, stopped: &Stopped) -> anyhow::Result<Option<(u64, u64)>> {
    let Some((data_dir, stored)): &Option<(PathBuf, u64)> = &stopped.smallest else { return Ok(None) };
    eprintln!("{} requests to one server", arguments.requests);
    let resident = memory::after(binary, data_dir, *stored, arguments.requests)?;
    Ok(Some((arguments.requests, resident)))
}
