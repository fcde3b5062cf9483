//! Memberships: what a principal may do in an organisation at most.

use keyholt_types::{OrgId, PrincipalId, Rights, Timestamp};

use super::principals::{principal_columns, read_principal};
use super::range::ordered;
use crate::changes::{Changes, Needs};
use crate::param::{Param, Row, params};
use crate::{IdRange, OrgScope, PrincipalRow, Store, StoreError, Unmet};

/// A principal's membership in an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipRow {
    /// The organisation.
    pub org: OrgId,
    /// The principal.
    pub principal: PrincipalId,
    /// What it may do there at most.
    pub rights: Rights,
    /// Since when it may do nothing there, until it is taken back in.
    pub suspended_at: Option<Timestamp>,
    /// When it became a member.
    pub created_at: Timestamp,
    /// The row's version, 1 at first.
    pub version: i64,
}

impl MembershipRow {
    /// What it may do there now.
    #[must_use]
    pub fn effective(&self) -> Rights {
        if self.suspended_at.is_some() { Rights::NONE } else { self.rights }
    }
}

/// A member of an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Who.
    pub principal: PrincipalRow,
    /// As what.
    pub membership: MembershipRow,
}

macro_rules! membership_columns {
    () => {
        "m.org_id, m.principal_id, m.rights, m.suspended_at, m.created_at, m.version"
    };
}

macro_rules! members {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            membership_columns!(),
            ", ",
            principal_columns!(),
            " FROM memberships m JOIN principals p ON p.id = m.principal_id WHERE ",
            $condition
        )
    };
}

impl Changes {
    /// Makes a principal a member; [`Unmet::Taken`] when it is one.
    pub fn insert_membership(self, row: &MembershipRow) -> Self {
        self.push(
            "INSERT INTO memberships (org_id, principal_id, rights, suspended_at, created_at, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            params![
                row.org.as_bytes(),
                row.principal.as_bytes(),
                row.rights.bits(),
                row.suspended_at.map(Timestamp::micros),
                row.created_at.micros(),
                row.version,
            ],
            Needs::OneRow { none: Unmet::Taken },
        )
    }

    /// Writes rights and suspension of a membership of the version before; [`Unmet::Stale`] when it is of
    /// another, or of a membership that began anew.
    pub fn update_membership(self, row: &MembershipRow) -> Self {
        self.push(
            "UPDATE memberships SET rights = ?3, suspended_at = ?4, version = ?5
             WHERE org_id = ?1 AND principal_id = ?2 AND version = ?6 AND created_at = ?7",
            params![
                row.org.as_bytes(),
                row.principal.as_bytes(),
                row.rights.bits(),
                row.suspended_at.map(Timestamp::micros),
                row.version,
                row.version - 1,
                row.created_at.micros(),
            ],
            Needs::OneRow { none: Unmet::Stale },
        )
    }

    /// Ends a membership of this version; [`Unmet::Stale`] when it is of another.
    pub fn delete_membership(self, row: &MembershipRow) -> Self {
        self.push(
            "DELETE FROM memberships WHERE org_id = ?1 AND principal_id = ?2 AND version = ?3 AND created_at = ?4",
            params![row.org.as_bytes(), row.principal.as_bytes(), row.version, row.created_at.micros()],
            Needs::OneRow { none: Unmet::Stale },
        )
    }
}

impl Store {
    /// A principal's memberships, in order of the organisations' ids.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_memberships(&self, principal: PrincipalId) -> Result<Vec<MembershipRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            membership_columns!(),
            " FROM memberships m WHERE m.principal_id = ?1 ORDER BY m.org_id"
        );
        self.fetch(sql, params![principal.as_bytes()], read_membership).await
    }

    /// A member of an organisation.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_member(
        &self,
        scope: OrgScope,
        principal: PrincipalId,
    ) -> Result<Option<MemberRow>, StoreError> {
        let sql = members!("m.org_id = ?1 AND m.principal_id = ?2");
        self.fetch_one(sql, params![scope.org().as_bytes(), principal.as_bytes()], read_member).await
    }

    /// Members of an organisation in a range of principals.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_members(
        &self,
        scope: OrgScope,
        range: IdRange<PrincipalId>,
        limit: u32,
    ) -> Result<Vec<MemberRow>, StoreError> {
        let sql = ordered!(
            range,
            members!("m.org_id = ?1 AND m.principal_id > ?2 AND m.principal_id < ?3"),
            "m.principal_id",
            "LIMIT ?4"
        );
        let [above, below] = range.bounds(PrincipalId::as_bytes);
        let params = vec![Param::from(scope.org().as_bytes()), above, below, Param::Int(i64::from(limit))];
        self.fetch(sql, params, read_member).await
    }
}

fn read_membership(row: &Row<'_>) -> Result<MembershipRow, StoreError> {
    Ok(MembershipRow {
        org: row.id(0, OrgId::from_slice)?,
        principal: row.id(1, PrincipalId::from_slice)?,
        rights: super::api_keys::read_rights(row, 2)?,
        suspended_at: row.opt_int(3)?.map(Timestamp::from_micros),
        created_at: Timestamp::from_micros(row.int(4)?),
        version: row.int(5)?,
    })
}

fn read_member(row: &Row<'_>) -> Result<MemberRow, StoreError> {
    Ok(MemberRow { membership: read_membership(row)?, principal: read_principal(row, 6)? })
}
