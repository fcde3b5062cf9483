//! Building and running the measurement.

use std::path::Path;

use anyhow::ensure;
use clap::Args;

use crate::measure::command;

/// How much is measured.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct TimingArgs {
    /// Samples of each class.
    #[arg(long, default_value = "100000", value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    samples: u32,
    /// Keys of each kind that is refused: revoked, expired, used from elsewhere.
    #[arg(long, default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    keys: u32,
    /// Measures what was not optimised: quick to build, and quick to show a gross difference.
    #[arg(long)]
    unoptimised: bool,
}

/// Measures and prints a table.
///
/// # Errors
/// When it does not build, or two classes are told apart.
pub(crate) fn run(root: &Path, arguments: &TimingArgs) -> anyhow::Result<()> {
    let mut words = vec!["run", "--quiet", "--package", "keyholt-engine", "--example", "timing"];
    words.extend((!arguments.unoptimised).then_some("--release"));
    let numbers = [arguments.samples.to_string(), arguments.keys.to_string()];
    let status = command(Path::new("cargo")).args(words).arg("--").args(numbers).current_dir(root).status()?;
    ensure!(status.success(), "the time of a refusal tells more than it should, or could not be measured");
    Ok(())
}
