//! What happens to servers: they are stopped, killed, frozen.

use std::fs;
use std::io::{self, ErrorKind};
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

use super::cluster::{Cluster, PATIENCE};
use crate::Deadline;

impl Cluster {
    /// Whether the server runs; a frozen one does.
    pub fn is_running(&mut self) -> bool {
        self.server.as_mut().is_some_and(|server| matches!(server.try_wait(), Ok(None)))
    }

    /// Ends it as an operator does: sessions are ended, transactions rolled back. Does nothing if it does not run.
    ///
    /// # Errors
    /// When it has not ended within 60 s.
    pub fn stop(&mut self) -> io::Result<()> {
        if self.is_running() {
            send(self.postmaster(), Signal::INT)?;
            let ended = Deadline::after(PATIENCE).poll(|| (!self.is_running()).then_some(()));
            ended.ok_or(ErrorKind::TimedOut)?;
        }
        self.server = None;
        Ok(())
    }

    /// Kills it with all its processes (SIGKILL), as a failing machine does. Does nothing if it does not run.
    ///
    /// # Errors
    /// When they have not ended within 60 s.
    pub fn kill(&mut self) -> io::Result<()> {
        // As long as one is left, the memory that they share keeps the server from starting again.
        let gone = Deadline::after(PATIENCE).poll(|| {
            let left = self.processes();
            for pid in &left {
                // It may end by itself in the meantime, as the others do when the first one has gone.
                let _ended = send(*pid, Signal::KILL);
            }
            left.is_empty().then_some(())
        });
        gone.ok_or(ErrorKind::TimedOut)?;
        if let Some(mut server) = self.server.take() {
            server.wait()?;
        }
        Ok(())
    }

    /// Stops all its processes in their tracks (SIGSTOP): connections stay open, new ones are accepted by the system,
    /// and nothing is answered.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&self) -> io::Result<()> {
        // The first one first: after that there are no new ones.
        send(self.postmaster(), Signal::STOP)?;
        self.processes().into_iter().try_for_each(|pid| send_if_there(pid, Signal::STOP))
    }

    /// Lets what is frozen go on (SIGCONT).
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw(&self) -> io::Result<()> {
        self.processes().into_iter().try_for_each(|pid| send_if_there(pid, Signal::CONT))?;
        send(self.postmaster(), Signal::CONT)
    }

    fn postmaster(&self) -> u32 {
        self.server.as_ref().map_or(0, Child::id)
    }

    /// All processes of the server, the one that starts the others first.
    fn processes(&self) -> Vec<u32> {
        let data = self.folder.data();
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut found: Vec<u32> = all
            .filter(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|folder| folder == data))
            .filter_map(|process| process.file_name().to_str()?.parse().ok())
            .collect();
        let first = self.postmaster();
        found.sort_by_key(|pid| (*pid != first, *pid));
        found
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Should this fail, the guard of the folder does it.
        let _ended = self.kill();
    }
}

fn send(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(ErrorKind::NotFound)?;
    Ok(kill_process(pid, signal)?)
}

/// A session may end by itself.
fn send_if_there(pid: u32, signal: Signal) -> io::Result<()> {
    match send(pid, signal) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => Ok(()),
        sent => sent,
    }
}
