//! Attempts that were refused: gathered, so that a flood of them is one line of the audit log and cannot fill
//! the disk, and written down every few seconds.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use keyholt_types::{
    Action, ApiKeyId, AuditEvent, Caller, EventId, OrgId, Outcome, PrincipalId, RequestContext, Subject,
    SubjectKind, Timestamp,
};

use crate::Engine;

/// What makes two refused attempts the same kind.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Kind {
    action: Action,
    org: Option<OrgId>,
    api_key: Option<ApiKeyId>,
    address: Option<IpAddr>,
}

/// An attempt, as it is put down: the same work whoever it was, so that a refusal's time tells nothing.
struct Attempt {
    at: Timestamp,
    request: RequestContext,
    action: Action,
    key: Option<RefusedKey>,
    /// Whether it was this key's; else nobody's.
    is_its: bool,
}

/// What was refused since it was last written down.
#[derive(Default)]
pub(crate) struct RefusedAttempts(Mutex<Gathered>);

#[derive(Default)]
struct Gathered {
    /// Those that are counted.
    kinds: HashMap<Kind, AuditEvent>,
    /// Those that came after these.
    latest: Vec<Attempt>,
}

impl RefusedAttempts {
    /// How many kinds are told apart at a time; what else is refused counts as one kind more for each action.
    const MOST: usize = 20;
    /// How many attempts are put down before they are counted.
    const UNCOUNTED: usize = 256;
}

/// The API key that a refused credential is the text of: expired, revoked, or shown from elsewhere.
pub(crate) struct RefusedKey {
    pub(crate) api_key: ApiKeyId,
    pub(crate) name: Box<str>,
    pub(crate) principal: PrincipalId,
    pub(crate) org: OrgId,
}

impl Engine {
    /// Counts a credential that was refused: as this key's, or as nobody's.
    pub(crate) fn count_refused_credential(
        &self,
        request: RequestContext,
        key: Option<RefusedKey>,
        is_its: bool,
    ) {
        self.put_down(Attempt { at: self.clock.now(), request, action: Action::Authenticate, key, is_its });
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
        self.put_down(Attempt { at, request, action, key: Some(key), is_its: true });
    }

    fn put_down(&self, attempt: Attempt) {
        let mut all = self.refused.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.latest.push(attempt);
        if all.latest.len() >= RefusedAttempts::UNCOUNTED {
            self.count_latest(&mut all);
        }
    }

    fn count_latest(&self, all: &mut Gathered) {
        for attempt in all.latest.drain(..) {
            let Attempt { at, request, action, key, is_its } = attempt;
            let key = key.filter(|_| is_its);
            let kind = Kind {
                action,
                org: key.as_ref().map(|key| key.org),
                api_key: key.as_ref().map(|key| key.api_key),
                address: request.address,
            };
            let is_told_apart = all.kinds.len() < RefusedAttempts::MOST || all.kinds.contains_key(&kind);
            let (kind, key) = if is_told_apart {
                (kind, key)
            } else {
                (Kind { org: None, api_key: None, address: None, ..kind }, None)
            };
            match all.kinds.get_mut(&kind) {
                Some(event) => event.count = event.count.saturating_add(1),
                None => {
                    let event = self.refusal(&kind, at, request, key);
                    all.kinds.insert(kind, event);
                }
            }
        }
    }

    /// What was refused since the last time, oldest first.
    pub(crate) fn take_refused(&self) -> Vec<AuditEvent> {
        let mut all = self.refused.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.count_latest(&mut all);
        let mut events: Vec<AuditEvent> = std::mem::take(&mut all.kinds).into_values().collect();
        drop(all);
        events.sort_by_key(|event| event.id);
        events
    }

    /// The event of the first of its kind.
    fn refusal(
        &self,
        kind: &Kind,
        at: Timestamp,
        request: RequestContext,
        key: Option<RefusedKey>,
    ) -> AuditEvent {
        let principal = key.as_ref().map(|key| key.principal);
        let subject = match key {
            Some(key) => Subject { kind: SubjectKind::ApiKey, id: key.api_key.uuid(), name: key.name },
            None => self.deployment_subject(),
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

    /// What an event is about that is about nothing narrower.
    fn deployment_subject(&self) -> Subject {
        let id = self.keyring.deployment().uuid();
        Subject { kind: SubjectKind::Deployment, id, name: Box::default() }
    }
}
