//! All of it, in order.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use clap::builder::RangedU64ValueParser;
use keyholt_testkit::damage::{DamageOptions, damage};
use keyholt_testkit::seed_setting;

use crate::measure::server_or_build;

/// How many copies are damaged. `KEYHOLT_SEED` repeats a run.
#[derive(Args, Clone, Debug)]
pub(crate) struct DamageArgs {
    /// How many copies; each is harmed in one place.
    #[arg(long, default_value = "1000", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    copies: u64,
    /// How many are examined at a time.
    #[arg(long, default_value = "2", value_parser = RangedU64ValueParser::<usize>::new().range(1..=64))]
    threads: usize,
    /// Goes on after a wrong answer, to count them.
    #[arg(long)]
    to_the_end: bool,
    /// Uses this program in place of one that is built as it ships.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Damages copies, and prints the figures.
///
/// # Errors
/// When something does not build or start, when an answer is wrong, and when a server hangs or crashes.
pub(crate) fn run(root: &Path, arguments: &DamageArgs) -> anyhow::Result<()> {
    let program = server_or_build(root, arguments.binary.as_deref())?;
    let DamageArgs { copies, threads, to_the_end, .. } = *arguments;
    let options = DamageOptions { program, copies, threads, seed: seed_setting("KEYHOLT_SEED"), to_the_end };
    println!("{copies} copies, KEYHOLT_SEED={}", options.seed);
    let progress = |count: u64| {
        if count.is_multiple_of(100) {
            eprintln!("examined {count} copies");
        }
    };
    println!("{}", damage(&options, progress).map_err(|problem| anyhow!(problem))?.text());
    Ok(())
}
