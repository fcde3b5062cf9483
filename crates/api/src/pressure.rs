//! More requests than can be served: some are refused at once, so that the others are answered in time.
//!
//! Requests wait where nobody sees them: in sockets and in the runtime's queue. How long they do is measured by tasks that do
//! nothing, one every few milliseconds as long as there are requests, which wait there as these do. While that is too long,
//! a share of the requests is refused before anything is done for them, the larger the longer they wait. A short burst is
//! waited for: who is refused loses a second at least.
//!
//! The share follows the wait as it is and remembers nothing, and who is refused is told to come back in one, two or three
//! seconds in turns. With a share that went up and down by steps, or one time for all, those who were refused would come
//! back as a wave: all of them at one time, and none at another.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// The time between two looks, beside the wait itself.
const PERIOD: Duration = Duration::from_millis(5);

/// The same, where nothing waited for too long at the last look: each look wakes two threads.
const PERIOD_AT_EASE: Duration = Duration::from_millis(20);

/// What a request may wait.
const TARGET: Duration = Duration::from_millis(15);

/// How long a request must wait for next to nobody to be let through.
const UNBEARABLE: Duration = Duration::from_millis(150);

/// How long requests must have waited at looks in a row, all together, before it is more than a burst.
const PATIENCE: Duration = Duration::from_millis(60);

/// The fewest requests between two looks of which a long wait is due to them: with fewer, it is the machine that is slow,
/// and refusing helps nobody.
const FEWEST: u32 = 64;

/// All requests, as a share.
const ALL: u32 = 1 << 16;

/// The smallest share that is let through.
const LEAST: u32 = ALL / 64;

/// Decides who is let through.
#[derive(Debug)]
pub(crate) struct Pressure {
    /// Requests since the last look.
    came: AtomicU32,
    /// Told of the first of them.
    first_came: Notify,
    /// The share of them that is let through.
    share: AtomicU32,
    /// The sum of the shares of all requests: each time that it passes a whole one, somebody is let through.
    sum: AtomicU32,
    /// The waits of the last looks in a row that found too long a one, in milliseconds.
    late_millis: AtomicU32,
    /// How many were refused.
    refused: AtomicU32,
}

impl Pressure {
    pub(crate) const fn new() -> Self {
        Self {
            came: AtomicU32::new(0),
            first_came: Notify::const_new(),
            share: AtomicU32::new(ALL),
            sum: AtomicU32::new(0),
            late_millis: AtomicU32::new(0),
            refused: AtomicU32::new(0),
        }
    }

    /// Counts a request; tells whether it is let through.
    pub(crate) fn lets_through(&self) -> bool {
        if self.came.fetch_add(1, Ordering::Relaxed) == 0 {
            self.first_came.notify_one();
        }
        let share = self.share.load(Ordering::Relaxed);
        if share == ALL {
            return true;
        }
        let before = self.sum.fetch_add(share, Ordering::Relaxed);
        before.wrapping_add(share) / ALL != before / ALL
    }

    /// In how many seconds somebody who is refused is to come back: 1 to 3, in turns.
    pub(crate) fn come_back_in(&self) -> u16 {
        let turn = self.refused.fetch_add(1, Ordering::Relaxed) % 3;
        1 + u16::try_from(turn).unwrap_or_default()
    }

    /// Looks until the runtime ends. Not to be called within a task of the runtime: what a task spawns is run before
    /// what waits.
    pub(crate) async fn watch(&self) {
        let mut period = PERIOD_AT_EASE;
        loop {
            if period == PERIOD_AT_EASE {
                // A server that nobody asks for anything does nothing.
                self.first_came.notified().await;
            }
            sleep(period).await;
            let before = now();
            #[expect(
                clippy::disallowed_methods,
                reason = "it ends when the queue gets to it, and holds nothing"
            )]
            let waited = tokio::spawn(async {}).await;
            if waited.is_err() {
                return;
            }
            let wait = before.elapsed();
            self.look(wait);
            period = if wait > TARGET { PERIOD } else { PERIOD_AT_EASE };
        }
    }

    /// Lets next to nobody through any more.
    #[cfg(test)]
    pub(crate) fn press(&self) {
        for _ in 0..FEWEST {
            self.lets_through();
        }
        self.look(UNBEARABLE + PATIENCE);
    }

    /// Decides how many are let through until the next look, when requests wait so long.
    fn look(&self, wait: Duration) {
        let came = self.came.swap(0, Ordering::Relaxed);
        let late = if wait > TARGET && came >= FEWEST {
            let millis = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
            self.late_millis.load(Ordering::Relaxed).saturating_add(millis)
        } else {
            0
        };
        self.late_millis.store(late, Ordering::Relaxed);
        let share = if u128::from(late) > PATIENCE.as_millis() { share_at(wait) } else { ALL };
        if share != self.share.load(Ordering::Relaxed) {
            self.share.store(share, Ordering::Relaxed);
        }
    }
}

