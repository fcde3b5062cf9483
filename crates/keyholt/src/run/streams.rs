//! What a command's standard streams are connected to while its output is masked.

use std::fs::File;
use std::io::{self, IsTerminal, Stderr, Stdout, pipe};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};

use rustix::fs::fstat;

use super::signals::is_in_foreground;
use super::terminal::OwnTerminal;

/// An output of the command: where it can be read, and where it goes on to.
pub(super) struct Output {
    /// Where it can be read.
    pub(super) from: File,
    /// Where it goes on to.
    pub(super) to: File,
    /// Whether that is a terminal.
    pub(super) is_watched: bool,
}

/// Whether the command gets a terminal of its own in place of the user's for all that it does: only then do programs
/// that take a terminal over, such as an editor, work as they do without us. It needs all three streams, and the user's
/// keys.
pub(super) fn all_are_of_a_terminal() -> bool {
    let are_terminals = io::stdin().is_terminal() && io::stdout().is_terminal() && io::stderr().is_terminal();
    are_terminals && is_in_foreground()
}

/// Connects all streams of the command to one terminal.
///
/// # Errors
/// When the system has no more room.
pub(super) fn connect_to_terminal(command: &mut Command, terminal: &OwnTerminal) -> io::Result<Output> {
    let there = || terminal.there.try_clone().map(Stdio::from);
    command.stdin(there()?).stdout(there()?).stderr(there()?);
    Ok(Output { from: terminal.here.try_clone()?.into(), to: duplicate(io::stdout())?, is_watched: true })
}

/// Connects both outputs of the command, each to what it is here: a terminal, or something else. Its input stays what it
/// is here. Outputs that go to one place here stay together, so that their order is kept.
///
/// # Errors
/// When the system has no more room.
pub(super) fn connect_each(command: &mut Command) -> io::Result<Vec<Output>> {
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let (first, there) = output_on(&stdout, stdout.is_terminal())?;
    if are_one(&stdout, &stderr) {
        command.stdout(there.try_clone()?).stderr(there);
        return Ok(vec![first]);
    }
    command.stdout(there);
    let (second, there) = output_on(&stderr, stderr.is_terminal())?;
    command.stderr(there);
    Ok(vec![first, second])
}

/// An output, and the command's end of it.
fn output_on(here: impl AsFd, is_terminal: bool) -> io::Result<(Output, OwnedFd)> {
    let to = duplicate(&here)?;
    let (from, there) = if is_terminal {
        let OwnTerminal { here, there } = OwnTerminal::for_output_on(here)?;
        (here, there)
    } else {
        let (from, there) = pipe()?;
        (from.into(), there.into())
    };
    Ok((Output { from: from.into(), to, is_watched: is_terminal }, there))
}

fn duplicate(stream: impl AsFd) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}

fn are_one(stdout: &Stdout, stderr: &Stderr) -> bool {
    match (fstat(stdout), fstat(stderr)) {
        (Ok(one), Ok(other)) => {
            (one.st_dev, one.st_ino, one.st_rdev) == (other.st_dev, other.st_ino, other.st_rdev)
        }
        _ => false,
    }
}
