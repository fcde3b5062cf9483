//! Reads: pipelined over a few connections.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::keeper::Known;
use super::line::Line;
use super::problem;
use super::session::{NotRead, Session};
use crate::StoreError;
use crate::param::{Param, Row};

/// How long a read may take, the wait for a connection included. The server gives up sooner by itself.
const DEADLINE: Duration = Duration::from_secs(5);
/// The same once the database has been away for longer than a promotion takes: nobody is made to wait for it.
const DEADLINE_WHILE_AWAY: Duration = Duration::from_secs(2);
/// How long the server may take to answer a read, or to give it up.
const ANSWER: Duration = Duration::from_millis(4500);
/// How many reads may be under way on one connection; beyond that the storage is overloaded.
const MOST: usize = 1024;

/// Connections for reading.
pub(super) struct Readers {
    lines: Vec<Line>,
    known: Arc<Known>,
}

/// Counts who asks over a connection.
struct Asking(Arc<Session>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Over which connection a read is under way.
struct Asked {
    session: Arc<Session>,
    answers: u64,
    at: Instant,
}

impl Asked {
    fn now(session: &Arc<Session>) -> Self {
        Self { session: Arc::clone(session), answers: session.answers(), at: now() }
    }

    /// Whether nothing has come over this connection since, for longer than the server takes.
    fn is_unanswered(&self) -> bool {
        self.at.elapsed() >= ANSWER && self.session.answers() == self.answers
    }
}

impl Readers {
    pub(super) fn new(lines: Vec<Line>, known: Arc<Known>) -> Self {
        Self { lines, known }
    }

    /// Reads rows, up to the first after which it does not go on. Once more when the connection was lost.
    pub(super) async fn fetch<T>(
        &self,
        sql: &'static str,
        params: &[Param],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
        mut goes_on: impl FnMut(&T) -> bool,
    ) -> Result<Vec<T>, StoreError> {
        let deadline = if self.known.is_away() { DEADLINE_WHILE_AWAY } else { DEADLINE };
        let mut asked: Option<Asked> = None;
        let reading = async {
            loop {
                let is_second = asked.is_some();
                let session = self.session().await?;
                asked = Some(Asked::now(&session.0));
                match session.0.fetch(sql, params, &read, &mut goes_on).await {
                    Ok(rows) => return Ok(rows),
                    Err(NotRead::Row(malformed)) => return Err(malformed),
                    Err(NotRead::Database(error)) if session.0.has_ended() && !is_second => {
                        tracing::debug!(problem = problem::describe(&error), "a read is tried again");
                    }
                    Err(NotRead::Database(error)) => return Err(problem::of_read(&error)),
                }
            }
        };
        match timeout(deadline, reading).await {
            Ok(done) => done,
            Err(_) => {
                // The server would have given up by itself: it is not reached any more. Unless this waited for others'
                // answers, or not over this connection: then it is left to those others.
                if let Some(asked) = asked.filter(Asked::is_unanswered) {
                    asked.session.break_off();
                }
                Err(StoreError::Unavailable("the database did not answer in time".into()))
            }
        }
    }

    /// The connection over which the fewest ask.
    async fn session(&self) -> Result<Asking, StoreError> {
        let least = |lines: &[Line]| {
            let sessions = lines.iter().filter_map(Line::now);
            sessions.min_by_key(|session| session.busy.load(Ordering::Relaxed))
        };
        let session = match least(&self.lines) {
            Some(session) => session,
            None => {
                let waiting = self.lines.iter().map(|line| Box::pin(line.session()));
                futures_util::future::select_all(waiting).await.0
            }
        };
        if session.busy.fetch_add(1, Ordering::Relaxed) >= MOST {
            session.busy.fetch_sub(1, Ordering::Relaxed);
            return Err(StoreError::Unavailable("too many reads wait".into()));
        }
        Ok(Asking(session))
    }
}

#[expect(clippy::disallowed_methods, reason = "how long an answer takes must not depend on a clock that steps")]
fn now() -> Instant {
    Instant::now()
}
