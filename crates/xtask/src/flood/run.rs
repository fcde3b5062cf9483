//! All of it, in order.

use std::path::Path;

use anyhow::ensure;

use super::arguments::FloodArgs;
use super::report::Report;
use super::requests::STORED;
use super::rounds::measure;
use crate::measure::{Program, again_optimised, build_server, fill};

/// Floods the server and prints the figures.
///
/// # Errors
/// When something does not build or start, or the right key is refused.
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
    Report { arguments, rounds: &rounds }.print()
}
