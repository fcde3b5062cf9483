//! Terminals: the one in front of the user, and the one that the command gets in its place.

use std::fs::File;
use std::io::{self, PipeReader};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{
    OptionalActions, OutputModes, Termios, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize,
};

use super::pump::write_all;

/// A terminal for a command: what it writes there is read here, and the other way round.
pub(super) struct OwnTerminal {
    /// This program's end.
    pub(super) here: OwnedFd,
    /// The command's end.
    pub(super) there: OwnedFd,
}

impl OwnTerminal {
    /// One that behaves as the user's, which this is.
    ///
    /// # Errors
    /// When the system has none left.
    pub(super) fn like(users: impl AsFd) -> io::Result<Self> {
        let terminal = Self::open()?;
        tcsetattr(&terminal.there, OptionalActions::Now, &tcgetattr(&users)?)?;
        copy_size(users, &terminal.here);
        Ok(terminal)
    }

    /// One that is for output only and leaves it as it is, since the user's, which this is, sees to it.
    ///
    /// # Errors
    /// When the system has none left.
    pub(super) fn for_output_on(users: impl AsFd) -> io::Result<Self> {
        let terminal = Self::like(users)?;
        let mut modes = tcgetattr(&terminal.there)?;
        modes.output_modes.remove(OutputModes::OPOST);
        tcsetattr(&terminal.there, OptionalActions::Now, &modes)?;
        Ok(terminal)
    }

    fn open() -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let here = openpt(flags)?;
        grantpt(&here)?;
        unlockpt(&here)?;
        // Not by its name, which may mean nothing, or another terminal, in a container.
        let there = ioctl_tiocgptpeer(&here, flags)?;
        Ok(Self { here, there })
    }
}

/// Gives a terminal the size of another; where that has none, it stays as it is.
pub(super) fn copy_size(from: impl AsFd, to: impl AsFd) {
    if let Ok(size) = tcgetwinsize(from) {
        let _ = tcsetwinsize(to, size);
    }
}

/// The user's terminal on standard input, while it passes every key on as it is typed. It is as it was before when
/// this goes.
pub(super) struct PassingKeys {
    before: Termios,
}

impl PassingKeys {
    /// Begins.
    ///
    /// # Errors
    /// When it cannot be set so.
    pub(super) fn begin() -> io::Result<Self> {
        let passing = Self { before: tcgetattr(io::stdin())? };
        passing.again()?;
        Ok(passing)
    }

    /// Sets it so again, as is needed after others have had it.
    ///
    /// # Errors
    /// When it cannot be set so.
    pub(super) fn again(&self) -> io::Result<()> {
        let mut modes = self.before.clone();
        modes.make_raw();
        Ok(tcsetattr(io::stdin(), OptionalActions::Drain, &modes)?)
    }

    /// Sets it as it was before.
    pub(super) fn leave(&self) {
        // A terminal that is gone needs no modes.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
    }
}

impl Drop for PassingKeys {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Passes on what is typed, until the command has ended: then what is typed is for whoever comes next.
pub(super) fn pass_keys(to: &File, ended: &PipeReader) {
    let stdin = io::stdin();
    let mut keys = vec![0; 4096];
    loop {
        let mut waiting = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(ended, PollFlags::IN)];
        match poll(&mut waiting, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(_) => return,
        }
        let [typed, has_ended] = waiting.map(|waiting| !waiting.revents().is_empty());
        if has_ended {
            return;
        }
        if !typed {
            continue;
        }
        // Past the buffer of the standard library, of which `poll` knows nothing.
        match rustix::io::read(&stdin, &mut keys) {
            Ok(count @ 1..) if write_all(to, keys.get(..count).unwrap_or_default()).is_ok() => {}
            Err(Errno::INTR | Errno::AGAIN) => {}
            Ok(_) | Err(_) => return,
        }
    }
}
