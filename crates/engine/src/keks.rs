//! Organisations' unwrapped keys, kept in memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use keyholt_crypto::Kek;
use keyholt_types::OrgId;

use crate::Error;

/// The unwrapped keys of all organisations that were asked for.
#[derive(Default)]
pub(crate) struct Keks(RwLock<HashMap<OrgId, Arc<OrgKeks>>>);

impl Keks {
    pub(crate) fn find(&self, org: OrgId) -> Option<Arc<OrgKeks>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&org).cloned()
    }

    pub(crate) fn keep(&self, org: OrgId, keks: Arc<OrgKeks>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(org, keks);
    }
}

/// All generations of an organisation's key.
pub(crate) struct OrgKeks {
    pub(crate) generations: HashMap<i64, Kek>,
    pub(crate) newest: i64,
}

impl OrgKeks {
    /// The key of a generation.
    pub(crate) fn of(&self, generation: i64) -> Option<&Kek> {
        self.generations.get(&generation)
    }

    /// The key that seals what is written now.
    pub(crate) fn primary(&self) -> Result<&Kek, Error> {
        self.of(self.newest).ok_or(Error::Locked)
    }
}
