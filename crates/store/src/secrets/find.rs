//! Single secrets and values.

use keyholt_types::{EncryptedValue, OrgId, ProjectId, SecretId, Timestamp};

use super::row::{SecretRow, ValueRow, columns, read_secret};
use crate::param::{Row, params};
use crate::{Scope, Store, StoreError};

impl Store {
    /// A secret by its id.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_secret(&self, scope: Scope, id: SecretId) -> Result<Option<SecretRow>, StoreError> {
        let collection = scope.collection();
        self.fetch_one(
            concat!(
                "SELECT ",
                columns!(),
                " FROM secrets WHERE org_id = ?1 AND collection_id = ?2 AND id = ?3"
            ),
            params![collection.org().as_bytes(), collection.id_bytes(), id.as_bytes()],
            read_secret,
        )
        .await
    }

    /// A secret by its name. A name with a NUL character is nobody's, and the database is not asked.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_secret_named(&self, scope: Scope, name: &str) -> Result<Option<SecretRow>, StoreError> {
        if name.contains('\0') {
            return Ok(None);
        }
        let collection = scope.collection();
        self.fetch_one(
            concat!(
                "SELECT ",
                columns!(),
                " FROM secrets WHERE org_id = ?1 AND collection_id = ?2 AND name = ?3"
            ),
            params![collection.org().as_bytes(), collection.id_bytes(), name],
            read_secret,
        )
        .await
    }

    /// A version of a secret's value.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_value(
        &self,
        scope: Scope,
        secret: SecretId,
        version: i64,
    ) -> Result<Option<ValueRow>, StoreError> {
        let collection = scope.collection();
        let read = |row: &Row<'_>| {
            Ok(ValueRow {
                version: row.int(0)?,
                value: EncryptedValue { wrapped_key: row.blob(1)?, sealed: row.blob(2)? },
                created_at: Timestamp::from_micros(row.int(3)?),
            })
        };
        self.fetch_one(
            "SELECT value_version, wrapped_key, sealed, created_at FROM secret_values
             WHERE org_id = ?1 AND collection_id = ?2 AND secret_id = ?3 AND value_version = ?4",
            params![collection.org().as_bytes(), collection.id_bytes(), secret.as_bytes(), version],
            read,
        )
        .await
    }

    /// Collections of an organisation that hold secrets.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_collections(&self, org: crate::OrgScope) -> Result<Vec<Scope>, StoreError> {
        let read = |row: &Row<'_>| {
            let id = row.blob(0)?;
            Ok(match OrgId::from_slice(&id) {
                Some(id) if id == org.org() => org.secrets(),
                _ => org.project_secrets(ProjectId::from_slice(&id).ok_or(StoreError::Malformed("id"))?),
            })
        };
        let sql = "SELECT DISTINCT collection_id FROM secrets WHERE org_id = ?1";
        self.fetch(sql, params![org.org().as_bytes()], read).await
    }
}
