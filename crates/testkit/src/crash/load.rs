//! Workers that write all at once while something happens to their server.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::model::{Acknowledged, Rows, Testimony, Unanswered};
use super::worker::work;
use crate::{Deadline, Random, Server};

/// How long a write may take to be acknowledged.
const PATIENCE: Duration = Duration::from_secs(30);

/// Workers, and what they know.
#[derive(Debug)]
pub struct Load {
    /// What each knows.
    pub testimonies: Vec<Testimony>,
}

/// What became of the writes of a load.
#[derive(Debug, Default)]
pub struct Settled {
    /// Those that were answered with 200.
    pub acknowledged: Vec<Acknowledged>,
    /// Those that were not answered, and were done.
    pub unanswered: Vec<Unanswered>,
}

/// Waits for the writes of a load.
#[derive(Debug)]
pub struct Until(Receiver<()>);

impl Until {
    /// Waits for so many more acknowledged writes.
    ///
    /// # Errors
    /// In words, when none comes within 30 s.
    pub fn writes(&self, count: u64) -> Result<(), String> {
        for _ in 0..count {
            self.0.recv_timeout(PATIENCE).map_err(|_| "writes are not acknowledged")?;
        }
        Ok(())
    }

    /// Lets so much time pass, whatever comes meanwhile.
    pub fn time(&self, time: Duration) {
        let deadline = Deadline::after(time);
        while !deadline.has_passed() {
            // What comes is of no interest, nor is that nothing does.
            let _passed = self.0.recv_timeout(deadline.left());
        }
    }
}

impl Load {
    /// So many workers, who know of nothing.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self { testimonies: (0..workers).map(|_| Testimony::default()).collect() }
    }

    /// Compares with what is there now, which is what is known from then on: the writes that were answered, and those that
    /// were done without an answer.
    ///
    /// # Errors
    /// In words, when a row is not as it was answered, or nobody's.
    pub fn settle(&mut self, mut there: BTreeMap<usize, Rows>) -> Result<Settled, String> {
        let mut settled = Settled::default();
        for (number, known) in self.testimonies.iter_mut().enumerate() {
            let rows = there.remove(&number).unwrap_or_default();
            let done = known.compare(&rows).map_err(|problem| format!("worker {number}: {problem}"))?;
            settled.unanswered.extend(done);
            known.rows = rows;
            settled.acknowledged.append(&mut known.acknowledged);
        }
        if there.is_empty() { Ok(settled) } else { Err(format!("rows of nobody: {there:?}")) }
    }

    /// Lets all write to this server until `meanwhile` has ended, or the server has.
    ///
    /// # Errors
    /// What `meanwhile` says, or in words when a write is refused that must be done.
    pub fn run<T>(
        &mut self,
        server: &Server,
        random: &mut Random,
        meanwhile: impl FnOnce(&Until) -> Result<T, String>,
    ) -> Result<T, String> {
        let (done, writes) = channel();
        let is_over = AtomicBool::new(false);
        let testimonies = std::mem::take(&mut self.testimonies);
        let (ended, known) = thread::scope(|scope| {
            let mut workers = Vec::new();
            for (number, known) in testimonies.into_iter().enumerate() {
                let (client, random, done, is_over) = (server.client(), random.fork(), done.clone(), &is_over);
                workers.push(scope.spawn(move || work(client, number, random, known, is_over, &done)));
            }
            let ended = meanwhile(&Until(writes));
            is_over.store(true, Ordering::SeqCst);
            let known: Vec<_> = workers
                .into_iter()
                .map(|worker| worker.join().unwrap_or(Err("a worker panicked".into())))
                .collect();
            (ended, known)
        });
        // Why a worker gave up says more than that nothing came of it.
        self.testimonies = known.into_iter().collect::<Result<_, String>>()?;
        ended
    }
}
