//! Changes: each connection carries one at a time, and has an audit chain of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyholt_types::AuditEvent;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::line::Line;
use super::session::Session;
use super::tls;
use super::transaction::{self, Refused};
use super::url::PostgresUrl;
use crate::chain::Chain;
use crate::changes::{Afterwards, Audited, ChainStart, Needs, Statement};
use crate::param::params;
use crate::{CommitError, Unmet};

/// How many changes may wait; beyond that the storage is overloaded.
const QUEUE: usize = 4096;
/// How long a change waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a change may take before its commit. The server gives up sooner by itself.
const WORK: Duration = Duration::from_secs(10);
/// How long a commit may take, which may wait for a standby.
const COMMIT: Duration = Duration::from_secs(10);
/// How long it may take to call off what took too long.
const CANCEL: Duration = Duration::from_secs(1);
/// How often a change is tried when others were in its way.
const ATTEMPTS: usize = 3;
/// How many rows `epochs` has.
const EPOCHS: i64 = 16;

/// Connections for changes.
pub(super) struct Lanes {
    jobs: mpsc::Sender<Job>,
    start: Arc<Mutex<Option<Begun>>>,
}

/// What chains begin with, and how often that was said.
#[derive(Clone)]
struct Begun {
    number: u64,
    start: ChainStart,
}

struct Job {
    change: Audited,
    /// Set by whoever is first: the lane that takes it, or the asker who waits no longer.
    is_decided: Arc<AtomicBool>,
    reply: oneshot::Sender<Result<(), CommitError>>,
}

/// What a change does in the database.
struct Work {
    statements: Vec<Statement>,
    events: Vec<AuditEvent>,
    ends_views: bool,
}

/// One connection with its chain.
struct Lane {
    number: i64,
    url: Arc<PostgresUrl>,
    line: Line,
    jobs: Arc<tokio::sync::Mutex<mpsc::Receiver<Job>>>,
    start: Arc<Mutex<Option<Begun>>>,
    /// The chain of this connection; a new one once it is not known where the last one ends.
    chain: Option<(u64, Chain)>,
}

impl Lanes {
    pub(super) fn start(tasks: &mut JoinSet<()>, url: &Arc<PostgresUrl>, lines: Vec<Line>) -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
        let start = Arc::new(Mutex::new(None));
        for (number, line) in (0..).zip(lines) {
            let lane = Lane {
                number,
                url: Arc::clone(url),
                line,
                jobs: Arc::clone(&waiting),
                start: Arc::clone(&start),
                chain: None,
            };
            tasks.spawn(lane.run());
        }
        Self { jobs, start }
    }

    pub(super) fn begin_chains(&self, start: ChainStart) {
        let mut begun = self.start.lock().unwrap_or_else(PoisonError::into_inner);
        let number = begun.as_ref().map_or(0, |begun| begun.number + 1);
        *begun = Some(Begun { number, start });
    }

    pub(super) async fn commit(&self, change: Audited) -> Result<(), CommitError> {
        let (reply, mut answer) = oneshot::channel();
        let is_decided = Arc::new(AtomicBool::new(false));
        self.jobs.try_send(Job { change, is_decided: Arc::clone(&is_decided), reply }).map_err(|refused| {
            CommitError::Unavailable(match refused {
                TrySendError::Full(_) => "too many changes wait".into(),
                TrySendError::Closed(_) => "closed".into(),
            })
        })?;
        let answered = match timeout(PATIENCE, &mut answer).await {
            Ok(answered) => answered,
            Err(_) if !is_decided.swap(true, Ordering::SeqCst) => {
                return Err(CommitError::Unavailable("no connection to the database in time".into()));
            }
            // Under way; that ends by itself.
            Err(_) => answer.await,
        };
        // A lane answers every change it takes, unless it ended with it.
        answered.unwrap_or(Err(CommitError::OutcomeUnknown))
    }
}

