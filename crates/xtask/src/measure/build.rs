//! Building what is measured as it ships.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::program::command;

/// Runs a task of this tool again, built for release: a load that is not optimised measures itself.
///
/// # Errors
/// When it does not build or fails.
pub(crate) fn again_optimised(root: &Path, task: &str, words: &[String]) -> anyhow::Result<()> {
    let cargo = ["run", "--quiet", "--release", "--package", "xtask", "--", task];
    let status = command(Path::new("cargo")).args(cargo).args(words).current_dir(root).status()?;
    ensure!(status.success(), "the measurement failed");
    Ok(())
}

/// Builds the server as it ships; gives its path, beside this program.
///
/// # Errors
/// When it does not build.
pub(crate) fn build_server(root: &Path) -> anyhow::Result<PathBuf> {
    let words = ["build", "--quiet", "--release", "--package", "keyholt"];
    let status = command(Path::new("cargo")).args(words).current_dir(root).status()?;
    ensure!(status.success(), "the server does not build");
    let folder = std::env::current_exe()?;
    Ok(folder.parent().context("no folder")?.join("keyholt"))
}

/// The program that was given, or else the server, built as it ships.
///
/// # Errors
/// When what was given is no program, or the server does not build.
pub(crate) fn server_or_build(root: &Path, given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let Some(given) = given else { return build_server(root) };
    ensure!(given.is_file(), "{} is no program", given.display());
    Ok(given.canonicalize()?)
}
