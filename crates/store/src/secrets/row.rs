//! A secret's row and a value's, as they are stored.

use keyholt_types::{
    ApiKeyId, Collection, EncryptedValue, OrgId, PrincipalId, ProjectId, SecretColumns, SecretId, Timestamp,
};

use crate::param::{Param, Row, params};
use crate::{Scope, StoreError};

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

/// The columns of `secrets` in the order that [`read_secret`] reads and [`secret_params`] writes.
macro_rules! columns {
    () => {
        "org_id, collection_id, id, version, name, kind, created_at, created_by, updated_at, updated_by, \
         value_version, value_hash, value_updated_at, value_updated_by, ttl_seconds, expires_at, \
         key_generation, details, names_models"
    };
}

pub(super) use columns;

/// The parameters of a statement that writes a row, in the order of the columns.
pub(super) fn secret_params(scope: Scope, row: &SecretRow) -> Vec<Param> {
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
pub(super) fn read_secret(row: &Row<'_>) -> Result<SecretRow, StoreError> {
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
