//! On what something was measured.

use std::fs;
use std::path::Path;

use super::program::command;

/// A machine, and what was built there.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// Processors that this process may use.
    pub(crate) processors: usize,
    /// What they call themselves.
    pub(crate) model: String,
    /// Its memory, in bytes.
    pub(crate) memory: u64,
    /// The kernel's release.
    pub(crate) kernel: String,
    /// The commit that is checked out, and whether anything is changed.
    pub(crate) commit: String,
}

impl Machine {
    /// This one, with the commit of the repository there. What cannot be found out is `unknown`, or zero.
    pub(crate) fn this(root: &Path) -> Self {
        let of = |file: &str, name: &str| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let line =
                text.lines().find_map(|line| line.strip_prefix(name))?.trim_start_matches([' ', '\t', ':']);
            Some(line.trim().to_owned())
        };
        let kilobytes = of("/proc/meminfo", "MemTotal");
        let kilobytes = kilobytes.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
        Self {
            processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            model: of("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
            memory: kilobytes.unwrap_or(0) * 1024,
            kernel: of("/proc/sys/kernel/osrelease", "").unwrap_or_else(unknown),
            commit: commit(root).unwrap_or_else(unknown),
        }
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn commit(root: &Path) -> Option<String> {
    let git = |words: &[&str]| {
        let output = command(Path::new("git")).args(words).current_dir(root).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() { commit } else { format!("{commit} with changes") })
}
