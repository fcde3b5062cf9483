//! Identities that were looked up are kept, so that most requests are authenticated without the database.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use keyholt_store::StoreView;
use keyholt_types::{ApiKeyId, Identity, Timestamp, Via};

use crate::limits::{Pace, RetryAfter};

/// What an identity was read in; valid until the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Epoch {
    /// Another one after every change on this node.
    here: u64,
    /// Another one after every change on any node, a moment later.
    everywhere: i64,
}

/// Identities that were looked up, by the full MAC of the credential. An entry counts only while the
/// epoch in which it was read lasts. Every change of an identity ends it before it is acknowledged; on other nodes
/// within a second, after which none counts on a node that cannot tell.
#[derive(Default)]
pub(crate) struct Identities {
    changes: AtomicU64,
    known: RwLock<BTreeMap<[u8; 32], Arc<Known>>>,
    /// The limits of the API keys that have come: credentials for a short time count as the key that made them, and
    /// tokens as their principal, so that nobody has more by showing many.
    paces: Mutex<BTreeMap<ApiKeyId, Arc<Pace>>>,
}

/// An identity with what is observed of it.
pub(crate) struct Known {
    epoch: Epoch,
    pub(crate) identity: Arc<Identity>,
    pace: Option<Arc<Pace>>,
    /// When it was last used, in microseconds; 0 when that has been written down.
    used_at: AtomicI64,
}

impl Known {
    /// Counts a request.
    pub(crate) fn used(&self, now: Timestamp) -> Result<(), RetryAfter> {
        self.used_at.store(now.micros(), Ordering::Relaxed);
        self.pace.as_ref().map_or(Ok(()), |pace| pace.check())
    }

    /// When it was used since this was last asked.
    fn take_use(&self) -> Option<(ApiKeyId, Timestamp)> {
        let used_at = self.used_at.swap(0, Ordering::Relaxed);
        let is_key = self.identity.via == Via::ApiKey;
        (used_at != 0 && is_key).then(|| (self.identity.api_key, Timestamp::from_micros(used_at)))
    }
}

impl Identities {
    /// Beyond so many, all are looked up again.
    const MOST: usize = 16_384;

    pub(crate) fn epoch(&self, view: StoreView) -> Epoch {
        Epoch { here: self.changes.load(Ordering::SeqCst), everywhere: view.epoch }
    }

    pub(crate) fn forget_all(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// The identity of this MAC, if it is valid for a request from this address at this moment.
    ///
    /// Where there is none of this MAC, the next one is looked at: what is known but not valid there takes the
    /// time that what nobody knows takes.
    pub(crate) fn find_admitted(
        &self,
        mac: &[u8; 32],
        view: StoreView,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Option<Arc<Known>> {
        let all = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (its, known) = all.range(*mac..).next().or_else(|| all.first_key_value())?;
        let is_current = view.is_recent && known.epoch == self.epoch(view);
        let is_admitted = known.identity.admits(address, now) && is_current;
        (is_admitted && its == mac).then(|| Arc::clone(known))
    }

    /// Keeps an identity that was read in this epoch. Its limit goes on where it was.
    pub(crate) fn keep(
        &self,
        mac: [u8; 32],
        epoch: Epoch,
        identity: Arc<Identity>,
        pace: impl FnOnce() -> Option<Arc<Pace>>,
    ) -> Arc<Known> {
        let pace = self.pace_of(identity.counted_as(), pace);
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let used_at = all.get(&mac).map_or(0, |before| before.used_at.swap(0, Ordering::Relaxed));
        let known = Arc::new(Known { epoch, identity, pace, used_at: AtomicI64::new(used_at) });
        if all.len() >= Self::MOST && !all.contains_key(&mac) {
            all.clear();
        }
        all.insert(mac, Arc::clone(&known));
        known
    }

    /// The limit of what counts as this key; a new one when it comes for the first time.
    fn pace_of(&self, key: ApiKeyId, new: impl FnOnce() -> Option<Arc<Pace>>) -> Option<Arc<Pace>> {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pace) = paces.get(&key) {
            return Some(Arc::clone(pace));
        }
        let pace = new()?;
        if paces.len() >= 2 * Self::MOST {
            // Those of keys that are not known any more.
            paces.retain(|_, pace| Arc::strong_count(pace) > 1);
        }
        paces.insert(key, Arc::clone(&pace));
        Some(pace)
    }

    /// Which API keys were used since this was last asked, and when.
    pub(crate) fn take_uses(&self) -> Vec<(ApiKeyId, Timestamp)> {
        let all = self.known.read().unwrap_or_else(PoisonError::into_inner);
        all.values().filter_map(|known| known.take_use()).collect()
    }
}

#[cfg(test)]
mod tests {
    use keyholt_types::{OrgId, PrincipalId, ProjectId, ProjectRef, Restrictions};

    use super::*;

    fn identity() -> Arc<Identity> {
        Arc::new(Identity {
            via: Via::ApiKey,
            api_key: ApiKeyId::MIN,
            api_key_name: "a key".into(),
            principal: PrincipalId::MIN,
            operator: false,
            orgs: Vec::new(),
            project: ProjectRef { org: OrgId::MIN, id: ProjectId::MIN, name: "default".into() },
            expires_at: None,
            restrictions: Restrictions::default(),
            temporary: None,
        })
    }

    const VIEW: StoreView = StoreView { epoch: 7, is_recent: true };

    /// Whoever reads the database while a change is committed may have read what was before.
    #[test]
    fn what_was_read_before_a_change_is_not_known_after_it() {
        let (identities, mac, now) = (Identities::default(), [7; 32], Timestamp::from_micros(0));
        let is_known = || identities.find_admitted(&mac, VIEW, None, now).is_some();
        let epoch = identities.epoch(VIEW);
        identities.forget_all();
        identities.keep(mac, epoch, identity(), || None);
        assert!(!is_known());
        identities.keep(mac, identities.epoch(VIEW), identity(), || None);
        assert!(is_known());
        identities.forget_all();
        assert!(!is_known());
    }

    #[test]
    fn what_another_node_changed_is_not_known_nor_anything_while_that_cannot_be_told() {
        let (identities, mac, now) = (Identities::default(), [7; 32], Timestamp::from_micros(0));
        let is_known = |view| identities.find_admitted(&mac, view, None, now).is_some();
        identities.keep(mac, identities.epoch(VIEW), identity(), || None);
        assert!(is_known(VIEW));
        assert!(!is_known(StoreView { is_recent: false, ..VIEW }));
        assert!(!is_known(StoreView { epoch: 8, ..VIEW }));
        assert!(is_known(VIEW));
    }
}
