//! The one writer: a thread that takes whatever changes wait and commits them together, so that
//! concurrent requests share a sync.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use keyholt_types::AuditRecord;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot, watch};

use crate::audit::{StoredAuditRecord, insert_record};
use crate::changes::{Audited, ChainStart, Needs, Statement};
use crate::{CommitError, OpenError, Unmet};

/// How many changes may wait; beyond that the storage is overloaded.
const QUEUE: usize = 4096;
/// How many changes share a transaction at most.
const GROUP: usize = 256;

enum Job {
    Commit { change: Audited, reply: oneshot::Sender<Result<(), CommitError>> },
    Checkpoint { reply: oneshot::Sender<Result<(), CommitError>> },
}

/// The handle of the writer's thread. Dropping it lets the thread finish what waits, and joins it.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    chain: Arc<Mutex<Option<Chain>>>,
    failed: watch::Receiver<bool>,
    thread: Option<JoinHandle<()>>,
}

/// Where this node's audit chain stands.
#[derive(Clone)]
struct Chain {
    start: ChainStart,
    seq: i64,
    mac: Vec<u8>,
}

impl Writer {
    pub(super) fn start(connection: Arc<Mutex<Connection>>) -> Result<Self, OpenError> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let (has_failed, failed) = watch::channel(false);
        let chain = Arc::new(Mutex::new(None));
        let thread = Thread { connection, waiting, chain: Arc::clone(&chain), has_failed };
        #[expect(
            clippy::disallowed_methods,
            reason = "the writer's thread is joined when the writer is dropped"
        )]
        let spawned = std::thread::Builder::new().name("keyholt-writer".into()).spawn(move || thread.run());
        let thread = spawned.map_err(|problem: io::Error| OpenError::Unusable {
            path: PathBuf::from("the writer's thread"),
            problem,
        })?;
        Ok(Self { jobs: Some(jobs), chain, failed, thread: Some(thread) })
    }

    pub(super) fn begin_chain(&self, start: ChainStart) {
        let chain = Chain { start, seq: 0, mac: vec![0; 32] };
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = Some(chain);
    }

    pub(super) async fn commit(&self, change: Audited) -> Result<(), CommitError> {
        self.ask(|reply| Job::Commit { change, reply }).await
    }

    pub(super) async fn checkpoint(&self) -> Result<(), CommitError> {
        self.ask(|reply| Job::Checkpoint { reply }).await
    }

    async fn ask(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<(), CommitError>>) -> Job,
    ) -> Result<(), CommitError> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(|| CommitError::Unavailable("closed".into()))?;
        jobs.try_send(job(reply)).map_err(|_| CommitError::Unavailable("too many changes wait".into()))?;
        // The thread answers every job it takes, unless it died with it.
        answer.await.unwrap_or(Err(CommitError::OutcomeUnknown))
    }

    pub(super) async fn failed(&self) {
        // An error means that the thread has ended, which is a failure too.
        let _ = self.failed.clone().wait_for(|failed| *failed).await;
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has been reported by the panic itself.
            let _ = thread.join();
        }
    }
}

struct Thread {
    connection: Arc<Mutex<Connection>>,
    waiting: mpsc::Receiver<Job>,
    chain: Arc<Mutex<Option<Chain>>>,
    has_failed: watch::Sender<bool>,
}

impl Thread {
    fn run(mut self) {
        let mut group = Vec::with_capacity(GROUP);
        while self.waiting.blocking_recv_many(&mut group, GROUP) > 0 {
            if *self.has_failed.borrow() {
                for job in group.drain(..) {
                    job.answer(Err(CommitError::Unavailable("the storage has failed".into())));
                }
                continue;
            }
            let connection = Arc::clone(&self.connection);
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            self.carry_out(&connection, group.drain(..));
        }
    }

