//! The computer's clocks: the one place that reads them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use keyholt_types::{Clock, Timestamp};

/// The computer's clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    began: Instant,
}

impl SystemClock {
    /// Starts counting ticks.
    #[must_use]
    pub fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
        let began = Instant::now();
        Self { began }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
        let now = SystemTime::now();
        let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
    }

    fn ticks(&self) -> Duration {
        self.began.elapsed()
    }
}
