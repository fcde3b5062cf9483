//! All of it, in order.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use clap::builder::RangedU64ValueParser;
use keyholt_testkit::backups::{BackupOptions, backups};
use keyholt_testkit::seed_setting;

use crate::measure::server_or_build;

/// How many backups are taken, under what load. `KEYHOLT_SEED` repeats a run as far as threads allow.
#[derive(Args, Clone, Debug)]
pub(crate) struct BackupsArgs {
    /// How many backups.
    #[arg(long, default_value = "100", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    count: u64,
    /// How many workers write at a time.
    #[arg(long, default_value = "8", value_parser = RangedU64ValueParser::<usize>::new().range(1..=256))]
    workers: usize,
    /// Uses this program in place of one that is built as it ships.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Takes backups, and prints the figures.
///
/// # Errors
/// When something does not build or start, and when a backup differs from what was there at its moment.
pub(crate) fn run(root: &Path, arguments: &BackupsArgs) -> anyhow::Result<()> {
    let program = server_or_build(root, arguments.binary.as_deref())?;
    let (count, workers) = (arguments.count, arguments.workers);
    let options = BackupOptions { program, count, workers, seed: seed_setting("KEYHOLT_SEED") };
    println!("{count} backups, {workers} workers, KEYHOLT_SEED={}", options.seed);
    let progress = |count: u64| {
        if count.is_multiple_of(10) {
            eprintln!("{count} backups");
        }
    };
    println!("{}", backups(&options, progress).map_err(|problem| anyhow!(problem))?.text());
    Ok(())
}
