//! What was observed: when API keys were last used, and how much of what. No change that anybody made, so that there is no
//! audit event for it.

use keyholt_types::{ApiKeyId, Timestamp};

use crate::changes::{Audited, Changes, Needs};
use crate::param::{Param, params};
use crate::{CommitError, Store};

/// What was observed.
#[derive(Debug, Default)]
#[must_use]
pub struct Uses(Changes);

impl Uses {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// An API key was used at this moment. Does nothing for a key that is not there.
    pub fn used(self, api_key: ApiKeyId, at: Timestamp) -> Self {
        self.push(
            "INSERT INTO api_key_uses (api_key_id, last_used_at) SELECT id, ?2 FROM api_keys WHERE id = ?1
             ON CONFLICT (api_key_id) DO UPDATE SET last_used_at = excluded.last_used_at
             WHERE excluded.last_used_at > api_key_uses.last_used_at",
            params![api_key.as_bytes(), at.micros()],
            Needs::Any,
        )
    }

    pub(super) fn push(self, sql: &'static str, params: Vec<Param>, needs: Needs) -> Self {
        Self(self.0.push(sql, params, needs))
    }
}

impl Store {
    /// Writes down what was observed.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub async fn note_uses(&self, uses: Uses) -> Result<(), CommitError> {
        self.commit(Audited::observed(uses.0)).await
    }
}
