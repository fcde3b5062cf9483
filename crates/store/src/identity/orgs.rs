//! Organisations.

use keyholt_types::{OrgId, Timestamp};

use super::range::ordered;
use crate::changes::{Changes, Needs};
use crate::param::{Param, Row, params};
use crate::{IdRange, Store, StoreError, Unmet};

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgRow {
    /// Its id.
    pub id: OrgId,
    /// Its name, unique in the installation.
    pub name: Box<str>,
    /// When it was made.
    pub created_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, name, created_at"
    };
}

impl Changes {
    /// Adds an organisation; [`Unmet::Taken`] when its name is another's.
    pub fn insert_org(self, row: &OrgRow) -> Self {
        self.push(
            "INSERT INTO orgs (id, name, created_at, version) VALUES (?1, ?2, ?3, 1) ON CONFLICT DO NOTHING",
            params![row.id.as_bytes(), &*row.name, row.created_at.micros()],
            Needs::OneRow { none: Unmet::Taken },
        )
    }

    /// Gives an organisation of this name another one; [`Unmet::Stale`] when its name is no longer this,
    /// [`Unmet::Taken`] when the new one is another's.
    pub fn rename_org(self, present: &OrgRow, name: &str) -> Self {
        self.push(
            "UPDATE orgs SET name = ?3, version = version + 1 WHERE id = ?1 AND name = ?2",
            params![present.id.as_bytes(), &*present.name, name],
            Needs::OneRow { none: Unmet::Stale },
        )
    }
}

impl Store {
    /// An organisation by its id.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_org(&self, id: OrgId) -> Result<Option<OrgRow>, StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM orgs WHERE id = ?1");
        self.fetch_one(sql, params![id.as_bytes()], read_org).await
    }

    /// An organisation by its name. A name with a NUL character is nobody's.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_org_named(&self, name: &str) -> Result<Option<OrgRow>, StoreError> {
        if name.contains('\0') {
            return Ok(None);
        }
        let sql = concat!("SELECT ", columns!(), " FROM orgs WHERE name = ?1");
        self.fetch_one(sql, params![name], read_org).await
    }

    /// Organisations of a range.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_orgs(&self, range: IdRange<OrgId>, limit: u32) -> Result<Vec<OrgRow>, StoreError> {
        let sql = ordered!(
            range,
            concat!("SELECT ", columns!(), " FROM orgs WHERE id > ?1 AND id < ?2"),
            "id",
            "LIMIT ?3"
        );
        let [above, below] = range.bounds(OrgId::as_bytes);
        self.fetch(sql, vec![above, below, Param::Int(i64::from(limit))], read_org).await
    }
}

fn read_org(row: &Row<'_>) -> Result<OrgRow, StoreError> {
    Ok(OrgRow {
        id: row.id(0, OrgId::from_slice)?,
        name: row.text(1)?,
        created_at: Timestamp::from_micros(row.int(2)?),
    })
}
