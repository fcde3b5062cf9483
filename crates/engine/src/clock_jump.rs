//! A jump of the time of day is written down, since expiries and the times of audit events go by it.

use keyholt_store::Changes;
use keyholt_types::{Action, AuditEvent, EventId, Outcome, Subject, SubjectKind};

use crate::Engine;

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
