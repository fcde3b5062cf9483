//! All operations, on all processors.

use std::thread;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use keyholt_testkit::Stopwatch;
use keyholt_testkit::disk::Lasting;
use keyholt_testkit::disk_trials::{Ending, IoErrors, TrialFigures};

/// What fails: an operation once, or that one and all after it; what then comes: a power cut, or a stop in order.
const WALKS: [(Lasting, Ending); 4] = [
    (Lasting::Once, Ending::PowerCut),
    (Lasting::Once, Ending::Closed),
    (Lasting::ForEver, Ending::PowerCut),
    (Lasting::ForEver, Ending::Closed),
];

/// Which operations fail.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct IoErrorsArgs {
    /// The first operation that fails.
    #[arg(long, default_value = "1", value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    first: u64,
    /// How many fail, one in each trial; all when not given.
    #[arg(long, value_name = "COUNT")]
    count: Option<u64>,
    /// What callers do.
    #[arg(long, default_value = "1")]
    seed: u64,
}

/// Lets operations fail, and prints the figures.
///
/// # Errors
/// When something hangs, panics, or is not what callers were told.
pub(crate) fn run(arguments: &IoErrorsArgs) -> anyhow::Result<()> {
    let watch = Stopwatch::start();
    let threads = thread::available_parallelism()?.get();
    let mut figures = TrialFigures::default();
    let mut failures = Vec::new();
    let mut last = 0;
    thread::scope(|scope| {
        let started: Vec<_> =
            (0..threads).map(|part| scope.spawn(move || walks(arguments, part, threads))).collect();
        for thread in started {
            let (found, failed, reached) = thread.join().map_err(|_| anyhow!("a thread panicked"))??;
            figures = figures.and(found);
            failures.extend(failed);
            last = last.max(reached);
        }
        anyhow::Ok(())
    })?;
    for failure in &failures {
        eprintln!("{failure}");
    }
    println!(
        "operations {} to {last} failed, each once and for ever, then a power cut or a stop: {} trials, {} acknowledged changes, 0 lost, {} refused, 0 of them done, {} starts refused",
        arguments.first, figures.trials, figures.acknowledged, figures.refused, figures.refused_starts
    );
    println!(
        "{} outcomes unknown ({} turned out done, {} not), {} values opened, {} audit records checked, {:.0} s",
        figures.turned_out_done + figures.turned_out_undone,
        figures.turned_out_done,
        figures.turned_out_undone,
        figures.opened,
        figures.events,
        watch.elapsed().as_secs_f64()
    );
    match failures.len() {
        0 => Ok(()),
        count => bail!("{count} trials fail"),
    }
}

/// Every so manieth operation, in each way; the last one that there was.
fn walks(arguments: &IoErrorsArgs, part: usize, of: usize) -> anyhow::Result<(TrialFigures, Vec<String>, u64)> {
    let folder = tempfile::tempdir().context("no folder for a disk")?;
    let trials = IoErrors::new(folder.path(), arguments.seed).map_err(|problem| anyhow!(problem))?;
    let (mut figures, mut failures, mut last) = (TrialFigures::default(), Vec::new(), 0);
    let end = arguments.count.map_or(u64::MAX, |count| arguments.first.saturating_add(count));
    for (lasting, ending) in WALKS {
        for at in (arguments.first..end).skip(part).step_by(of) {
            match trials.trial(at, lasting, ending) {
                Ok(Some(found)) => figures = figures.and(found),
                Ok(None) => break,
                Err(problem) => failures.push(format!(
                    "operation {at} fails {lasting:?}, then {ending:?}: {problem}\n    again: cargo xtask io-errors --seed {} --first {at} --count 1",
                    arguments.seed
                )),
            }
            last = last.max(at);
        }
    }
    Ok((figures, failures, last))
}
