//! Secrets and their values.

use keyholt_types::{
    ApiKeyId, Collection, EncryptedValue, OrgId, PrincipalId, ProjectId, SecretColumns, SecretId, Timestamp,
};

use crate::changes::{Changes, Needs};
use crate::param::{Param, Row, params};
use crate::{Scope, Store, StoreError, Unmet};

/// A secret as it is stored: readable columns, and sealed details that prove them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRow {
    /// The readable columns.
    pub columns: SecretColumns,
    /// Metadata, description and preview, sealed.
    pub details: Vec<u8>,
    /// Whether the metadata may name models.
    pub names_models: bool,
}

/// A version of a secret's value as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueRow {
    /// The value's version, counted from 1.
    pub version: i64,
    /// The sealed value.
    pub value: EncryptedValue,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Which secrets of a collection: ids strictly between two, perhaps of one type.
#[derive(Debug, Clone, Copy)]
pub struct SecretRange<'a> {
    /// Only ids above this one.
    pub above: Option<SecretId>,
    /// Only ids below this one.
    pub below: Option<SecretId>,
    /// Only this type.
    pub kind: Option<&'a str>,
}

/// Between two ids; what is no id, since somebody changed it, is left out and does not end a list.
macro_rules! in_range {
    () => {
        " id > ?3 AND id < ?4 AND length(id) = 16 "
    };
}

/// The same of one type. Compared as a pair, or SQLite takes the primary key instead of the index of types, and reads the
/// rows of all types.
macro_rules! in_range_of_kind {
    () => {
        " kind IS NOT NULL AND (kind, id) > (?6, ?3) AND (kind, id) < (?6, ?4) AND length(id) = 16 "
    };
}

/// The same of those whose metadata may name models.
macro_rules! in_range_of_naming_models {
    () => {
        " names_models IS NOT NULL AND (names_models, id) > (1, ?3) AND (names_models, id) < (1, ?4) AND length(id) = 16 "
    };
}

/// What can be told of a secret without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretHead {
    /// Its id.
    pub id: SecretId,
    /// Its name.
    pub name: Box<str>,
    /// Its type.
    pub kind: Option<Box<str>>,
    /// From when on it does not exist.
    pub expires_at: Option<Timestamp>,
}

/// Secrets of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretPage {
    /// The rows, in the order that was asked for.
    pub rows: Vec<SecretRow>,
    /// Whether the range holds no more than these.
    pub is_whole: bool,
}

