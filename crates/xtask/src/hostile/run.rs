//! The tests of `crates/keyholt/tests/hostile`, each of which writes down its requests.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use clap::Args;

use crate::measure::command;

/// The fewest requests that say something.
const FEWEST: u64 = 400;

/// Which tests run.
#[derive(Args, Clone, Debug)]
pub(crate) struct HostileArgs {
    /// Only the tests whose names hold this; then there is no fewest number of requests.
    filter: Option<String>,
}

/// Runs them and prints one line.
///
/// # Errors
/// When a test fails: a server error or a hang is one that does. When they were fewer than 400 requests.
pub(crate) fn run(root: &Path, arguments: &HostileArgs) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("keyholt-hostile-").tempdir()?;
    let tally = folder.path().join("tally");
    let status = command(Path::new("cargo"))
        .args(["nextest", "run", "--locked", "--package", "keyholt", "--test", "hostile"])
        .args(&arguments.filter)
        .env("KEYHOLT_HOSTILE_TALLY", &tally)
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "a hostile request was not withstood");
    let (requests, slowest) = sum(&fs::read_to_string(&tally).context("no test wrote its requests down")?)?;
    println!("\n{requests} hostile requests: 0 server errors, 0 hangs, slowest {slowest} ms");
    ensure!(arguments.filter.is_some() || requests >= FEWEST, "fewer than {FEWEST} requests");
    Ok(())
}

/// All requests, and the slowest of them in milliseconds.
fn sum(lines: &str) -> anyhow::Result<(u64, u64)> {
    let (mut requests, mut slowest) = (0, 0);
    for line in lines.lines() {
        let (count, millis) = line.split_once(' ').context("no tally")?;
        requests += count.parse::<u64>()?;
        slowest = slowest.max(millis.parse()?);
    }
    Ok((requests, slowest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_added_and_the_slowest_is_kept() {
        assert_eq!(sum("3 10\n4 2000\n5 7\n").unwrap(), (12, 2000));
        assert!(sum("3").is_err());
    }
}
