//! All of it, in order.

use std::path::Path;

use anyhow::ensure;

use super::arguments::FloodArgs;
use super::report::Report;
use super::requests::STORED;
use super::rounds::measure;
use crate::measure::{Program, again_optimised, build_server, fill};

/// The least of its rate that the right key may be left with (design/security.md A6).
const FEWEST: f64 = 0.8;

/// Floods the server and prints the figures.
///
/// # Errors
/// When something does not build or start, the right key is refused, or wrong keys slow it by more than a fifth.
pub(crate) fn run(root: &Path, arguments: &FloodArgs) -> anyhow::Result<()> {
    let binary = match &arguments.binary {
        Some(binary) => binary.clone(),
        None if cfg!(debug_assertions) => return again_optimised(root, "flood", &arguments.words()),
        None => build_server(root)?,
    };
    ensure!(binary.is_file(), "{} is no program", binary.display());
    let folder = tempfile::Builder::new().prefix("keyholt-flood-").tempdir()?;
    let keyholt = Program::keyholt(&binary, &folder.path().join("data"))?;
    fill(keyholt.address, STORED)?;
    let rounds = measure(arguments, &keyholt)?;
    keyholt.stop()?;
    let report = Report { arguments, rounds: &rounds };
    report.print()?;
    let slowed = report.slowed().median;
    ensure!(
        slowed >= FEWEST,
        "wrong keys slow the right one to {slowed:.2} of its rate: less than {FEWEST:.2}"
    );
    Ok(())
}