/// The columns of `secrets` in the order that [`read_secret`] reads and [`secret_params`] writes.
macro_rules! columns {
    () => {
        "org_id, collection_id, id, version, name, kind, created_at, created_by, updated_at, updated_by, \
         value_version, value_hash, value_updated_at, value_updated_by, ttl_seconds, expires_at, \
         key_generation, details, names_models"
    };
}

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

    /// Secrets of a range, newest first: at most so many, and no more after so many bytes of details.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_secrets(
        &self,
        scope: Scope,
        range: SecretRange<'_>,
        limit: u32,
        most_bytes: usize,
    ) -> Result<SecretPage, StoreError> {
        let mut params = range_params(scope, range, limit);
        match range.kind {
            None => {
                let sql = concat!(
                    "SELECT ",
                    columns!(),
                    " FROM secrets WHERE org_id = ?1 AND collection_id = ?2 AND",
                    in_range!(),
                    "ORDER BY id DESC LIMIT ?5"
                );
                self.fetch_page(sql, params, limit, most_bytes).await
            }
            // No type has a NUL character.
            Some(kind) if kind.contains('\0') => Ok(SecretPage { rows: Vec::new(), is_whole: true }),
            Some(kind) => {
                params.push(kind.into());
                let sql = concat!(
                    "SELECT ",
                    columns!(),
                    " FROM secrets WHERE org_id = ?1 AND collection_id = ?2 AND",
                    in_range_of_kind!(),
                    "ORDER BY kind DESC, id DESC LIMIT ?5"
                );
                self.fetch_page(sql, params, limit, most_bytes).await
            }
        }
    }

    /// Secrets below an id whose metadata may name models, whatever their types, newest first: at most so many, and no
    /// more after so many bytes of details.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_secrets_naming_models(
        &self,
        scope: Scope,
        below: Option<SecretId>,
        limit: u32,
        most_bytes: usize,
    ) -> Result<SecretPage, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM secrets WHERE org_id = ?1 AND collection_id = ?2 AND",
            in_range_of_naming_models!(),
            "ORDER BY names_models DESC, id DESC LIMIT ?5"
        );
        let params = range_params(scope, SecretRange { above: None, below, kind: None }, limit);
        self.fetch_page(sql, params, limit, most_bytes).await
    }

    async fn fetch_page(
        &self,
        sql: &'static str,
        params: Vec<Param>,
        limit: u32,
        most_bytes: usize,
    ) -> Result<SecretPage, StoreError> {
        let mut bytes = 0;
        let goes_on = |row: &SecretRow| {
            bytes += row.details.len();
            bytes < most_bytes
        };
        let rows = self.fetch_while(sql, params, read_secret, goes_on).await?;
        Ok(SecretPage { is_whole: rows.len() < limit as usize && bytes < most_bytes, rows })
    }

    /// What can be told of secrets of a range without opening them, oldest first, at most so many. A column that is
    /// not as it was written, since somebody changed it, counts as empty: nothing that is shown is taken from here.
    ///
    /// # Errors
    /// When the storage is unavailable or an id is not as it was written.
    pub async fn list_secret_heads(
        &self,
        scope: Scope,
        range: SecretRange<'_>,
        limit: u32,
    ) -> Result<Vec<SecretHead>, StoreError> {
        let read = |row: &Row<'_>| {
            Ok(SecretHead {
                id: row.id(0, SecretId::from_slice)?,
                name: row.text(1).unwrap_or_default(),
                kind: row.opt_text(2).unwrap_or_default(),
                expires_at: row.opt_int(3).unwrap_or_default().map(Timestamp::from_micros),
            })
        };
        let mut params = range_params(scope, range, limit);
        let Some(kind) = range.kind else {
            let sql = concat!(
                "SELECT id, name, kind, expires_at FROM secrets WHERE org_id = ?1 AND collection_id = ?2 AND",
                in_range!(),
                "ORDER BY id LIMIT ?5"
            );
            return self.fetch(sql, params, read).await;
        };
        if kind.contains('\0') {
            return Ok(Vec::new());
        }
        params.push(kind.into());
        let sql = concat!(
            "SELECT id, name, kind, expires_at FROM secrets WHERE org_id = ?1 AND collection_id = ?2 AND",
            in_range_of_kind!(),
            "ORDER BY kind, id LIMIT ?5"
        );
        self.fetch(sql, params, read).await
    }

    /// Secrets of all organisations that have expired by this moment, longest ago first.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_expired_secrets(&self, now: Timestamp, limit: u32) -> Result<Vec<SecretRow>, StoreError> {
        self.fetch(
            concat!(
                "SELECT ",
                columns!(),
                " FROM secrets WHERE expires_at IS NOT NULL AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2"
            ),
            params![now.micros(), i64::from(limit)],
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

fn range_params(scope: Scope, range: SecretRange<'_>, limit: u32) -> Vec<Param> {
    let collection = scope.collection();
    // An imported id may be the nil or the highest UUID: the bounds lie outside.
    let below = range.below.map_or_else(|| vec![0xff; 17], |id| id.as_bytes().to_vec());
    let above = range.above.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
    params![
        collection.org().as_bytes(),
        collection.id_bytes(),
        above.as_slice(),
        below.as_slice(),
        i64::from(limit),
    ]
}

fn secret_params(scope: Scope, row: &SecretRow) -> Vec<Param> {
    let (collection, columns) = (scope.collection(), &row.columns);
    params![
        collection.org().as_bytes(),
        collection.id_bytes(),
        columns.id.as_bytes(),
        columns.version,
        &*columns.name,
        columns.kind.as_deref(),
        columns.created_at.micros(),
        columns.created_by.as_bytes(),
        columns.updated_at.map(Timestamp::micros),
        columns.updated_by.as_bytes(),
        columns.value_version,
        columns.value_hash.as_slice(),
        columns.value_updated_at.map(Timestamp::micros),
        columns.value_updated_by.as_ref().map(PrincipalId::as_bytes),
        columns.ttl_seconds,
        columns.expires_at.map(Timestamp::micros),
        columns.key_generation,
        row.details.as_slice(),
        row.names_models.then_some(1_i64),
    ]
}

/// A row whose columns are not of the form they were written in is given all the same, without details:
/// it does not open, and one damaged row does not take a whole list with it.
fn read_secret(row: &Row<'_>) -> Result<SecretRow, StoreError> {
    let org = row.id(0, OrgId::from_slice)?;
    let collection = match row.id(1, ProjectId::from_slice)? {
        id if id.as_bytes() == org.as_bytes() => Collection::Org(org),
        project => Collection::Project(org, project),
    };
    let id = row.id(2, SecretId::from_slice)?;
    // By its version it can still be deleted.
    let unreadable = || unreadable(collection, id, row.int(3).unwrap_or_default());
    Ok(read_columns(row, collection, id).unwrap_or_else(|_| unreadable()))
}

fn read_columns(row: &Row<'_>, collection: Collection, id: SecretId) -> Result<SecretRow, StoreError> {
    let moment = |micros: Option<i64>| micros.map(Timestamp::from_micros);
    Ok(SecretRow {
        columns: SecretColumns {
            collection,
            id,
            version: row.int(3)?,
            name: row.text(4)?,
            kind: row.opt_text(5)?,
            created_at: Timestamp::from_micros(row.int(6)?),
            created_by: row.id(7, ApiKeyId::from_slice)?,
            updated_at: moment(row.opt_int(8)?),
            updated_by: row.id(9, ApiKeyId::from_slice)?,
            value_version: row.int(10)?,
            value_hash: row.blob(11)?,
            value_updated_at: moment(row.opt_int(12)?),
            value_updated_by: row.opt_id(13, PrincipalId::from_slice)?,
            ttl_seconds: row.opt_int(14)?,
            expires_at: moment(row.opt_int(15)?),
            key_generation: row.int(16)?,
        },
        details: row.blob(17)?,
        names_models: match row.opt_int(18)? {
            None => false,
            Some(1) => true,
            Some(_) => return Err(StoreError::Malformed("names_models")),
        },
    })
}

fn unreadable(collection: Collection, id: SecretId, version: i64) -> SecretRow {
    SecretRow {
        columns: SecretColumns {
            collection,
            id,
            version,
            name: Box::default(),
            kind: None,
            created_at: Timestamp::from_micros(0),
            created_by: ApiKeyId::MIN,
            updated_at: None,
            updated_by: ApiKeyId::MIN,
            value_version: 0,
            value_hash: Vec::new(),
            value_updated_at: None,
            value_updated_by: None,
            ttl_seconds: None,
            expires_at: None,
            key_generation: 0,
        },
        details: Vec::new(),
        names_models: true,
    }
}
