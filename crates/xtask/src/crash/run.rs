//! All of it, in order.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, ensure};
use clap::Args;
use clap::builder::RangedU64ValueParser;
use keyholt_testkit::crash::{CrashOptions, crash};
use keyholt_testkit::seed_setting;

use crate::measure::server_or_build;

/// The least share of kills, in percent, that must meet a write; with fewer the run proves little.
const LEAST_IN_FLIGHT: u64 = 90;

/// How often a server is killed, and under what load. `KEYHOLT_SEED` repeats a run as far as threads allow.
#[derive(Args, Clone, Debug)]
pub(crate) struct CrashArgs {
    /// How often it is killed under load; every fifth time once more while it starts again.
    #[arg(long, default_value = "1000", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    kills: u64,
    /// How many workers write at a time.
    #[arg(long, default_value = "8", value_parser = RangedU64ValueParser::<usize>::new().range(1..=256))]
    workers: usize,
    /// Uses this program in place of one that is built as it ships.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Kills, and prints the figures.
///
/// # Errors
/// When something does not build or start, when anything is lost or not as it must be, and when too few kills met a write.
pub(crate) fn run(root: &Path, arguments: &CrashArgs) -> anyhow::Result<()> {
    let program = server_or_build(root, arguments.binary.as_deref())?;
    let (kills, workers) = (arguments.kills, arguments.workers);
    let options = CrashOptions { program, kills, workers, seed: seed_setting("KEYHOLT_SEED") };
    println!("{kills} kills, {workers} workers, KEYHOLT_SEED={}", options.seed);
    let progress = |count: u64| {
        if count.is_multiple_of(50) {
            eprintln!("killed {count} times");
        }
    };
    let figures = crash(&options, progress).map_err(|problem| anyhow!(problem))?;
    println!("{}", figures.text());
    ensure!(
        figures.share_in_flight() >= LEAST_IN_FLIGHT,
        "fewer than {LEAST_IN_FLIGHT} % of the kills met a write"
    );
    Ok(())
}
