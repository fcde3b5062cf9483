//! What is observed while requests are served, and writing it down.

use keyholt_store::{Changes, Uses};
use keyholt_types::{
    Action, AuditEvent, Caller, EventId, OrgId, Outcome, RequestContext, Subject, SubjectKind,
};

use crate::Engine;
use crate::engine::NotCommitted;
use crate::refused::{Attempt, First, RefusedKey};

impl Engine {
    /// Counts a credential that was refused: as this key's, or as nobody's.
    pub(crate) fn count_refused_credential(
        &self,
        request: RequestContext,
        key: Option<RefusedKey>,
        is_its: bool,
    ) {
        let attempt = Attempt { at: self.clock.now(), request, action: Action::Authenticate, key, is_its };
        self.refused.put_down(attempt, |first| self.refusal(first));
    }

    /// Counts an attempt of a caller who lacks the right.
    pub(crate) fn count_refused_attempt(&self, caller: &Caller, org: Option<OrgId>, action: Action) {
        let identity = &caller.identity;
        let key = RefusedKey {
            api_key: identity.api_key,
            name: identity.api_key_name.clone(),
            principal: identity.principal,
            org: org.unwrap_or(identity.project.org),
        };
        let (at, request) = (self.clock.now(), caller.request);
        let attempt = Attempt { at, request, action, key: Some(key), is_its: true };
        self.refused.put_down(attempt, |first| self.refusal(first));
    }

    fn refusal(&self, First { kind, at, request, key }: First) -> AuditEvent {
        let principal = key.as_ref().map(|key| key.principal);
        let subject = match key {
            Some(key) => Subject { kind: SubjectKind::ApiKey, id: key.api_key.uuid(), name: key.name },
            // About nothing narrower than all of it.
            None => {
                let id = self.keyring.deployment().uuid();
                Subject { kind: SubjectKind::Deployment, id, name: Box::default() }
            }
        };
        AuditEvent {
            id: EventId::new(self.ids.mint(at)),
            at,
            org: kind.org,
            request: Some(request.id),
            api_key: kind.api_key,
            principal,
            address: kind.address,
            action: kind.action,
            subject,
            outcome: Outcome::Refused,
            count: 1,
        }
    }

    /// Writes down what was used and refused since the last time. To be done every second and at the end.
    pub async fn write_down_observations(&self) {
        let uses = self.identities.take_uses();
        if !uses.is_empty() {
            let uses = uses.into_iter().fold(Uses::new(), |uses, (key, at)| uses.used(key, at));
            if let Err(error) = self.store.note_uses(uses).await {
                tracing::warn!(%error, "when API keys were last used could not be written down");
            }
        }
        self.write_down_used().await;
        for event in self.refused.take(|first| self.refusal(first)) {
            let action = event.action;
            if let Err(NotCommitted::Failed(_)) = self.commit(action, Changes::new().record(event)).await {
                // Why is in the log already; the others would fail likewise.
                return;
            }
        }
    }
}
