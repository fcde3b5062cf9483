//! Kill, start, compare; again and again on one directory.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use keyholt_testkit::{Deadline, Random, Server, Setup, Stopwatch, number_setting, seed_setting};

use crate::audit_log::AuditLog;
use crate::model::{Rows, Testimony};
use crate::survey::{count_open, survey};
use crate::worker::work;

const WORKERS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(30);

/// What the rounds come to.
#[derive(Debug, Default)]
struct Figures {
    acknowledged: usize,
    in_flight: usize,
    rounds_with_writes_in_flight: u64,
    killed_while_starting: u64,
    starts: Vec<Duration>,
}

#[test]
fn an_acknowledged_write_survives_kill_9_at_any_moment() {
    let rounds = number_setting("KEYHOLT_CRASH_ROUNDS", 25);
    let seed = seed_setting("KEYHOLT_SEED");
    println!("KEYHOLT_CRASH_ROUNDS={rounds} KEYHOLT_SEED={seed}");
    let mut random = Random::new(seed);
    // All workers have one API key and go as fast as they can.
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap().variable("KEYHOLT_LIMITS_PER_API_KEY", "0");
    let mut log = AuditLog::default();
    let mut figures = Figures::default();
    let mut testimonies: Vec<Testimony> = (0..WORKERS).map(|_| Testimony::default()).collect();
    let mut server = start(&setup, &mut random, &mut figures);
    log.compare(&mut server.client(), &[], 0).unwrap();
    for round in 1..=rounds {
        testimonies = load_and_kill(server, &mut random, testimonies);
        let in_flight = testimonies.iter().filter(|testimony| testimony.in_flight.is_some()).count();
        figures.in_flight += in_flight;
        figures.rounds_with_writes_in_flight += u64::from(in_flight > 0);
        server = start(&setup, &mut random, &mut figures);
        if let Err(problem) = compare(&setup, &server, &mut testimonies, &mut log, &mut figures) {
            panic!(
                "round {round} of seed {seed}: {problem}\nthe server said: {}",
                String::from_utf8_lossy(&server.output())
            );
        }
    }
    assert!(server.stop().unwrap().success(), "a polite end is a good end");
    figures.print(rounds);
}

/// Starts the server; one time in five it is killed while it recovers, and started again.
fn start(setup: &Setup, random: &mut Random, figures: &mut Figures) -> Server {
    if random.below(5) == 0 {
        let starting = setup.spawn().unwrap();
        let (_open, never) = channel::<()>();
        wait(&never, Duration::from_micros(random.below(60_000)));
        starting.kill().unwrap();
        figures.killed_while_starting += 1;
    }
    let watch = Stopwatch::start();
    let server = setup.start().unwrap_or_else(|problem| panic!("does not start again: {problem:?}"));
    figures.starts.push(watch.elapsed());
    server
}

/// Lets the workers write, and kills the server some microseconds after some acknowledged write.
fn load_and_kill(server: Server, random: &mut Random, testimonies: Vec<Testimony>) -> Vec<Testimony> {
    let (done, writes) = channel();
    thread::scope(|scope| {
        let mut workers = Vec::new();
        for (number, testimony) in testimonies.into_iter().enumerate() {
            let (client, random, done) = (server.client(), random.fork(), done.clone());
            workers.push(scope.spawn(move || work(client, number, random, testimony, &done)));
        }
        for _ in 0..=random.below(300) {
            writes.recv_timeout(PATIENCE).expect("writes are acknowledged");
        }
        wait(&writes, Duration::from_micros(random.below(3_000)));
        server.kill().unwrap();
        workers.into_iter().map(|worker| worker.join().unwrap().unwrap()).collect()
    })
}

/// Lets so much time pass, whatever comes meanwhile.
fn wait(channel: &Receiver<()>, time: Duration) {
    let deadline = Deadline::after(time);
    while !deadline.has_passed() {
        // What comes is of no interest, nor is that nothing does.
        let _passed = channel.recv_timeout(deadline.left());
    }
}

fn compare(
    setup: &Setup,
    server: &Server,
    testimonies: &mut [Testimony],
    log: &mut AuditLog,
    figures: &mut Figures,
) -> Result<(), String> {
    let mut client = server.client();
    let mut there: BTreeMap<usize, Rows> = survey(&mut client)?;
    let mut unanswered = 0;
    let mut acknowledged = Vec::new();
    for (number, testimony) in testimonies.iter_mut().enumerate() {
        let rows = there.remove(&number).unwrap_or_default();
        let was_done = testimony.compare(&rows).map_err(|problem| format!("worker {number}: {problem}"))?;
        unanswered += usize::from(was_done);
        testimony.rows = rows;
        acknowledged.append(&mut testimony.acknowledged);
    }
    if !there.is_empty() {
        return Err(format!("rows of nobody: {there:?}"));
    }
    figures.acknowledged += acknowledged.len();
    count_open(&mut client)?;
    log.compare(&mut client, &acknowledged, unanswered)?;
    for words in [["audit", "verify"].as_slice(), &["doctor", "--json"]] {
        let finished = setup.run_against(Some(server), words, b"").map_err(|error| error.to_string())?;
        if !finished.success() {
            return Err(format!("keyholt {}: {finished:?}", words.join(" ")));
        }
    }
    Ok(())
}

impl Figures {
    fn print(&mut self, rounds: u64) {
        self.starts.sort();
        let middle = self.starts.get(self.starts.len() / 2).copied().unwrap_or_default();
        let longest = self.starts.last().copied().unwrap_or_default();
        println!(
            "kill -9 {rounds} times ({} with writes in flight, {} more while starting), {} acknowledged writes, {} in flight: \
             0 lost, 0 half-written, 0 undecryptable; ready again in {middle:.1?} (median), {longest:.1?} (max)",
            self.rounds_with_writes_in_flight, self.killed_while_starting, self.acknowledged, self.in_flight
        );
    }
}
