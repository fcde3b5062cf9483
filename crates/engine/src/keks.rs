//! Organisations' keys, unwrapped once and kept in memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use keyholt_crypto::{Kek, WrappedKek};
use keyholt_store::OrgScope;
use keyholt_types::OrgId;

use crate::{Engine, Error};

/// The unwrapped keys of all organisations that were asked for.
#[derive(Default)]
pub(crate) struct Keks(RwLock<HashMap<OrgId, Arc<OrgKeks>>>);

/// All generations of an organisation's key.
pub(crate) struct OrgKeks {
    generations: HashMap<i64, Kek>,
    newest: i64,
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

impl Engine {
    /// The keys of an organisation, one generation of which must be this one where it is given.
    pub(crate) async fn org_keks(&self, scope: OrgScope, needed: Option<i64>) -> Result<Arc<OrgKeks>, Error> {
        let kept = self.keks.0.read().unwrap_or_else(PoisonError::into_inner).get(&scope.org()).cloned();
        let suffices = |keks: &Arc<OrgKeks>| needed.is_none_or(|generation| keks.of(generation).is_some());
        if let Some(keks) = kept.filter(suffices) {
            return Ok(keks);
        }
        let rows = self.store.list_org_keys(scope).await.map_err(|error| self.fault(&error))?;
        let mut generations = HashMap::with_capacity(rows.len());
        let newest = rows.last().map_or(0, |row| row.generation);
        for row in rows {
            let wrapped = WrappedKek {
                generation: row.generation,
                ring_generation: row.ring_generation,
                wrapped: row.wrapped,
            };
            let kek = self.keyring.unwrap_kek(scope.org(), &wrapped).map_err(|problem| {
                tracing::error!(org = %scope.org(), generation = row.generation, %problem, "an organisation's key does not open");
                Error::Locked
            })?;
            generations.insert(row.generation, kek);
        }
        let keks = Arc::new(OrgKeks { generations, newest });
        self.keks.0.write().unwrap_or_else(PoisonError::into_inner).insert(scope.org(), Arc::clone(&keks));
        Ok(keks)
    }
}
