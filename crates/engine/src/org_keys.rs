//! Organisations' keys, unwrapped once.

use std::collections::HashMap;
use std::sync::Arc;

use keyholt_crypto::WrappedKek;
use keyholt_store::OrgScope;

use crate::keks::OrgKeks;
use crate::{Engine, Error};

impl Engine {
    /// The keys of an organisation, one generation of which must be this one where it is given.
    pub(crate) async fn org_keks(&self, scope: OrgScope, needed: Option<i64>) -> Result<Arc<OrgKeks>, Error> {
        let kept = self.keks.find(scope.org());
        let suffices = |keks: &Arc<OrgKeks>| needed.is_none_or(|generation| keks.of(generation).is_some());
        if let Some(keks) = kept.filter(suffices) {
            return Ok(keks);
        }
        let rows = self.store.list_org_keys(scope).await.map_err(|error| self.fault(&error))?;
        let mut generations = HashMap::with_capacity(rows.len());
        for row in rows {
            let wrapped = WrappedKek {
                generation: row.generation,
                ring_generation: row.ring_generation,
                wrapped: row.wrapped,
            };
            match self.keyring.unwrap_kek(scope.org(), &wrapped) {
                Ok(kek) => drop(generations.insert(row.generation, kek)),
                // Only what it seals is locked; whoever puts a row here cannot lock the rest.
                Err(problem) => {
                    tracing::error!(org = %scope.org(), generation = row.generation, %problem, "an organisation's key does not open");
                }
            }
        }
        let newest = generations.keys().copied().max().unwrap_or_default();
        let keks = Arc::new(OrgKeks { generations, newest });
        self.keks.keep(scope.org(), Arc::clone(&keks));
        Ok(keks)
    }
}
