//! Connections that cannot be made though the database is there: its role has none left, or is not let in any more. Said
//! once for all of them, and once more when they are there again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::keeper::Known;

/// How often a connection is tried before that is told: after a restart the database takes a moment.
const ATTEMPTS: u32 = 5;
/// The time between two tellings, at least: connections may come and go.
const PAUSE: Duration = Duration::from_secs(60);

/// What is known of all connections together.
pub(super) struct Shortage {
    known: Arc<Known>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    /// How many connections are lacking.
    lacking: usize,
    /// Whether the log says that some are.
    is_told: bool,
    last: Option<Instant>,
}

impl Shortage {
    /// Whoever keeps the database's state tells of a database that is away as a whole.
    pub(super) fn beside(known: Arc<Known>) -> Arc<Self> {
        Arc::new(Self { known, told: Mutex::default() })
    }

    fn lacks_one(&self, problem: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.lacking += 1;
        self.tell(&mut told, problem);
    }

    fn tell(&self, told: &mut Told, problem: &str) {
        let is_too_soon = told.last.is_some_and(|last| last.elapsed() < PAUSE);
        if told.is_told || is_too_soon || !self.known.answers() {
            return;
        }
        told.is_told = true;
        told.last = Some(now());
        tracing::warn!(
            problem,
            "not all connections to the database can be made: fewer requests are served at a time"
        );
    }

    fn has_one_again(&self) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.lacking = told.lacking.saturating_sub(1);
        if told.lacking == 0 && std::mem::take(&mut told.is_told) {
            tracing::info!("all connections to the database are there again");
        }
    }
}

/// One connection's part in it.
pub(super) struct Lack {
    shortage: Arc<Shortage>,
    attempts: u32,
}

impl Lack {
    pub(super) fn of(shortage: &Arc<Shortage>) -> Self {
        Self { shortage: Arc::clone(shortage), attempts: 0 }
    }

    /// The connection could not be made.
    pub(super) fn failed(&mut self, problem: &str) {
        self.attempts = self.attempts.saturating_add(1);
        if self.attempts == ATTEMPTS {
            self.shortage.lacks_one(problem);
        } else if self.attempts > ATTEMPTS {
            let mut told = self.shortage.told.lock().unwrap_or_else(PoisonError::into_inner);
            self.shortage.tell(&mut told, problem);
        }
    }

    /// The connection is there.
    pub(super) fn made(&mut self) {
        if self.attempts >= ATTEMPTS {
            self.shortage.has_one_again();
        }
        self.attempts = 0;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how often something is told must not depend on a clock that steps"
)]
fn now() -> Instant {
    Instant::now()
}