/// The share that is let through when requests wait so long.
fn share_at(wait: Duration) -> u32 {
    let beyond = wait.saturating_sub(TARGET).as_secs_f64();
    let refused = beyond / UNBEARABLE.saturating_sub(TARGET).as_secs_f64();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between none and all")]
    let share = (f64::from(ALL) * (1.0 - refused.min(1.0))) as u32;
    share.max(LEAST)
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

    /// Sends so many requests, which wait so long; tells how many were let through.
    fn send(pressure: &Pressure, count: u32, wait: Duration) -> usize {
        let through = (0..count).filter(|_| pressure.lets_through()).count();
        pressure.look(wait);
        through
    }

    #[test]
    fn nothing_is_refused_while_nothing_waits() {
        let pressure = Pressure::new();
        for count in [1, 100, 10_000] {
            assert_eq!(send(&pressure, count, TARGET), count as usize);
        }
    }

    #[test]
    fn a_short_burst_is_waited_for() {
        let pressure = Pressure::new();
        for _ in 0..10 {
            assert_eq!(send(&pressure, 10_000, PATIENCE / 2), 10_000);
            assert_eq!(send(&pressure, 10_000, PATIENCE / 2), 10_000);
            assert_eq!(send(&pressure, 10_000, TARGET), 10_000);
        }
        assert_eq!(send(&pressure, 10_000, PATIENCE), 10_000);
        assert_eq!(send(&pressure, 10_000, TARGET * 2), 10_000);
        assert!(send(&pressure, 10_000, PERIOD) < 10_000);
    }

    #[test]
    fn who_is_refused_is_told_to_come_back_at_different_times() {
        let pressure = Pressure::new();
        let told: Vec<u16> = (0..6).map(|_| pressure.come_back_in()).collect();
        assert_eq!(told, [1, 2, 3, 1, 2, 3]);
    }

    #[test]
    fn a_slow_machine_with_few_requests_refuses_none() {
        let pressure = Pressure::new();
        for _ in 0..10 {
            assert_eq!(send(&pressure, FEWEST - 1, TARGET * 100), FEWEST as usize - 1);
        }
    }

    #[test]
    fn the_longer_requests_wait_the_fewer_are_let_through() {
        let pressure = Pressure::new();
        let mut before = 10_000;
        for wait in [16, 45, 50, 60, 90, 120, 1000] {
            let through = send(&pressure, 10_000, Duration::from_millis(wait));
            assert!(through <= before, "{through} after {before}");
            before = through;
        }
        assert_eq!(send(&pressure, 6_400, PERIOD), 100);
        assert_eq!(send(&pressure, 6_400, PERIOD), 6_400);
    }

    /// A server that does ten requests in a millisecond and refuses eight in the time of one, and callers who ask for five
    /// times as much, whatever they are told.
    #[test]
    fn under_pressure_as_many_are_served_as_can_be_and_wait_for_little() {
        let pressure = Pressure::new();
        let (mut queue, mut served, mut longest) = (0_u32, 0, 0);
        // When a look was begun, and how many requests are before it.
        let (mut begun, mut before) = (0, 0);
        for millisecond in 0..20_000_u32 {
            queue += 50;
            let mut eighths = 80;
            while eighths > 0 && queue > 0 {
                queue -= 1;
                before -= i64::from(before > 0);
                let is_let_through = pressure.lets_through();
                eighths -= if is_let_through { 8 } else { 1 };
                if millisecond >= 1_000 {
                    served += u32::from(is_let_through);
                }
            }
            if before == 0 && millisecond >= begun + 5 {
                let wait = millisecond - begun - 5;
                if begun >= 1_000 {
                    longest = longest.max(wait);
                }
                pressure.look(Duration::from_millis(wait.into()));
                (begun, before) = (millisecond, i64::from(queue));
            }
        }
        // Forty refusals of fifty take half of the time, and who comes while nothing is refused has to be worked off.
        assert!(served >= 19_000 * 4, "{served} in 19 s");
        assert!(longest <= 500, "{longest} ms");
    }
}
