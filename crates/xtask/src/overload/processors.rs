//! One processor for the server and another for the load.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::measure::command;

/// The processors that this program may use, as Linux counts them.
///
/// # Errors
/// When `/proc` does not say.
fn allowed() -> anyhow::Result<Vec<usize>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).context("no processors")?;
    listed(line.trim())
}

/// The numbers in `0-2,5`.
fn listed(text: &str) -> anyhow::Result<Vec<usize>> {
    let mut all = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        all.extend(first.parse::<usize>()?..=last.parse()?);
    }
    Ok(all)
}

/// Runs this program again with the same words, on a processor of its own and with as many open files as it may have.
///
/// # Errors
/// When there is only one processor, or the measurement fails.
pub(super) fn again_apart() -> anyhow::Result<()> {
    let processors = allowed()?;
    let (Some(own), true) = (processors.last(), processors.len() > 1) else {
        anyhow::bail!("this needs two processors: one for the server, one for the load")
    };
    let this = std::env::current_exe()?;
    let status = command(Path::new("/bin/sh"))
        .args(["-c", "ulimit -n \"$(ulimit -H -n)\" && exec taskset -c \"$0\" \"$@\"", &own.to_string()])
        .arg(this)
        .args(std::env::args_os().skip(1))
        .arg("--apart")
        .status()?;
    ensure!(status.success(), "the overload was not withstood");
    Ok(())
}

/// A program that runs the server on the first processor of the machine, whatever this one may use.
///
/// # Errors
/// When it cannot be written.
pub(super) fn server_apart(binary: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let path = folder.join("keyholt-apart");
    let binary = binary.canonicalize()?;
    fs::write(&path, format!("#!/bin/sh\nexec taskset -c 0 '{}' \"$@\"\n", binary.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_processors_is_read() {
        assert_eq!(listed("0-2,5").unwrap(), [0, 1, 2, 5]);
        assert_eq!(listed("3").unwrap(), [3]);
        assert!(listed("").is_err());
        assert!(!allowed().unwrap().is_empty());
    }
}
