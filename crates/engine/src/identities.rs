//! Identities that were looked up are kept, so that most requests are authenticated without the database.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use keyholt_types::Identity;

/// Identities that were looked up, by the full MAC of the credential. An entry counts only while the
/// epoch in which it was read lasts; every change of an identity ends it before it is acknowledged.
#[derive(Default)]
pub(crate) struct Identities {
    epoch: AtomicU64,
    known: RwLock<HashMap<[u8; 32], Known>>,
}

struct Known {
    epoch: u64,
    identity: Arc<Identity>,
}

impl Identities {
    /// Beyond so many, all are looked up again.
    const MOST: usize = 16_384;

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    pub(crate) fn forget_all(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn find(&self, mac: &[u8; 32]) -> Option<Arc<Identity>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(mac)?;
        (known.epoch == self.epoch()).then(|| Arc::clone(&known.identity))
    }

    pub(crate) fn keep(&self, mac: [u8; 32], epoch: u64, identity: &Arc<Identity>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.insert(mac, Known { epoch, identity: Arc::clone(identity) });
    }
}