impl Lane {
    async fn run(mut self) {
        loop {
            // A connection first, so that changes do not wait for this one while another is free.
            let session = self.line.session().await;
            let job = tokio::select! {
                job = Self::take(&self.jobs) => job,
                () = session.ended() => continue,
            };
            let Some(Job { change, is_decided, reply }) = job else { return };
            if is_decided.swap(true, Ordering::SeqCst) {
                continue;
            }
            let Audited { statements, events, secrets_of: _, ends_views, afterwards } = change;
            let outcome = self.commit(&Work { statements, events, ends_views }).await;
            if matches!(outcome, Ok(()) | Err(CommitError::OutcomeUnknown)) {
                afterwards.into_iter().for_each(|Afterwards(act)| act());
            }
            // Whoever asked may have gone.
            let _ = reply.send(outcome);
        }
    }

    async fn take(jobs: &tokio::sync::Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
        jobs.lock().await.recv().await
    }

    async fn commit(&mut self, change: &Work) -> Result<(), CommitError> {
        let mut refusal = CommitError::Unavailable("no connection to the database".into());
        for _ in 0..ATTEMPTS {
            let Ok(session) = timeout(PATIENCE, self.line.session()).await else { break };
            let (statements, advanced) = self.statements(change)?;
            match timeout(WORK, transaction::carry_out(&session, &statements)).await {
                Ok(Ok(())) => return self.finish(&session, advanced).await,
                Ok(Err(Refused::ForGood(refused))) => {
                    self.leave_chain(&session);
                    return Err(refused);
                }
                Ok(Err(Refused::ForNow(refused))) => {
                    refusal = refused;
                    self.leave_chain(&session);
                }
                Err(_) => {
                    // It is not known what the server still does for it, but commit it cannot.
                    self.break_off(&session).await;
                    self.leave_chain(&session);
                    return Err(CommitError::Unavailable("the database did not answer in time".into()));
                }
            }
        }
        Err(refusal)
    }

    async fn finish(&mut self, session: &Session, advanced: (u64, Chain)) -> Result<(), CommitError> {
        let outcome = match timeout(COMMIT, transaction::commit(session)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                // It may wait for a standby that is away: it must not keep its place in the server until that is back.
                self.break_off(session).await;
                Err(CommitError::OutcomeUnknown)
            }
        };
        match outcome {
            Ok(()) => self.chain = Some(advanced),
            // Whether the chain's last record is there is not known: it ends here, wherever that is.
            Err(CommitError::OutcomeUnknown) => self.chain = None,
            Err(_) => {}
        }
        outcome
    }

    /// Ends the chain with its connection: the server may hold on for a while to a record of the transaction that
    /// nobody will commit, and whoever adds another one at its place would wait for that.
    fn leave_chain(&mut self, session: &Session) {
        if session.has_ended() {
            self.chain = None;
        }
    }

    async fn break_off(&self, session: &Session) {
        // A server that cannot be reached ends it when the connection is gone.
        let _ = timeout(CANCEL, tls::cancel(&self.url, &session.cancel_token())).await;
        session.break_off();
    }

    /// The statements of a change with those of its records, and where the chain stands after them.
    fn statements(&self, change: &Work) -> Result<(Vec<Statement>, (u64, Chain)), CommitError> {
        let begun = self.start.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(Begun { number, start }) = begun else {
            return Err(CommitError::Fault("the audit chain has not begun".into()));
        };
        let present = self.chain.as_ref().filter(|(begun, _)| *begun == number);
        let mut chain = present.map_or_else(|| Chain::begin(start), |(_, chain)| chain.clone());
        let mut statements = change.statements.clone();
        statements.extend(change.events.iter().map(|event| chain.append(event.clone())));
        if change.ends_views {
            statements.extend(self.ending_views());
        }
        Ok((statements, (number, chain)))
    }

    /// At the end, so that others wait for the row as shortly as can be.
    fn ending_views(&self) -> [Statement; 2] {
        [
            Statement {
                sql: "UPDATE epochs SET epoch = epoch + 1 WHERE id = ?1",
                params: params![self.number % EPOCHS],
                needs: Needs::OneRow { none: Unmet::Stale },
            },
            Statement { sql: "NOTIFY keyholt_views", params: Vec::new(), needs: Needs::Any },
        ]
    }
}
