//! How many credentials for a short time an API key has.

use keyholt_types::{ApiKeyId, Timestamp};

use crate::changes::{Changes, Needs};
use crate::param::params;
use crate::{Store, StoreError, Unmet};

impl Changes {
    /// Goes on only where an API key is not revoked; [`Unmet::Stale`] where it is, or where there is no such key. A
    /// revocation comes before this change or after it, not between.
    pub fn require_unrevoked_api_key(self, id: ApiKeyId) -> Self {
        self.push(
            "UPDATE api_keys SET version = version WHERE id = ?1 AND revoked_at IS NULL",
            params![id.as_bytes()],
            Needs::OneRow { none: Unmet::Stale },
        )
    }

    /// Goes on only where an API key that is not revoked has fewer than so many credentials for a short time that are
    /// valid at this moment; [`Unmet::Taken`] where it has as many, [`Unmet::Stale`] where there is no such key. Of two
    /// such changes one comes after the other.
    pub fn require_fewer_credentials(self, parent: ApiKeyId, most: u32, now: Timestamp) -> Self {
        // Holds the row until the end, so that the second statement sees what others did.
        self.require_unrevoked_api_key(parent).push(
            "UPDATE api_keys SET version = version WHERE id = ?1 AND (
                 SELECT count(*) FROM api_keys c
                 WHERE c.parent_id = ?1 AND c.revoked_at IS NULL AND c.expires_at > ?2) < ?3",
            params![parent.as_bytes(), now.micros(), i64::from(most)],
            Needs::OneRow { none: Unmet::Taken },
        )
    }
}

impl Store {
    /// When the first of an API key's credentials for a short time ends that are valid at this moment; none where it has
    /// none.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_first_credentials_end(
        &self,
        parent: ApiKeyId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.fetch_one(
            "SELECT expires_at FROM api_keys WHERE parent_id = ?1 AND revoked_at IS NULL AND expires_at > ?2
             ORDER BY expires_at LIMIT 1",
            params![parent.as_bytes(), now.micros()],
            |row| Ok(Timestamp::from_micros(row.int(0)?)),
        )
        .await
    }
}
