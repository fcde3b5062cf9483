//! The one writer: a thread that takes whatever changes wait and commits them together, so that
//! concurrent requests share a sync.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use super::open::BUSY_TIMEOUT;
use crate::chain::Chain;
use crate::changes::{Afterwards, Audited, ChainStart, Needs, Statement};
use crate::{CommitError, OpenError, Unmet};

/// How many changes may wait; beyond that the storage is overloaded.
const QUEUE: usize = 4096;
/// How long emptying the log may wait for readers; changes wait meanwhile.
const CHECKPOINT_PATIENCE: Duration = Duration::from_millis(50);
/// From how many pages on the log is copied into the database. SQLite would do that by itself, but tell nobody when a
/// sync fails.
const LONG_LOG: i64 = 4000;
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

impl Writer {
    pub(super) fn start(connection: Arc<Mutex<Connection>>) -> Result<Self, OpenError> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let (has_failed, failed) = watch::channel(false);
        let chain = Arc::new(Mutex::new(None));
        let thread = Thread { connection, waiting, chain: Arc::clone(&chain), has_failed };
        let spawned = std::thread::Builder::new().name("keyholt-writer".into()).spawn(move || thread.run());
        let thread = spawned.map_err(|problem: io::Error| OpenError::Unusable {
            path: PathBuf::from("the writer's thread"),
            problem,
        })?;
        Ok(Self { jobs: Some(jobs), chain, failed, thread: Some(thread) })
    }

    pub(super) fn begin_chain(&self, start: ChainStart) {
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = Some(Chain::begin(start));
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
        jobs.try_send(job(reply)).map_err(|refused| {
            CommitError::Unavailable(match refused {
                TrySendError::Full(_) => "too many changes wait".into(),
                TrySendError::Closed(_) => "the storage has failed".into(),
            })
        })?;
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
            self.shorten_log(connection);
        }
        for reply in checkpoints {
            // Whoever asked may have gone.
            let _ = reply.send(self.empty_log(connection));
        }
    }

    /// Copies the log into the database when it is long, as far as no reader is in the way.
    fn shorten_log(&self, connection: &Connection) {
        if *self.has_failed.borrow() {
            return;
        }
        // In memory there is no log.
        let pages = look_at_log(connection, "PRAGMA wal_checkpoint(NOOP)");
        let copied = pages.and_then(|pages| {
            if pages < LONG_LOG { Ok(pages) } else { look_at_log(connection, "PRAGMA wal_checkpoint(PASSIVE)") }
        });
        if let Err(error) = copied
            && !self.is_failure(&error)
        {
            tracing::warn!(%error, "the log was not copied into the database; it is tried again with the next change");
        }
    }

    fn empty_log(&self, connection: &Connection) -> Result<(), CommitError> {
        // In memory there is no log, and no reader is in its way. A long read elsewhere must not hold up
        // every change.
        let is_busy = connection.busy_timeout(CHECKPOINT_PATIENCE).and_then(|()| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
        });
        let restored = connection.busy_timeout(BUSY_TIMEOUT);
        let is_busy = restored.and(is_busy);
        match is_busy {
            Ok(false) => Ok(()),
            Ok(true) => Err(CommitError::Unavailable("the log is being read".into())),
            Err(error) => {
                self.is_failure(&error);
                Err(classify(&error))
            }
        }
    }

    fn commit_together(
        &self,
        connection: &Connection,
        chain: &mut Option<Chain>,
        changes: Vec<(Audited, oneshot::Sender<Result<(), CommitError>>)>,
    ) {
        let (mut changes, replies): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
        let afterwards: Vec<_> =
            changes.iter_mut().map(|change| std::mem::take(&mut change.afterwards)).collect();
        let mut advanced = chain.clone();
        let mut outcomes = Vec::with_capacity(changes.len());
        let mut was_ending = false;
        let group = run(connection, "BEGIN IMMEDIATE").and_then(|()| {
            for change in changes {
                outcomes.push(apply(connection, &mut advanced, change)?);
            }
            was_ending = true;
            run(connection, "COMMIT")
        });
        // Whoever asked may have gone: whether their answer arrives changes nothing.
        match group {
            Ok(()) => {
                *chain = advanced;
                for ((reply, outcome), afterwards) in replies.into_iter().zip(outcomes).zip(afterwards) {
                    if outcome.is_ok() {
                        do_all(afterwards);
                    }
                    let _ = reply.send(outcome);
                }
            }
            Err(error) => {
                if !connection.is_autocommit()
                    && let Err(error) = run(connection, "ROLLBACK")
                {
                    tracing::error!(%error, "a transaction cannot be ended; the process must end");
                    self.has_failed.send_replace(true);
                }
                // Unsynced, the log may or may not hold the group after a restart.
                let is_unknown = self.is_failure(&error) || was_ending && self.is_in_doubt(&error);
                if is_unknown {
                    do_all(afterwards.into_iter().flatten());
                }
                for reply in replies {
                    let refused = if is_unknown { CommitError::OutcomeUnknown } else { classify(&error) };
                    let _ = reply.send(Err(refused));
                }
            }
        }
    }

    /// Whether the group may be in the log although its commit failed: so it is when SQLite cannot keep account of what it
    /// has synced already. Then the storage has failed for good: a later start might find what this process takes for undone.
    fn is_in_doubt(&self, error: &rusqlite::Error) -> bool {
        let in_doubt = !is_before_sync(error);
        if in_doubt {
            tracing::error!(%error, "a commit may be in the log or not; the process must end");
            self.has_failed.send_replace(true);
        }
        in_doubt
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

fn do_all(afterwards: impl IntoIterator<Item = Afterwards>) {
    afterwards.into_iter().for_each(|Afterwards(act)| act());
}

impl Job {
    fn answer(self, result: Result<(), CommitError>) {
        let (Self::Commit { reply, .. } | Self::Checkpoint { reply }) = self;
        // Whoever asked may have gone.
        let _ = reply.send(result);
    }
}

/// Why one change was refused.
enum Refusal {
    Unmet(Unmet),
    NoChain,
    Database(rusqlite::Error),
    /// The event of the change: nothing is done that is not written down.
    Audit(rusqlite::Error),
}

impl From<Refusal> for CommitError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unmet(unmet) => Self::Unmet(unmet),
            Refusal::NoChain => Self::Fault("the audit chain has not begun".into()),
            Refusal::Database(error) => classify(&error),
            Refusal::Audit(error) => Self::Unavailable(format!("the audit log cannot be written: {error}")),
        }
    }
}

