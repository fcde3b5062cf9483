//! A server under measurement: a process of its own on a free port, killed by its id when this goes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use super::watch::now;

/// The API key of the stores that are made here; they are deleted afterwards.
pub(crate) const KEY: &str = "bench-key-of-a-store-that-is-deleted-afterwards";

/// A running server.
pub(crate) struct Program {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From its start to the line that says so.
    pub(crate) started_in: Duration,
    /// Kept open: a server whose greeting nobody reads any more ends.
    _stdout: BufReader<ChildStdout>,
}

impl Program {
    /// Starts Keyholt on this data directory, without a limit for one API key.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn keyholt(binary: &Path, data_dir: &Path) -> anyhow::Result<Self> {
        Self::keyholt_with(binary, data_dir, &[])
    }

    /// The same with more options.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn keyholt_with(binary: &Path, data_dir: &Path, options: &[String]) -> anyhow::Result<Self> {
        Self::start(Self::serving(binary, data_dir, options))
    }

    /// Starts Keyholt on a PostgreSQL database, with the root key of a data directory that it has been on before.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn keyholt_on_postgres(binary: &Path, data_dir: &Path, url: &str) -> anyhow::Result<Self> {
        let mut command = Self::serving(binary, data_dir, &[]);
        // It holds a password, which a command line would show.
        command.env("KEYHOLT_DATABASE_URL", url);
        Self::start(command)
    }

    fn serving(binary: &Path, data_dir: &Path, options: &[String]) -> Command {
        let mut command = command(binary);
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--metrics-listen",
            "off",
            "--log-level",
            "warn",
            // All of the load comes with one API key.
            "--limits-per-api-key",
            "0",
            "--data-dir",
        ]);
        command.arg(data_dir).args(options).env("KEYHOLT_BOOTSTRAP_API_KEY", KEY);
        command
    }

    /// Starts the ceiling.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn ceiling() -> anyhow::Result<Self> {
        Self::of_ours(["bench", "--ceiling"])
    }

    /// Starts the provider that the gateway is measured with.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn provider() -> anyhow::Result<Self> {
        Self::of_ours(["gateway", "--provider"])
    }

    /// Starts this program with these words.
    fn of_ours(words: [&str; 2]) -> anyhow::Result<Self> {
        let mut command = command(&std::env::current_exe()?);
        command.args(words);
        Self::start(command)
    }

    fn start(mut command: Command) -> anyhow::Result<Self> {
        let start = now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        while stdout.read_line(&mut line)? > 0 {
            let printed = std::mem::take(&mut line);
            let Some((_, rest)) = printed.split_once("listening on http://") else { continue };
            let address =
                rest.split(|letter: char| letter.is_whitespace() || letter == '/').next().unwrap_or(rest);
            let address = address.parse()?;
            return Ok(Self { address, child, started_in: start.elapsed(), _stdout: stdout });
        }
        bail!("{} ended before it listened: {}", command.get_program().display(), child.wait()?)
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its memory, in bytes (`VmRSS`).
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: u64 = line.split_whitespace().next().context("no VmRSS")?.parse()?;
        Ok(kilobytes * 1024)
    }

    /// The processor time of all its threads so far, user and system: fields 14 and 15 of `/proc/PID/stat`, in
    /// ticks of 10 ms on every Linux (`man 7 time`).
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The second field, the name in brackets, may hold blanks itself.
        let (_, rest) = stat.rsplit_once(')').context("no name in stat")?;
        let mut ticks = 0;
        for field in rest.split_whitespace().skip(11).take(2) {
            ticks += field.parse::<u64>()?;
        }
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Asks it to end and waits until it has, so that nothing is left to recover.
    ///
    /// # Errors
    /// When it ends badly.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        command(Path::new("/bin/sh"))
            .args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()])
            .status()?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { bail!("the server ended badly: {status}") }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "a tool that starts the programs it measures")]
pub(crate) fn command(program: &Path) -> Command {
    Command::new(program)
}
