//! More requests than can be served: some are refused at once, so that the others are answered in time.
//!
//! Requests wait where nobody sees them: in sockets and in the runtime's queue. How long they do is measured by tasks that do
//! nothing, one every few milliseconds, which wait there as requests do. Where that stays too long, so many requests are let
//! through until the next look as were served in the time that a request may wait, and those beyond are refused before
//! anything is done for them. A burst is waited for: who is refused loses a second at least.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The time between two looks, where nothing waits.
const PERIOD: Duration = Duration::from_millis(5);

/// What a request may wait. Two hundred clients that each ask for the dearest page, one after the other, wait less.
const TARGET: Duration = Duration::from_millis(50);

/// How many looks in a row have to come too late before it is more than a burst. One that comes a second late is enough:
/// where requests are dear, the next looks would come as late.
const PATIENCE: u32 = 3;

/// What is no burst, however it came about.
const LONG: Duration = Duration::from_secs(1);

/// The fewest requests between two looks of which a long wait is due to them: with fewer, it is the machine that is slow,
/// and refusing helps nobody.
const FEWEST: u32 = 64;

/// The fewest that are let through between two looks.
const LEAST: u32 = 8;

/// How many may be let through while nothing is refused.
const ANY: u32 = u32::MAX;

/// Decides who is let through.
#[derive(Debug)]
pub(crate) struct Pressure {
    /// Requests since the last look.
    came: AtomicU32,
    /// How many of them are let through.
    allowed: AtomicU32,
    /// How many looks in a row came too late.
    late: AtomicU32,
}

impl Pressure {
    pub(crate) const fn new() -> Self {
        Self { came: AtomicU32::new(0), allowed: AtomicU32::new(ANY), late: AtomicU32::new(0) }
    }

    /// Counts a request; tells whether it is let through.
    pub(crate) fn lets_through(&self) -> bool {
        self.came.fetch_add(1, Ordering::Relaxed) < self.allowed.load(Ordering::Relaxed)
    }

    /// Looks until the runtime ends. Not to be called within a task of the runtime: what a task spawns is run before
    /// what waits.
    pub(crate) async fn watch(&self) {
        let mut last = now();
        loop {
            sleep(PERIOD).await;
            #[expect(
                clippy::disallowed_methods,
                reason = "it ends when the queue gets to it, and holds nothing"
            )]
            let waited = tokio::spawn(async {}).await;
            if waited.is_err() {
                return;
            }
            let this = now();
            self.look(this.duration_since(last));
            last = this;
        }
    }

    /// Decides how many are let through until the next look, so long after the last one.
    fn look(&self, taken: Duration) {
        let came = self.came.swap(0, Ordering::Relaxed);
        let allowed = self.allowed.load(Ordering::Relaxed);
        let is_late = taken > PERIOD + TARGET && came >= FEWEST;
        let counts = if taken > PERIOD + LONG { PATIENCE } else { 1 };
        let late = if is_late { self.late.load(Ordering::Relaxed).saturating_add(counts) } else { 0 };
        self.late.store(late, Ordering::Relaxed);
        let next = if is_late && (late >= PATIENCE || allowed != ANY) {
            let fits = f64::from(came.min(allowed)) * (PERIOD + TARGET).as_secs_f64() / taken.as_secs_f64();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive, and less than what came"
            )]
            let fits = fits as u32;
            fits.max(LEAST)
        } else if allowed > came.saturating_mul(16).max(FEWEST) {
            // Far more than come.
            ANY
        } else {
            // Slowly, so that those who were refused do not come back all at once.
            allowed.saturating_add(allowed / 16 + 1)
        };
        if next != allowed {
            self.allowed.store(next, Ordering::Relaxed);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "measures the runtime's own delay, which no clock of the engine's has"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends so many requests between two looks; tells how many were let through.
    fn send(pressure: &Pressure, count: u32, taken: Duration) -> usize {
        let through = (0..count).filter(|_| pressure.lets_through()).count();
        pressure.look(taken);
        through
    }

    #[test]
    fn nothing_is_refused_while_nothing_waits() {
        let pressure = Pressure::new();
        for count in [1, 100, 10_000] {
            assert_eq!(send(&pressure, count, PERIOD + TARGET), count as usize);
        }
    }

    #[test]
    fn a_burst_is_waited_for() {
        let pressure = Pressure::new();
        for _ in 1..PATIENCE {
            assert_eq!(send(&pressure, 10_000, TARGET * 10), 10_000);
        }
        assert_eq!(send(&pressure, 10_000, PERIOD), 10_000);
        assert_eq!(send(&pressure, 10_000, TARGET * 10), 10_000);
        assert_eq!(send(&pressure, 10_000, PERIOD), 10_000);
    }

    #[test]
    fn a_wait_of_a_second_is_more_than_a_burst() {
        let pressure = Pressure::new();
        assert_eq!(send(&pressure, 2_000, PERIOD + LONG), 2_000);
        assert_eq!(send(&pressure, 2_000, PERIOD + LONG), 2_000);
        assert_eq!(send(&pressure, 2_000, LONG * 2), 2_000);
        assert!(send(&pressure, 2_000, LONG * 2) <= 2_000 * 55 / 2_000);
    }

    #[test]
    fn a_slow_machine_with_few_requests_refuses_none() {
        let pressure = Pressure::new();
        for _ in 0..10 {
            assert_eq!(send(&pressure, FEWEST - 1, TARGET * 100), FEWEST as usize - 1);
        }
    }

    #[test]
    fn under_pressure_as_many_are_let_through_as_are_served_in_time() {
        let pressure = Pressure::new();
        // Each takes 100 microseconds, and ten times as many come as can be served.
        let mut through = 0;
        for _ in 0..20 {
            through = (0..1_500).filter(|_| pressure.lets_through()).count();
            pressure.look(PERIOD.max(Duration::from_micros(100) * u32::try_from(through).unwrap()));
        }
        assert!((500..=660).contains(&through), "{through} in 55 ms");
    }

    #[test]
    fn after_the_pressure_all_are_let_through_again_within_two_seconds() {
        let pressure = Pressure::new();
        for _ in 0..10 {
            send(&pressure, 10_000, TARGET * 10);
        }
        assert!(send(&pressure, 100, PERIOD) < 100);
        let looks = 2_000 / PERIOD.as_millis();
        let last = (0..looks).map(|_| send(&pressure, 100, PERIOD)).last().unwrap();
        assert_eq!(last, 100);
        assert_eq!(pressure.allowed.load(Ordering::Relaxed), ANY);
    }
}
