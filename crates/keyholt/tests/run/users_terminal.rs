//! A user's terminal: what is typed on it, and what is seen.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use keyholt_testkit::Setup;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::fixture::Runner;

/// How long may pass without anything to be seen.
const PATIENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

/// Somebody at a terminal, of 33 lines of 77 characters, on which a line of the shell runs.
pub(crate) struct Terminal {
    here: File,
    shell: Child,
    seen: String,
}

impl Terminal {
    /// Begins; in the line, `keyholt` is the program, and asks this server.
    pub(crate) fn begin(runner: &Runner, line: &str) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let here = openpt(flags).unwrap();
        grantpt(&here).unwrap();
        unlockpt(&here).unwrap();
        let there: OwnedFd = ioctl_tiocgptpeer(&here, flags).unwrap();
        let this = Self { here: here.into(), shell: shell(runner, line, there), seen: String::new() };
        this.resize(33, 77);
        this
    }

    pub(crate) fn resize(&self, lines: u16, characters: u16) {
        let size = Winsize { ws_row: lines, ws_col: characters, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.here, size).unwrap();
    }

    pub(crate) fn type_keys(&self, keys: &str) {
        assert_eq!(rustix::io::write(&self.here, keys.as_bytes()).unwrap(), keys.len());
    }

    /// Waits until this is seen.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            assert!(self.look(), "{:?} and no {text:?}", self.seen);
        }
    }

    /// All that was seen, with the status at the end.
    #[track_caller]
    pub(crate) fn end(mut self) -> (String, Option<i32>) {
        while self.look() {}
        let status = self.shell.wait().unwrap();
        (std::mem::take(&mut self.seen), status.code().or_else(|| status.signal().map(|signal| -signal)))
    }

    /// Looks for more; false when there is none any more.
    #[track_caller]
    fn look(&mut self) -> bool {
        let mut waiting = [PollFd::new(&self.here, PollFlags::IN)];
        assert_ne!(poll(&mut waiting, Some(&PATIENCE)), Ok(0), "nothing comes after {:?}", self.seen);
        let mut more = [0; 4096];
        match rustix::io::read(&self.here, &mut more) {
            Ok(count @ 1..) => self.seen.push_str(std::str::from_utf8(&more[..count]).unwrap()),
            // Nobody holds the other end any more.
            Ok(0) | Err(_) => return false,
        }
        true
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ended = self.shell.kill();
        let _status = self.shell.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "tests start the program that they are about")]
fn shell(runner: &Runner, line: &str, terminal: OwnedFd) -> Child {
    let program = env!("CARGO_BIN_EXE_keyholt");
    let line = line.replace("keyholt", program);
    let mut command = Command::new(program);
    // The program's own way to begin a session on a terminal.
    command.args(["in-terminal", "--", "sh", "-c", &line]).env_clear();
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin").current_dir(runner.setup.folder());
    command.env("KEYHOLT_URL", runner.server.url()).env("KEYHOLT_API_KEY", Setup::KEY);
    let there = || Stdio::from(terminal.try_clone().unwrap());
    command.stdin(there()).stdout(there()).stderr(there());
    command.spawn().unwrap()
}