/// Carries one change out inside the open transaction, or none of it. An error of the outer kind ends
/// the whole transaction: a full disk does, and nothing may be committed after a savepoint that could
/// not be ended.
fn apply(
    connection: &Connection,
    chain: &mut Option<Chain>,
    change: Audited,
) -> rusqlite::Result<Result<(), CommitError>> {
    run(connection, "SAVEPOINT change")?;
    let before = chain.clone();
    let applied = change
        .statements
        .iter()
        .try_for_each(|statement| execute(connection, statement))
        .and_then(|()| append(connection, chain, change.events));
    match applied {
        Err(Refusal::Database(error) | Refusal::Audit(error))
            if connection.is_autocommit() || is_fatal(&error) =>
        {
            return Err(error);
        }
        Err(_) => {
            *chain = before;
            run(connection, "ROLLBACK TO change")?;
        }
        Ok(()) => {}
    }
    run(connection, "RELEASE change")?;
    Ok(applied.map_err(CommitError::from))
}

fn append(
    connection: &Connection,
    chain: &mut Option<Chain>,
    events: Vec<keyholt_types::AuditEvent>,
) -> Result<(), Refusal> {
    let chain = chain.as_mut().ok_or(Refusal::NoChain)?;
    events.into_iter().try_for_each(|event| execute(connection, &chain.append(event))).map_err(|refusal| {
        match refusal {
            Refusal::Database(error) => Refusal::Audit(error),
            other @ (Refusal::Unmet(_) | Refusal::NoChain | Refusal::Audit(_)) => other,
        }
    })
}

fn execute(connection: &Connection, statement: &Statement) -> Result<(), Refusal> {
    let touched = connection
        .prepare_cached(statement.sql)
        .and_then(|mut prepared| prepared.execute(rusqlite::params_from_iter(&statement.params)));
    match (statement.needs, touched) {
        (Needs::Any, Ok(_)) | (Needs::OneRow { .. }, Ok(1)) => Ok(()),
        (Needs::OneRow { none }, Ok(_)) => Err(Refusal::Unmet(none)),
        (Needs::OneRow { .. }, Err(error)) if is_unique_clash(&error) => Err(Refusal::Unmet(Unmet::Taken)),
        (_, Err(error)) => Err(Refusal::Database(error)),
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

/// Whether a commit that ends so has failed before the log was whole.
fn is_before_sync(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi;
    let is_refused = matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::ReadOnly
                | ErrorCode::ConstraintViolation
        )
    );
    is_refused
        || error.sqlite_error().is_some_and(|error| {
            matches!(error.extended_code, ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_READ)
        })
}

