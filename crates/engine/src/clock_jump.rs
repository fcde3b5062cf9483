//! The time of day, beside a clock that cannot be moved: a jump of it is written down, since expiries and the times of
//! audit events go by it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyholt_store::Changes;
use keyholt_types::{Action, AuditEvent, Clock, EventId, Outcome, Subject, SubjectKind, Timestamp};

use crate::Engine;

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
    fn jump(&self, now: Timestamp, ticks: Duration) -> Option<i64> {
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

impl Engine {
    /// Writes down that the time of day has jumped since this was last asked, by more than a minute either way: to be done
    /// every second. The event is of the installation; its subject's name says by how many seconds.
    pub async fn note_clock_jump(&self) {
        let at = self.clock.now();
        let Some(moved) = self.clock_watch.jump(at, self.clock.ticks()) else { return };
        let seconds = moved / 1_000_000;
        tracing::warn!(seconds, "the clock was moved; expiries go by what it says now");
        let subject = Subject {
            kind: SubjectKind::Deployment,
            id: self.keyring.deployment().uuid(),
            name: format!("{seconds:+} s").into(),
        };
        let event = AuditEvent {
            id: EventId::new(self.ids.mint(at)),
            at,
            org: None,
            request: None,
            api_key: None,
            principal: None,
            address: None,
            action: Action::ClockJump,
            subject,
            outcome: Outcome::Done,
            count: 1,
        };
        // Why it could not be written is in the log already.
        let _ = self.commit(Action::ClockJump, Changes::new().record(event)).await;
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
