//! Kill, start, compare; again and again on one directory.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::audit_log::AuditLog;
use super::figures::CrashFigures;
use super::load::{Load, Settled};
use super::survey::{reveal, survey};
use crate::{Random, Server, Setup, Stopwatch};

/// After so many kills a store has had its time: what is looked at after each of them grows with its audit log.
const KILLS_OF_A_STORE: u64 = 50;
/// How many writes are acknowledged before a kill, at most.
const WRITES: u64 = 120;
/// After so many kills all values are opened, not only those of rows that were written to, and the commands that prove the
/// audit log look at all of it. At the end of a store `keyholt verify` proves everything in any case.
const ALL_VALUES_AFTER: u64 = 5;

/// What is killed, and how often.
#[derive(Clone, Debug)]
pub struct CrashOptions {
    /// The server's program.
    pub program: PathBuf,
    /// How often it is killed under load; every fifth time once more while it starts.
    pub kills: u64,
    /// How many workers write at a time.
    pub workers: usize,
    /// Repeats a run as far as threads allow.
    pub seed: u64,
}

/// Kills a server again and again; tells `progress` after each kill how many there were.
///
/// # Errors
/// In words, with the number of the kill and the seed, when anything is lost, half-written, resurrected or does not
/// open, when the audit log is not what was done, or when the server does not start again.
pub fn crash(options: &CrashOptions, mut progress: impl FnMut(u64)) -> Result<CrashFigures, String> {
    let mut random = Random::new(options.seed);
    let mut figures = CrashFigures::default();
    while figures.kills < options.kills {
        let mut rounds = Rounds::new(options, &mut random, &mut figures)?;
        for _ in 0..KILLS_OF_A_STORE.min(options.kills - rounds.figures.kills) {
            rounds.round()?;
            progress(rounds.figures.kills);
        }
        rounds.end()?;
    }
    Ok(figures)
}

/// A store, and what is known of it.
struct Rounds<'a> {
    setup: Setup,
    random: &'a mut Random,
    figures: &'a mut CrashFigures,
    seed: u64,
    load: Load,
    log: AuditLog,
    server: Option<Server>,
}

impl<'a> Rounds<'a> {
    fn new(
        options: &CrashOptions,
        random: &'a mut Random,
        figures: &'a mut CrashFigures,
    ) -> Result<Self, String> {
        // All workers have one API key and go as fast as they can.
        let setup = Setup::new(&options.program).map_err(words)?.variable("KEYHOLT_LIMITS_PER_API_KEY", "0");
        let server = setup.start().map_err(|problem| format!("does not start: {problem:?}"))?;
        let mut log = AuditLog::default();
        log.requests(&mut server.client())?;
        let (load, server) = (Load::new(options.workers), Some(server));
        Ok(Self { setup, random, figures, seed: options.seed, load, log, server })
    }

    fn round(&mut self) -> Result<(), String> {
        self.figures.kills += 1;
        let kill = self.figures.kills;
        let problem = match self.kill_and_compare() {
            Ok(()) => return Ok(()),
            Err(problem) => problem,
        };
        let said = self.server.as_ref().map(Server::output).unwrap_or_default();
        let (seed, said) = (self.seed, String::from_utf8_lossy(&said));
        Err(format!("kill {kill} of KEYHOLT_SEED={seed}: {problem}\nthe server said: {said}"))
    }

    fn kill_and_compare(&mut self) -> Result<(), String> {
        let server = self.server.take().ok_or("no server")?;
        self.load_and_kill(server)?;
        let in_flight = self.load.testimonies.iter().filter(|known| known.in_flight.is_some()).count();
        self.figures.in_flight.0 += in_flight;
        self.figures.with_writes_in_flight += u64::from(in_flight > 0);
        let server = self.start()?;
        let compared = self.compare(&server);
        self.server = Some(server);
        compared
    }

    /// Lets the workers write, and kills the server some microseconds after some acknowledged write.
    fn load_and_kill(&mut self, server: Server) -> Result<(), String> {
        let (writes, moment) = (self.random.below(WRITES) + 1, Duration::from_micros(self.random.below(3_000)));
        let pid = server.pid();
        self.load.run(&server, self.random, |until| {
            until.writes(writes)?;
            until.time(moment);
            kill(pid)
        })?;
        // It has ended already; this takes note of it.
        server.wait().map(drop).map_err(words)
    }

    /// Starts the server; one time in five it is killed while it recovers, and started again.
    fn start(&mut self) -> Result<Server, String> {
        if self.random.below(5) == 0 {
            let starting = self.setup.spawn().map_err(words)?;
            let (_open, never) = channel::<()>();
            let moment = Duration::from_micros(self.random.below(60_000));
            // Nobody sends anything: this only waits.
            let _waited = never.recv_timeout(moment);
            starting.kill().map_err(words)?;
            self.figures.while_starting += 1;
        }
        let watch = Stopwatch::start();
        let server = self.setup.start().map_err(|problem| format!("does not start again: {problem:?}"))?;
        self.figures.starts.push(watch.elapsed());
        Ok(server)
    }

    fn compare(&mut self, server: &Server) -> Result<(), String> {
        let mut client = server.client();
        let there = survey(&mut client)?;
        let Settled { acknowledged, unanswered } = self.load.settle(there.clone())?;
        self.figures.acknowledged += acknowledged.len();
        self.figures.in_flight.1 += unanswered.len();
        let ids = acknowledged.iter().map(|done| &done.id).chain(unanswered.iter().map(|(_, id)| id));
        let mut written: Vec<&str> = Vec::new();
        for id in ids {
            written.extend(there.values().filter_map(|rows| rows.get(id)).map(|row| row.name.as_str()));
        }
        written.sort_unstable();
        written.dedup();
        let names = (!self.figures.kills.is_multiple_of(ALL_VALUES_AFTER)).then_some(written.as_slice());
        self.figures.revealed += reveal(&mut client, &there, names)?;
        self.log.compare(&mut client, &acknowledged, unanswered)?;
        if names.is_some() {
            return Ok(());
        }
        self.command(Some(server), &["audit", "verify"])?;
        self.command(Some(server), &["doctor", "--json"])
    }

    /// A polite end is a good end, and everything in the store is proven.
    fn end(mut self) -> Result<(), String> {
        let ended = self.server.take().ok_or("no server")?.stop().map_err(words)?;
        if !ended.success() {
            return Err(format!("does not end well: {ended:?}"));
        }
        self.command(None, &["verify"])
    }

    fn command(&self, server: Option<&Server>, line: &[&str]) -> Result<(), String> {
        let finished = self.setup.run_against(server, line, b"").map_err(words)?;
        if finished.success() { Ok(()) } else { Err(format!("keyholt {}: {finished:?}", line.join(" "))) }
    }
}

/// SIGKILL: no destructor runs.
fn kill(pid: u32) -> Result<(), String> {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).ok_or("no process")?;
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).map_err(|problem| problem.to_string())
}

fn words(problem: io::Error) -> String {
    problem.to_string()
}
