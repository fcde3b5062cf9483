//! Counting, comparing, saying so.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::arguments::InstructionsArgs;
use super::counted::count;
use super::figures::{Change, FILE, read, write};
use super::operation::{OPERATIONS, Operation};

/// Counts what a request of each kind costs and compares it with the committed figures, or writes it over them.
///
/// # Errors
/// When there is no release build or no valgrind, the server fails or refuses, or a count is not as committed.
pub(crate) fn run(root: &Path, arguments: &InstructionsArgs) -> anyhow::Result<()> {
    let binary = match &arguments.binary {
        Some(binary) => binary.canonicalize().with_context(|| format!("{} is missing", binary.display()))?,
        None => released()?,
    };
    let counted = count_all(&binary)?;
    if arguments.update {
        write(root, &counted)?;
        println!("written to {FILE}; commit it with the reason for the change");
    }
    let figures = read(root)?;
    println!("{:<18} {:>12} {:>12} {:>9}", "operation", "instructions", "committed", "change");
    let mut off = Vec::new();
    for (operation, count) in &counted {
        let change = Change::new(&figures, *operation, *count);
        let committed = figures.get(operation.name()).map_or("none".to_owned(), ToString::to_string);
        let percent = change.percent.map_or(String::new(), |percent| format!("{percent:+.1} %"));
        println!("{:<18} {count:>12} {committed:>12} {percent:>9}", operation.name());
        off.extend((!change.holds()).then_some(operation.name()));
    }
    ensure!(
        off.is_empty(),
        "a request costs other than committed: {}; where that is right, `cargo xtask instructions --update`",
        off.join(", ")
    );
    Ok(())
}

fn count_all(binary: &Path) -> anyhow::Result<Vec<(Operation, u64)>> {
    let once = count(binary, None)?;
    let count = |operation: Operation| {
        let twice = count(binary, Some(operation))?;
        Ok((operation, twice.saturating_sub(once) / operation.requests()))
    };
    OPERATIONS.into_iter().map(count).collect()
}

/// The release build: beside this program's folder, wherever the target folder is.
fn released() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).context("no target folder")?;
    let binary = target.join("release/keyholt");
    ensure!(binary.is_file(), "{} is missing: run `cargo build --release`, or give --binary", binary.display());
    Ok(binary)
}
