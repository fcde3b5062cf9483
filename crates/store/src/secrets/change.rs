//! What changes secrets and their values.

use keyholt_types::SecretId;

use super::row::{SecretRow, ValueRow, columns, secret_params};
use crate::changes::{Changes, Needs};
use crate::param::{Param, params};
use crate::{Scope, Unmet};

impl Changes {
    /// Adds a secret; [`Unmet::Taken`] when its name or id is there already.
    pub fn insert_secret(self, scope: Scope, row: &SecretRow) -> Self {
        self.push(
            concat!(
                "INSERT INTO secrets (",
                columns!(),
                ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
                 ?19) ON CONFLICT DO NOTHING"
            ),
            secret_params(scope, row),
            Needs::OneRow { none: Unmet::Taken },
        )
        .touching_secrets(scope.collection().org())
    }

    /// Changes a secret from the version before; [`Unmet::Stale`] when it is of another version or
    /// gone, [`Unmet::Taken`] when its new name is another's.
    pub fn update_secret(self, scope: Scope, row: &SecretRow) -> Self {
        let mut params = secret_params(scope, row);
        params.push(Param::Int(row.columns.version - 1));
        self.push(
            "UPDATE secrets SET version = ?4, name = ?5, kind = ?6, created_at = ?7, created_by = ?8,
                 updated_at = ?9, updated_by = ?10, value_version = ?11, value_hash = ?12,
                 value_updated_at = ?13, value_updated_by = ?14, ttl_seconds = ?15, expires_at = ?16,
                 key_generation = ?17, details = ?18, names_models = ?19
             WHERE org_id = ?1 AND collection_id = ?2 AND id = ?3 AND version = ?20",
            params,
            Needs::OneRow { none: Unmet::Stale },
        )
        .touching_secrets(scope.collection().org())
    }

    /// Deletes a secret of this version with all its values; [`Unmet::Stale`] when it is of another
    /// version or gone.
    pub fn delete_secret(self, scope: Scope, id: SecretId, version: i64) -> Self {
        let collection = scope.collection();
        self.push(
            "DELETE FROM secrets WHERE org_id = ?1 AND collection_id = ?2 AND id = ?3 AND version = ?4",
            params![collection.org().as_bytes(), collection.id_bytes(), id.as_bytes(), version],
            Needs::OneRow { none: Unmet::Stale },
        )
        .touching_secrets(collection.org())
    }

    /// Adds a version of a secret's value.
    pub fn insert_value(self, scope: Scope, secret: SecretId, row: &ValueRow) -> Self {
        let collection = scope.collection();
        self.push(
            "INSERT INTO secret_values
                 (org_id, collection_id, secret_id, value_version, wrapped_key, sealed, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            params![
                collection.org().as_bytes(),
                collection.id_bytes(),
                secret.as_bytes(),
                row.version,
                row.value.wrapped_key.as_slice(),
                row.value.sealed.as_slice(),
                row.created_at.micros(),
            ],
            Needs::OneRow { none: Unmet::Stale },
        )
    }

    /// Erases the versions of a secret's value below this one.
    pub fn delete_values_below(self, scope: Scope, secret: SecretId, version: i64) -> Self {
        let collection = scope.collection();
        self.push(
            "DELETE FROM secret_values
             WHERE org_id = ?1 AND collection_id = ?2 AND secret_id = ?3 AND value_version < ?4",
            params![collection.org().as_bytes(), collection.id_bytes(), secret.as_bytes(), version],
            Needs::Any,
        )
    }
}
