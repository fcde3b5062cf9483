//! Attempts that were refused: gathered, so that a flood of them is one line of the audit log and cannot fill
//! the disk.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use keyholt_types::{Action, ApiKeyId, AuditEvent, OrgId, PrincipalId, RequestContext, Timestamp};

/// What makes two refused attempts the same kind.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    pub(crate) action: Action,
    pub(crate) org: Option<OrgId>,
    pub(crate) api_key: Option<ApiKeyId>,
    pub(crate) address: Option<IpAddr>,
}

/// The API key that a refused credential is the text of: expired, revoked, or shown from elsewhere.
pub(crate) struct RefusedKey {
    pub(crate) api_key: ApiKeyId,
    pub(crate) name: Box<str>,
    pub(crate) principal: PrincipalId,
    pub(crate) org: OrgId,
}

/// An attempt, as it is put down: the same work whoever it was, so that a refusal's time tells nothing.
pub(crate) struct Attempt {
    pub(crate) at: Timestamp,
    pub(crate) request: RequestContext,
    pub(crate) action: Action,
    pub(crate) key: Option<RefusedKey>,
    /// Whether it was this key's; else nobody's.
    pub(crate) is_its: bool,
}

/// The first attempt of a kind, of which an event is made.
pub(crate) struct First {
    pub(crate) kind: Kind,
    pub(crate) at: Timestamp,
    pub(crate) request: RequestContext,
    /// Whose it was, if that is told apart.
    pub(crate) key: Option<RefusedKey>,
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
    /// How many kinds are told apart at a time of those who showed a key of ours, and how many of those who did
    /// not; what else is refused counts as one kind more for each action.
    const MOST: usize = 20;
    /// How many attempts are put down before they are counted.
    const UNCOUNTED: usize = 256;

    /// Puts an attempt down; of the first of each kind an event is made, now or later.
    pub(crate) fn put_down(&self, attempt: Attempt, event: impl Fn(First) -> AuditEvent) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.latest.push(attempt);
        if all.latest.len() >= Self::UNCOUNTED {
            all.count_latest(event);
        }
    }

    /// What was refused since this was last asked, in the order of the events' ids.
    pub(crate) fn take(&self, event: impl Fn(First) -> AuditEvent) -> Vec<AuditEvent> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.count_latest(event);
        let mut events: Vec<AuditEvent> = std::mem::take(&mut all.kinds).into_values().collect();
        drop(all);
        events.sort_by_key(|event| event.id);
        events
    }
}

impl Gathered {
    fn count_latest(&mut self, event: impl Fn(First) -> AuditEvent) {
        for Attempt { at, request, action, key, is_its } in self.latest.drain(..) {
            let key = key.filter(|_| is_its);
            let kind = Kind {
                action,
                org: key.as_ref().map(|key| key.org),
                api_key: key.as_ref().map(|key| key.api_key),
                address: request.address,
            };
            // Apart, so that whoever has no key cannot fill the places of those who have one, to be lost among them.
            let is_somebodys = kind.api_key.is_some();
            let of_its_sort = self.kinds.keys().filter(|one| one.api_key.is_some() == is_somebodys).count();
            let is_told_apart = of_its_sort < RefusedAttempts::MOST || self.kinds.contains_key(&kind);
            let (kind, key) = if is_told_apart {
                (kind, key)
            } else {
                (Kind { org: None, api_key: None, address: None, ..kind }, None)
            };
            match self.kinds.get_mut(&kind) {
                Some(event) => event.count = event.count.saturating_add(1),
                None => {
                    let first = First { kind: kind.clone(), at, request, key };
                    self.kinds.insert(kind, event(first));
                }
            }
        }
    }
}
