//! Passing a command's output on, without the values.

use std::fs::File;
use std::io;
use std::io::PipeReader;
use std::os::fd::{AsFd, BorrowedFd};

use bytes::Bytes;
use keyholt_gateway::scrub::Scrubber;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;

/// How long what may be the beginning of a value is kept from somebody who watches.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// How much of such a beginning is then shown. So much of a value tells nothing of it, and who types a letter must see
/// it, whatever values begin with it.
const SHOWN_BEGINNING: usize = 4;

/// How long a terminal must be silent after the command has ended until it counts as read to its end: what the command
/// left behind may hold it for ever.
const SILENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Where output goes on to, and as what.
pub(super) struct Pump {
    /// Where the command's output comes from.
    pub(super) from: File,
    /// Where it goes on to.
    pub(super) to: File,
    /// What takes the values out of it.
    pub(super) scrubber: Scrubber,
    /// Whether somebody watches it on a terminal.
    pub(super) is_watched: bool,
}

impl Pump {
    /// Passes all of it on. Ends when nobody can write there any more; on a terminal also when there is nothing more
    /// after the command has `ended`; and when nobody reads it any more, which the command is told by the next thing
    /// that it writes, as it would be without this.
    pub(super) fn run(mut self, ended: &PipeReader) {
        let _ = self.pass_on(ended);
        let rest = self.scrubber.finish();
        let _ = write_all(&self.to, &rest);
    }

    fn pass_on(&mut self, ended: &PipeReader) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        let (mut may_hold, mut has_ended) = (false, false);
        loop {
            if self.is_watched {
                match self.wait(ended, may_hold, has_ended)? {
                    Wait::MoreOutput => {}
                    Wait::CommandEnded => {
                        has_ended = true;
                        continue;
                    }
                    Wait::Silence if has_ended => return Ok(()),
                    Wait::Silence => {
                        may_hold = false;
                        write_all(&self.to, &self.scrubber.release(SHOWN_BEGINNING))?;
                        continue;
                    }
                }
            }
            let count = match rustix::io::read(&self.from, &mut chunk) {
                Ok(count @ 1..) => count,
                // A terminal that nobody holds any more answers with an input/output error.
                Ok(0) | Err(Errno::IO) => return Ok(()),
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(problem) => return Err(problem.into()),
            };
            let clean = self.scrubber.push(Bytes::copy_from_slice(chunk.get(..count).unwrap_or_default()));
            write_all(&self.to, &clean)?;
            may_hold = true;
        }
    }

    /// Waits for more, while somebody watches.
    fn wait(&self, ended: &PipeReader, may_hold: bool, has_ended: bool) -> io::Result<Wait> {
        let mut watched = vec![PollFd::new(&self.from, PollFlags::IN)];
        if !has_ended {
            watched.push(PollFd::new(ended, PollFlags::IN));
        }
        let time = if has_ended { Some(&SILENCE) } else { may_hold.then_some(&PATIENCE) };
        loop {
            match poll(&mut watched, time) {
                Ok(0) => return Ok(Wait::Silence),
                Ok(_) => break,
                Err(Errno::INTR) => {}
                Err(problem) => return Err(problem.into()),
            }
        }
        let has_more = watched.first().is_some_and(|output| !output.revents().is_empty());
        Ok(if has_more { Wait::MoreOutput } else { Wait::CommandEnded })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    MoreOutput,
    CommandEnded,
    Silence,
}

/// Writes all of it, also where others have made writing there return early.
pub(super) fn write_all(to: &File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait_for_room(to.as_fd())?,
            Err(problem) => return Err(problem.into()),
        }
    }
    Ok(())
}

fn wait_for_room(to: BorrowedFd<'_>) -> io::Result<()> {
    match poll(&mut [PollFd::new(&to, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(problem) => Err(problem.into()),
    }
}
