//! Two clocks beside each other: the time of day, which can be moved, and one that cannot.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyholt_types::{Clock, Timestamp};

/// How far the two clocks may part before it is a jump, in microseconds: a minute.
const TOLERATED: i64 = 60_000_000;

/// Both clocks, as they were at the start or at the last jump.
pub(crate) struct ClockWatch(Mutex<(Timestamp, Duration)>);

impl ClockWatch {
    pub(crate) fn start(clock: &dyn Clock) -> Self {
        Self(Mutex::new((clock.now(), clock.ticks())))
    }

    /// How far the time of day has moved against the ticks, in microseconds, if it is more than is tolerated; from then on
    /// it is compared with what it is now.
    pub(crate) fn jump(&self, now: Timestamp, ticks: Duration) -> Option<i64> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (then, since) = *last;
        let passed = i64::try_from(ticks.saturating_sub(since).as_micros()).unwrap_or(i64::MAX);
        let moved = now.micros().saturating_sub(then.micros()).saturating_sub(passed);
        if moved.abs() <= TOLERATED {
            return None;
        }
        *last = (now, ticks);
        Some(moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_parts_from_the_ticks_by_more_than_a_minute_is_a_jump_and_only_once() {
        let at = |seconds: i64| Timestamp::from_micros(1_000_000_000_000).plus_seconds(seconds);
        let watch = ClockWatch(Mutex::new((at(0), Duration::ZERO)));
        let jump = |now, ticks| watch.jump(at(now), Duration::from_secs(ticks));
        assert_eq!(jump(3600, 3600), None, "time goes by");
        assert_eq!(jump(3660, 3600), None, "a minute is tolerated");
        assert_eq!(jump(3662, 3601), Some(61_000_000));
        assert_eq!(jump(3663, 3602), None, "told once");
        assert_eq!(jump(3664 - 86_400, 3603), Some(-86_400_000_000));
        assert_eq!(jump(3665 - 86_400, 3604), None);
    }
}
