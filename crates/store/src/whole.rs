//! Reading what only whoever verifies a whole store asks for.

use keyholt_types::{ApiKeyId, SecretId};

use crate::migrations::NEWEST;
use crate::param::params;
use crate::{Scope, Store, StoreError};

impl Store {
    /// The versions of a secret's value that are kept, oldest first.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_value_versions(&self, scope: Scope, secret: SecretId) -> Result<Vec<i64>, StoreError> {
        let collection = scope.collection();
        self.fetch(
            "SELECT value_version FROM secret_values
             WHERE org_id = ?1 AND collection_id = ?2 AND secret_id = ?3 ORDER BY value_version",
            params![collection.org().as_bytes(), collection.id_bytes(), secret.as_bytes()],
            |row| row.int(0),
        )
        .await
    }

    /// The ids of API keys above one, of all organisations: revoked and expired ones too, and credentials for a short
    /// time.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_api_key_ids(
        &self,
        above: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ApiKeyId>, StoreError> {
        let above = above.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
        self.fetch(
            "SELECT id FROM api_keys WHERE id > ?1 ORDER BY id LIMIT ?2",
            params![above.as_slice(), i64::from(limit)],
            |row| row.id(0, ApiKeyId::from_slice),
        )
        .await
    }

    /// Whether the schema is of the newest version; an older one has not all the columns that are read.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn has_newest_schema(&self) -> Result<bool, StoreError> {
        let sql = "SELECT coalesce(max(version), 0) FROM schema_migrations";
        Ok(self.fetch_one(sql, params![], |row| row.int(0)).await? == Some(NEWEST))
    }

    /// The tables with rows that refer to rows which are not there, and how many. PostgreSQL has none.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn count_loose_rows(&self) -> Result<Vec<(Box<str>, i64)>, StoreError> {
        if self.is_shared() {
            return Ok(Vec::new());
        }
        let sql = "SELECT \"table\", count(*) FROM pragma_foreign_key_check GROUP BY 1 ORDER BY 1";
        self.fetch(sql, params![], |row| Ok((row.text(0)?, row.int(1)?))).await
    }
}
