//! How a command ended, which is how this program ends.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitCode, ExitStatus};

use crate::output::{self, visible};

/// The command has ended, and everything that is to be said has been said: this program ends with its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the command ended with status {0}")]
pub(crate) struct CommandEnded(u8);

impl CommandEnded {
    /// With the status that it ended with; 128 and its number when a signal ended it, as shells have it.
    pub(super) fn with(status: ExitStatus) -> Self {
        let signal = || status.signal().map(|signal| signal.saturating_add(128));
        let number = status.code().or_else(signal).and_then(|number| u8::try_from(number).ok());
        Self(number.unwrap_or(u8::MAX))
    }

    /// It could not be started: 127 when there is no such program, 126 otherwise, as shells have it. Says why.
    pub(super) fn without_a_start(program: &Path, problem: &io::Error) -> Self {
        let is_missing = problem.kind() == io::ErrorKind::NotFound;
        let hint = if is_missing {
            "\n  check its name, and PATH"
        } else if problem.kind() == io::ErrorKind::ArgumentListTooLong {
            "\n  the variables are too much for the system; say with --only which are needed"
        } else {
            ""
        };
        let shown = visible(&program.to_string_lossy()).into_owned();
        output::note(&format!("keyholt: {shown} cannot be started: {problem}{hint}"));
        Self(if is_missing { 127 } else { 126 })
    }

    /// The status for this program.
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_passed_on_and_a_signal_counts_from_128() {
        for (wait_status, expected) in [(0, 0), (7 << 8, 7), (255 << 8, 255), (15, 143), (9, 137), (2, 130)] {
            assert_eq!(CommandEnded::with(ExitStatus::from_raw(wait_status)), CommandEnded(expected));
        }
    }
}