/// How many pages the log has, after this was done with it.
fn look_at_log(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.prepare_cached(pragma)?.query_row([], |row| row.get(1))
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

#[cfg(test)]
mod tests {
    use keyholt_types::{
        Action, AuditEvent, EventId, OrgId, Outcome, SecretId, Subject, SubjectKind, Timestamp,
    };

    use super::*;
    use crate::{Changes, OrgRow};

    /// A change that takes this much room.
    fn change(number: u8, bytes: usize) -> Audited {
        let event = AuditEvent {
            id: EventId::MIN,
            at: Timestamp::from_micros(0),
            org: None,
            request: None,
            api_key: None,
            principal: None,
            address: None,
            action: Action::OrgCreate,
            subject: Subject {
                kind: SubjectKind::Org,
                id: SecretId::MIN.uuid(),
                name: "x".repeat(bytes).into(),
            },
            outcome: Outcome::Done,
            count: 1,
        };
        let id = OrgId::from_slice(&[number; 16]).unwrap();
        let row = OrgRow { id, name: number.to_string().into(), created_at: Timestamp::from_micros(0) };
        Changes::new().insert_org(&row).record(event)
    }

    /// The organisations' names, and the places in the chain.
    fn stored(connection: &Mutex<Connection>) -> (Vec<String>, Vec<i64>) {
        let connection = connection.lock().unwrap();
        let mut names = connection.prepare("SELECT name FROM orgs ORDER BY id").unwrap();
        let mut places = connection.prepare("SELECT seq FROM audit_events ORDER BY seq").unwrap();
        let names = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        (names, places.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect())
    }

    fn writer(connection: Connection) -> (Writer, Arc<Mutex<Connection>>) {
        let connection = Arc::new(Mutex::new(connection));
        let writer = Writer::start(Arc::clone(&connection)).unwrap();
        let step = Arc::new(|_: &[u8], _: &[u8]| [0; 32]);
        writer.begin_chain(ChainStart {
            make_id: Arc::new(|| keyholt_types::ChainId::MIN),
            ring_generation: 1,
            step,
        });
        (writer, connection)
    }

    #[tokio::test]
    async fn a_full_disk_refuses_what_does_not_fit_and_nothing_is_lost_or_half_done() {
        let connection = super::super::open::open_memory().unwrap();
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        connection.pragma_update(None, "max_page_count", pages + 10).unwrap();
        let (writer, connection) = writer(connection);
        writer.commit(change(1, 10)).await.unwrap();
        for _ in 0..3 {
            let refused = writer.commit(change(2, 1_000_000)).await;
            assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{refused:?}");
        }
        writer.commit(change(3, 10)).await.unwrap();
        assert_eq!(stored(&connection), (vec!["1".into(), "3".into()], vec![1, 2]));
    }

    #[tokio::test]
    async fn a_transaction_that_ends_in_the_middle_of_a_group_takes_the_whole_group_with_it() {
        let connection = super::super::open::open_memory().unwrap();
        // What some errors do to a transaction, on a change that says so.
        connection
            .execute_batch(
                "CREATE TRIGGER ends BEFORE INSERT ON orgs WHEN NEW.name = '2'
                 BEGIN SELECT RAISE(ROLLBACK, 'as a full disk may'); END",
            )
            .unwrap();
        let (writer, connection) = writer(connection);
        let results = {
            // Held, so that all of them wait and come to be one group.
            let held = connection.lock().unwrap();
            let mut commits: Vec<_> =
                (1..=3).map(|number| Box::pin(writer.commit(change(number, 1)))).collect();
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            for commit in &mut commits {
                assert!(commit.as_mut().poll(&mut context).is_pending());
            }
            drop(held);
            let mut results = Vec::new();
            for commit in commits {
                results.push(commit.await);
            }
            results
        };
        // The first may have gone ahead alone.
        assert!(results[1].is_err());
        let (names, places) = stored(&connection);
        let acknowledged: Vec<String> = (1..=3)
            .zip(&results)
            .filter(|(_, result)| result.is_ok())
            .map(|(number, _)| number.to_string())
            .collect();
        assert_eq!(names, acknowledged);
        assert_eq!(places, (1..=names.len() as i64).collect::<Vec<_>>());
        writer.commit(change(4, 1)).await.unwrap();
    }

    #[tokio::test]
    async fn a_storage_that_has_failed_refuses_all_and_says_so() {
        let (writer, _connection) = writer(super::super::open::open_memory().unwrap());
        let panics = Arc::new(|_: &[u8], _: &[u8]| -> [u8; 32] { panic!("the thread ends") });
        writer.begin_chain(ChainStart {
            make_id: Arc::new(|| keyholt_types::ChainId::MIN),
            ring_generation: 1,
            step: panics,
        });
        assert!(matches!(writer.commit(change(1, 1)).await, Err(CommitError::OutcomeUnknown)));
        writer.failed().await;
        let refused = writer.commit(change(2, 1)).await;
        assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{refused:?}");
    }
}
