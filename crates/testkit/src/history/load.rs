//! Many clients at a time, in cells: the clients of one share a few names, and nobody else touches them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::call::{Call, Content, Operation, Outcome, Patch};
use crate::{Deadline, Random, Stopwatch};

/// How many ids a cell remembers: those of records that are there, and some of such as were.
const IDS: usize = 6;

/// What came of an operation that was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// It was answered.
    Answered(Outcome),
    /// No answer came, or one that says that the outcome is unknown.
    Lost,
    /// It was refused before it did anything. That this is so is checked too: it is no part of the history.
    Refused,
}

/// One client of what is checked.
pub trait Store {
    /// Sends an operation once.
    ///
    /// # Errors
    /// In words, when the answer is none that an operation may have.
    fn send(&mut self, operation: &Operation) -> Result<Sent, String>;
}

/// How much is asked for.
#[derive(Clone, Debug)]
pub struct Load {
    /// What the names begin with.
    pub prefix: String,
    /// Cells of names.
    pub cells: usize,
    /// Clients of each cell, all at a time. The work of the check grows exponentially with it: 8 are many.
    pub clients: usize,
    /// Names of each cell.
    pub names: usize,
    /// The most operations of all clients together.
    pub operations: u64,
    /// The most time.
    pub time: Duration,
    /// Repeats a run as far as threads allow.
    pub seed: u64,
}

/// What came of a load.
#[derive(Debug, Default)]
pub struct Recorded {
    /// The history of each cell.
    pub cells: Vec<Vec<Call>>,
    /// How many operations were refused.
    pub refused: u64,
    /// How long it took.
    pub took: Duration,
}

impl Recorded {
    /// How many operations may have had an effect.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.cells.iter().map(Vec::len).sum()
    }

    /// How many of them were not answered.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.cells.iter().flatten().filter(|call| call.answer.is_none()).count()
    }
}

impl Load {
    /// Sends it, each client over a store of its own, told by the client's number.
    ///
    /// # Errors
    /// In words, the first of the clients'.
    pub fn run<S: Store + Send>(&self, store: impl Fn(usize) -> S) -> Result<Recorded, String> {
        let (watch, end) = (Stopwatch::start(), Deadline::after(self.time));
        let mut random = Random::new(self.seed);
        let clients = (self.cells * self.clients).max(1);
        let share = self.operations.div_ceil(clients as u64);
        let ids: Vec<_> = (0..self.cells).map(|_| Mutex::new(VecDeque::new())).collect();
        let mut recorded = Recorded::default();
        thread::scope(|scope| {
            let mut workers = Vec::new();
            for (cell, ids) in ids.iter().enumerate() {
                for client in 0..self.clients {
                    let names = (0..self.names).map(|name| format!("{}-{cell}-{name}", self.prefix)).collect();
                    let (store, random) = (store(cell * self.clients + client), random.fork());
                    let worker = Worker { store, random, names, ids, watch, calls: Vec::new(), refused: 0 };
                    workers.push((cell, scope.spawn(move || worker.work(share, end))));
                }
            }
            recorded.cells.resize_with(self.cells, Vec::new);
            for (cell, worker) in workers {
                let (calls, refused) = worker.join().map_err(|_| "a client panicked".to_owned())??;
                recorded.refused += refused;
                if let Some(all) = recorded.cells.get_mut(cell) {
                    all.extend(calls);
                }
            }
            recorded.took = watch.elapsed();
            Ok(recorded)
        })
    }
}

/// One client.
struct Worker<'a, S> {
    store: S,
    random: Random,
    names: Vec<String>,
    ids: &'a Mutex<VecDeque<String>>,
    watch: Stopwatch,
    calls: Vec<Call>,
    refused: u64,
}

impl<S: Store> Worker<'_, S> {
    fn work(mut self, share: u64, end: Deadline) -> Result<(Vec<Call>, u64), String> {
        for _ in 0..share {
            if end.has_passed() {
                break;
            }
            let operation = self.next();
            let invoked = self.now();
            let sent = self.store.send(&operation).map_err(|problem| format!("{operation:?}: {problem}"))?;
            let answer = match sent {
                Sent::Answered(outcome) => Some((self.now(), outcome)),
                Sent::Lost => None,
                Sent::Refused => {
                    self.refused += 1;
                    // A server that has no time, or is just not there, is not asked without a pause.
                    thread::park_timeout(Duration::from_millis(2));
                    continue;
                }
            };
            if let Some((_, Outcome::Row { row, .. })) = &answer {
                remember(&mut lock(self.ids), &row.id);
            }
            self.calls.push(Call { operation, invoked, answer });
        }
        Ok((self.calls, self.refused))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.watch.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Chooses an operation; by id while one is known.
    fn next(&mut self) -> Operation {
        let ids: Vec<String> = lock(self.ids).iter().cloned().collect();
        let name = self.random.pick(&self.names).cloned().unwrap_or_default();
        let id = self.random.pick(&ids).cloned();
        match (self.random.below(20), id) {
            (0..=3, _) | (_, None) => Operation::Create { name, content: self.content(2) },
            (4..=6, _) => Operation::Put { name, content: self.content(2) },
            (7, _) => Operation::DeleteName { name },
            (8, Some(id)) => Operation::Delete { id },
            (9 | 10, Some(id)) => {
                Operation::Patch { id, patch: Patch { name: Some(name), content: Content::default() } }
            }
            (11..=14, Some(id)) => {
                Operation::Patch { id, patch: Patch { name: None, content: self.content(4) } }
            }
            (_, Some(id)) => Operation::Get { id },
        }
    }

    /// Some fields; the value in one of so many cases.
    fn content(&mut self, value_in: u64) -> Content {
        const PATHS: [&str; 5] = ["a", "b", "c.d", "c.e", "c.f.g"];
        let metadata = (0..=self.random.below(2))
            .filter_map(|_| self.random.pick(&PATHS).copied())
            .collect::<Vec<_>>()
            .into_iter()
            .map(|path| (path.to_owned(), self.random.below(1_000_000)))
            .collect();
        let kind = (self.random.below(2) == 0).then(|| self.random.text(6));
        let value = (self.random.below(value_in) == 0).then(|| self.random.text(4));
        Content { kind, metadata, value }
    }
}

fn remember(ids: &mut VecDeque<String>, id: &str) {
    if !ids.iter().any(|other| other == id) {
        ids.push_back(id.to_owned());
        if ids.len() > IDS {
            ids.pop_front();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
