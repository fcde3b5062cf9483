//! How long a request spends in the gateway itself.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use keyholt_types::Clock;

/// Runs from the request's head on, and stands while others are waited for.
pub(super) struct Stopwatch {
    clock: Arc<dyn Clock>,
    began: Duration,
    waited: Duration,
}

impl Stopwatch {
    /// Starts now.
    pub(super) fn start(clock: Arc<dyn Clock>) -> Self {
        Self { began: clock.ticks(), clock, waited: Duration::ZERO }
    }

    /// Stands while this is waited for: an upstream, or the caller's body.
    pub(super) async fn standing<F: Future>(&mut self, others: F) -> F::Output {
        let before = self.clock.ticks();
        let output = others.await;
        self.waited += self.clock.ticks().saturating_sub(before);
        output
    }

    /// What it shows.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.ticks().saturating_sub(self.began).saturating_sub(self.waited)
    }
}
