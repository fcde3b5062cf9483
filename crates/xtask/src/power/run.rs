//! All seeds, on all processors.

use std::thread;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use keyholt_testkit::Stopwatch;
use keyholt_testkit::disk_trials::{Power, PowerOptions, TrialFigures};

/// How many seeds are tried, and on what disk.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct PowerArgs {
    /// How many seeds are tried.
    #[arg(long, default_value = "10000", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value = "1", value_name = "SEED")]
    first: u64,
    /// The disk says that syncs were done and does nothing: this must fail.
    #[arg(long)]
    lying_disk: bool,
}

/// Cuts the power, and prints the figures.
///
/// # Errors
/// When anything is lost, half written, there again, unreadable, or not in the audit log just once.
pub(crate) fn run(arguments: &PowerArgs) -> anyhow::Result<()> {
    let watch = Stopwatch::start();
    let threads = thread::available_parallelism()?.get();
    let mut figures = TrialFigures::default();
    let mut failures = Vec::new();
    thread::scope(|scope| {
        let started: Vec<_> =
            (0..threads).map(|part| scope.spawn(move || trials(arguments, part, threads))).collect();
        for thread in started {
            let (found, failed) = thread.join().map_err(|_| anyhow!("a thread panicked"))??;
            figures = figures.and(found);
            failures.extend(failed);
        }
        anyhow::Ok(())
    })?;
    let seconds = watch.elapsed().as_secs_f64();
    for failure in &failures {
        eprintln!("{failure}");
    }
    print(&figures, seconds);
    match failures.len() {
        0 => Ok(()),
        count => bail!("{count} of {} seeds fail", arguments.seeds),
    }
}

/// Tries every so manieth seed.
fn trials(arguments: &PowerArgs, part: usize, of: usize) -> anyhow::Result<(TrialFigures, Vec<String>)> {
    let folder = tempfile::tempdir().context("no folder for a disk")?;
    let power = Power::new(folder.path(), PowerOptions { lies: arguments.lying_disk })
        .map_err(|problem| anyhow!(problem))?;
    let (mut figures, mut failures) = (TrialFigures::default(), Vec::new());
    let last = arguments.first.saturating_add(arguments.seeds);
    for seed in (arguments.first..last).skip(part).step_by(of) {
        match power.trial(seed) {
            Ok(found) => figures = figures.and(found),
            Err(problem) => failures
                .push(format!("seed {seed}: {problem}\n    again: cargo xtask power --seeds 1 --first {seed}")),
        }
    }
    Ok((figures, failures))
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn print(figures: &TrialFigures, seconds: f64) {
    println!(
        "{} power cuts in {} seeds, {} of them while the store was opened: {} acknowledged changes, 0 lost, 0 half-written, 0 resurrected, 0 undecryptable",
        figures.cuts, figures.trials, figures.cuts_while_opening, figures.acknowledged
    );
    println!(
        "{} changes in flight ({} turned out done, {} not), {} values opened, {} audit records checked, {} operations of the disk",
        figures.turned_out_done + figures.turned_out_undone,
        figures.turned_out_done,
        figures.turned_out_undone,
        figures.opened,
        figures.events,
        figures.operations
    );
    println!("{:.0} seeds a second", figures.trials as f64 / seconds.max(0.001));
}