    /// Carries a group out in one transaction and answers each job once it is durable.
    fn carry_out(&self, connection: &Connection, group: impl Iterator<Item = Job>) {
        let mut chain = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut changes, mut checkpoints) = (Vec::new(), Vec::new());
        for job in group {
            match job {
                Job::Commit { change, reply } => changes.push((change, reply)),
                Job::Checkpoint { reply } => checkpoints.push(reply),
            }
        }
        if !changes.is_empty() {
            self.commit_together(connection, &mut chain, changes);
        }
        for reply in checkpoints {
            let done = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            // Whoever asked may have gone.
            let _ = reply.send(done.map_err(|error| {
                self.is_failure(&error);
                classify(&error)
            }));
        }
    }

    fn commit_together(
        &self,
        connection: &Connection,
        chain: &mut Option<Chain>,
        changes: Vec<(Audited, oneshot::Sender<Result<(), CommitError>>)>,
    ) {
        let mut advanced = chain.clone();
        let mut outcomes = Vec::with_capacity(changes.len());
        let mut group = run(connection, "BEGIN IMMEDIATE");
        for (change, reply) in changes {
            let outcome = match &group {
                Ok(()) => apply(connection, &mut advanced, change),
                Err(_) => Ok(()),
            };
            outcomes.push((reply, outcome));
            // Some errors, such as a full disk, end the whole transaction.
            if group.is_ok() && connection.is_autocommit() {
                group = Err(rusqlite::Error::InvalidQuery);
            }
        }
        let last_error = outcomes.iter().find_map(|(_, outcome)| outcome.as_ref().err().and_then(unavailable));
        if group.is_ok() {
            group = run(connection, "COMMIT");
        }
        match group {
            Ok(()) => {
                *chain = advanced;
                for (reply, outcome) in outcomes {
                    // Whoever asked may have gone; the change stands.
                    let _ = reply.send(outcome);
                }
            }
            Err(error) => {
                if !connection.is_autocommit() && run(connection, "ROLLBACK").is_err() {
                    self.has_failed.send_replace(true);
                }
                let why = last_error.unwrap_or_else(|| error.to_string());
                let unknown = self.is_failure(&error);
                for (reply, _) in outcomes {
                    // Unsynced, the log may or may not hold the group after a restart.
                    let lost = || CommitError::Unavailable(why.clone());
                    let _ = reply.send(Err(if unknown { CommitError::OutcomeUnknown } else { lost() }));
                }
            }
        }
    }

    /// Whether the storage has failed for good with this error; then it is told to whoever waits for it.
    fn is_failure(&self, error: &rusqlite::Error) -> bool {
        let fatal = is_fatal(error);
        if fatal {
            tracing::error!(%error, "the storage has failed; the process must end");
            self.has_failed.send_replace(true);
        }
        fatal
    }
}

impl Job {
    fn answer(self, result: Result<(), CommitError>) {
        let (Self::Commit { reply, .. } | Self::Checkpoint { reply }) = self;
        // Whoever asked may have gone.
        let _ = reply.send(result);
    }
}

/// Carries one change out inside the open transaction, or none of it.
fn apply(connection: &Connection, chain: &mut Option<Chain>, change: Audited) -> Result<(), CommitError> {
    run(connection, "SAVEPOINT change").map_err(|error| classify(&error))?;
    let before = chain.clone();
    let applied = change
        .statements
        .iter()
        .try_for_each(|statement| execute(connection, statement))
        .and_then(|()| append(connection, chain, change.events));
    if applied.is_err() && !connection.is_autocommit() {
        *chain = before;
        run(connection, "ROLLBACK TO change").map_err(|error| classify(&error))?;
    }
    if !connection.is_autocommit() {
        run(connection, "RELEASE change").map_err(|error| classify(&error))?;
    }
    applied
}

fn append(
    connection: &Connection,
    chain: &mut Option<Chain>,
    events: Vec<keyholt_types::AuditEvent>,
) -> Result<(), CommitError> {
    let chain = chain.as_mut().ok_or_else(|| CommitError::Fault("the audit chain has not begun".into()))?;
    for event in events {
        let (id, seq) = (chain.start.chain, chain.seq + 1);
        let mac = (chain.start.step)(&chain.mac, &event.canonical_bytes(id, seq)).to_vec();
        let record = AuditRecord { chain: id, seq, event, mac: mac.clone() };
        let ring_generation = chain.start.ring_generation;
        execute(connection, &insert_record(&StoredAuditRecord { record, ring_generation }))?;
        (chain.seq, chain.mac) = (seq, mac);
    }
    Ok(())
}

fn execute(connection: &Connection, statement: &Statement) -> Result<(), CommitError> {
    let touched = connection
        .prepare_cached(statement.sql)
        .and_then(|mut prepared| prepared.execute(rusqlite::params_from_iter(&statement.params)));
    match (statement.needs, touched) {
        (Needs::Any, Ok(_)) | (Needs::OneRow { .. }, Ok(1)) => Ok(()),
        (Needs::OneRow { none }, Ok(_)) => Err(CommitError::Unmet(none)),
        (Needs::OneRow { .. }, Err(error)) if is_unique_clash(&error) => Err(CommitError::Unmet(Unmet::Taken)),
        (_, Err(error)) => Err(classify(&error)),
    }
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

fn is_unique_clash(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi;
    error.sqlite_error().is_some_and(|error| {
        matches!(error.extended_code, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
    })
}

/// After a failed sync the kernel may have dropped what was to be written: a later sync that succeeds
/// says nothing about it.
fn is_fatal(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi;
    error.sqlite_error().is_some_and(|error| {
        matches!(error.extended_code, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC)
    })
}

fn classify(error: &rusqlite::Error) -> CommitError {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen,
        ) => CommitError::Unavailable(error.to_string()),
        _ => CommitError::Fault(error.to_string()),
    }
}

fn unavailable(error: &CommitError) -> Option<String> {
    match error {
        CommitError::Unavailable(why) => Some(why.clone()),
        CommitError::Unmet(_) | CommitError::OutcomeUnknown | CommitError::Fault(_) => None,
    }
}
