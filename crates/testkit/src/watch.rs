//! Real time, for deadlines and measurements.

use std::time::{Duration, Instant};

/// Runs from its making.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(now())
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        now().duration_since(self.0)
    }
}

/// A point in time that must not be passed.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self(now() + time)
    }

    /// The time left; zero when it has passed.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.0.saturating_duration_since(now())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.left().is_zero()
    }

    /// Asks again and again, a millisecond apart, until there is an answer or the time is up: for what
    /// another process does and announces nowhere.
    pub fn poll<T>(&self, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
        loop {
            if let Some(answer) = ask() {
                return Some(answer);
            }
            if self.has_passed() {
                return None;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "deadlines of tests and measured times are real time")]
fn now() -> Instant {
    Instant::now()
}
