//! API keys.

use keyholt_types::{ApiKeyId, OrgId, PrincipalId, ProjectId, Restrictions, Rights, Timestamp};

use super::range::ordered;
use crate::changes::{Changes, Needs};
use crate::param::{Param, Row, params};
use crate::{IdRange, OrgScope, Store, StoreError, Unmet};

/// Of how many API keys the grants are asked for at once, so that a page of them does not cost the way to a shared
/// database for each.
const GRANTS_AT_ONCE: usize = 64;

/// An API key: never its text, only a MAC of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: ApiKeyId,
    /// MAC of its text under a key that is not in the database.
    pub mac: Vec<u8>,
    /// Generation of the ring key that MAC and proof come from.
    pub ring_generation: i64,
    /// The principal it stands for.
    pub principal: PrincipalId,
    /// The organisation of its project.
    pub project_org: OrgId,
    /// Its project.
    pub project: ProjectId,
    /// Its name.
    pub name: Box<str>,
    /// Its first characters.
    pub shown: Box<str>,
    /// Whether it bears the operator's mark.
    pub operator: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The API key that made it.
    pub created_by: Option<ApiKeyId>,
    /// When it ceases to be valid.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// What narrows it.
    pub restrictions: Restrictions,
    /// The API key that made it, when it is a credential for a short time, which ends with that one.
    pub parent: Option<ApiKeyId>,
    /// The only model that it may be used for.
    pub model: Option<Box<str>>,
    /// MAC over everything that decides what the key may do.
    pub proof: Vec<u8>,
    /// The row's version, 1 at first.
    pub version: i64,
    /// Its organisations and the rights there, in order of their ids.
    pub grants: Vec<(OrgId, Rights)>,
    /// When it was last used, as far as that has been written down; not covered by the proof.
    pub last_used_at: Option<Timestamp>,
}

/// An API key that was looked for by its MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NearApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whether it is the one; else it is its neighbour.
    pub is_its: bool,
}

impl Changes {
    /// Adds an API key with its grants; [`Unmet::Taken`] when there is one of the same text.
    pub fn insert_api_key(mut self, row: &ApiKeyRow) -> Self {
        self = self.push(
            "INSERT INTO api_keys (id, mac, ring_generation, principal_id, project_org_id, project_id, name, shown,
                 operator, created_at, created_by, expires_at, revoked_at, proof, version, restrictions,
                 parent_id, model)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) ON CONFLICT DO NOTHING",
            params![
                row.id.as_bytes(),
                row.mac.as_slice(),
                row.ring_generation,
                row.principal.as_bytes(),
                row.project_org.as_bytes(),
                row.project.as_bytes(),
                &*row.name,
                &*row.shown,
                i64::from(row.operator),
                row.created_at.micros(),
                row.created_by.as_ref().map(ApiKeyId::as_bytes),
                row.expires_at.map(Timestamp::micros),
                row.revoked_at.map(Timestamp::micros),
                row.proof.as_slice(),
                row.version,
                row.restrictions.to_stored().as_str(),
                row.parent.as_ref().map(ApiKeyId::as_bytes),
                row.model.as_deref(),
            ],
            Needs::OneRow { none: Unmet::Taken },
        );
        for (org, rights) in &row.grants {
            self = self.push(
                "INSERT INTO api_key_grants (org_id, api_key_id, rights) VALUES (?1, ?2, ?3)",
                params![org.as_bytes(), row.id.as_bytes(), rights.bits()],
                Needs::OneRow { none: Unmet::Taken },
            );
        }
        self
    }

    /// Goes on only in an organisation where no key is valid at this moment that has all of these rights, as
    /// far as its principal's membership has them; [`Unmet::Taken`] where there is one. Of two such changes one
    /// comes after the other.
    pub fn require_no_api_key_with(self, org: OrgId, rights: Rights, now: Timestamp) -> Self {
        // The first statement holds the row until the end, so that the second sees what others did.
        self.push(
            "UPDATE orgs SET version = version + 1 WHERE id = ?1",
            params![org.as_bytes()],
            Needs::OneRow { none: Unmet::Stale },
        )
        .push(
            "UPDATE orgs SET version = version WHERE id = ?1 AND NOT EXISTS (
                 SELECT 1 FROM api_key_grants g JOIN api_keys k ON k.id = g.api_key_id
                   JOIN memberships m ON m.org_id = g.org_id AND m.principal_id = k.principal_id
                 WHERE g.org_id = ?1 AND (g.rights & m.rights & ?2) = ?2 AND m.suspended_at IS NULL
                   AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?3))",
            params![org.as_bytes(), rights.bits(), now.micros()],
            Needs::OneRow { none: Unmet::Taken },
        )
    }

    /// Goes on only where so many API keys of this name stand for a principal that are not revoked, expired ones too,
    /// but no credentials for a short time; [`Unmet::Stale`] where it is another number. Of two such changes one comes
    /// after the other.
    pub fn require_namesakes(self, principal: PrincipalId, name: &str, count: usize) -> Self {
        // The first statement holds the row until the end, so that the second sees what others did.
        self.push(
            "UPDATE principals SET version = version WHERE id = ?1",
            params![principal.as_bytes()],
            Needs::OneRow { none: Unmet::Stale },
        )
        .push(
            "UPDATE principals SET version = version WHERE id = ?1 AND (
                 SELECT count(*) FROM api_keys
                 WHERE principal_id = ?1 AND name = ?2 AND revoked_at IS NULL AND parent_id IS NULL) = ?3",
            params![principal.as_bytes(), name, i64::try_from(count).unwrap_or(i64::MAX)],
            Needs::OneRow { none: Unmet::Stale },
        )
    }

    /// Revokes an API key of the version before; [`Unmet::Stale`] when it is of another.
    pub fn revoke_api_key(self, row: &ApiKeyRow) -> Self {
        self.push(
            "UPDATE api_keys SET revoked_at = ?2, proof = ?3, version = ?4 WHERE id = ?1 AND version = ?5",
            params![
                row.id.as_bytes(),
                row.revoked_at.map(Timestamp::micros),
                row.proof.as_slice(),
                row.version,
                row.version - 1,
            ],
            Needs::OneRow { none: Unmet::Stale },
        )
    }
}

macro_rules! key_columns {
    () => {
        "k.id, k.mac, k.ring_generation, k.principal_id, k.project_org_id, k.project_id, k.name, k.shown, \
         k.operator, k.created_at, k.created_by, k.expires_at, k.revoked_at, k.proof, k.version, k.restrictions, \
         u.last_used_at, k.parent_id, k.model"
    };
}

impl Store {
    /// The API key whose text has this MAC, revoked or expired ones too; where there is none, the one with the next
    /// MAC, and after the last the first. None when there are no API keys at all.
    ///
    /// Every MAC takes the same work, and leads to a row that is as likely to be at hand as any other.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_api_key_near(&self, mac: &[u8]) -> Result<Option<NearApiKey>, StoreError> {
        // Three columns, none of which is looked up only where another one is null.
        let sql = "SELECT (SELECT id FROM api_keys WHERE mac >= ?1 ORDER BY mac LIMIT 1),
                          (SELECT id FROM api_keys ORDER BY mac LIMIT 1),
                          (SELECT COUNT(*) FROM api_keys WHERE mac = ?1)";
        let near = |row: &Row<'_>| {
            let (next, first) = (row.opt_id(0, ApiKeyId::from_slice)?, row.opt_id(1, ApiKeyId::from_slice)?);
            let is_its = row.int(2)? != 0;
            Ok(next.or(first).map(|id| NearApiKey { id, is_its }))
        };
        Ok(self.fetch_one(sql, params![mac], near).await?.flatten())
    }

    /// Whether there is an API key whose text has this MAC, neither revoked nor expired at this moment. Reads one
    /// row, be it that one or the next, so that what it takes tells nothing.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn has_standing_api_key(&self, mac: &[u8], now: Timestamp) -> Result<bool, StoreError> {
        let sql = "SELECT mac = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)
                   FROM api_keys WHERE mac >= ?1 ORDER BY mac LIMIT 1";
        let stands = self.fetch_one(sql, params![mac, now.micros()], |row| row.int(0)).await?;
        Ok(stands == Some(1))
    }

    /// An API key by its id. Not bound to an organisation: who may know of it follows from its grants.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_api_key(&self, id: ApiKeyId) -> Result<Option<ApiKeyRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            key_columns!(),
            " FROM api_keys k LEFT JOIN api_key_uses u ON u.api_key_id = k.id WHERE k.id = ?1"
        );
        let Some(mut row) = self.fetch_one(sql, params![id.as_bytes()], read_api_key).await? else {
            return Ok(None);
        };
        row.grants = self.list_grants(row.id).await?;
        Ok(Some(row))
    }

    async fn list_grants(&self, id: ApiKeyId) -> Result<Vec<(OrgId, Rights)>, StoreError> {
        self.fetch(
            "SELECT org_id, rights FROM api_key_grants WHERE api_key_id = ?1 ORDER BY org_id",
            params![id.as_bytes()],
            |row| Ok((row.id(0, OrgId::from_slice)?, read_rights(row, 1)?)),
        )
        .await
    }

    /// An organisation's API keys of a range, revoked and expired ones too, but no credentials for a short time.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_api_keys(
        &self,
        scope: OrgScope,
        range: IdRange<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ApiKeyRow>, StoreError> {
        let sql = ordered!(
            range,
            concat!(
                "SELECT ",
                key_columns!(),
                " FROM api_key_grants g JOIN api_keys k ON k.id = g.api_key_id \
                 LEFT JOIN api_key_uses u ON u.api_key_id = k.id \
                 WHERE g.org_id = ?1 AND g.api_key_id > ?2 AND g.api_key_id < ?3 AND k.parent_id IS NULL"
            ),
            "g.api_key_id",
            "LIMIT ?4"
        );
        let [above, below] = range.bounds(ApiKeyId::as_bytes);
        let params = vec![Param::from(scope.org().as_bytes()), above, below, Param::Int(i64::from(limit))];
        self.list_api_keys_where(sql, params).await
    }

    /// A principal's API keys, oldest first, revoked and expired ones too, but no credentials for a short time. Not
    /// bound to an organisation.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_api_keys_of(&self, principal: PrincipalId) -> Result<Vec<ApiKeyRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            key_columns!(),
            " FROM api_keys k LEFT JOIN api_key_uses u ON u.api_key_id = k.id WHERE k.principal_id = ?1 \
             AND k.parent_id IS NULL ORDER BY k.id"
        );
        self.list_api_keys_where(sql, params![principal.as_bytes()]).await
    }

    async fn list_api_keys_where(
        &self,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<Vec<ApiKeyRow>, StoreError> {
        let mut rows = self.fetch(sql, params, read_api_key).await?;
        for together in rows.chunks_mut(GRANTS_AT_ONCE) {
            let grants = together.iter().map(|row| self.list_grants(row.id));
            let grants = futures_util::future::try_join_all(grants).await?;
            together.iter_mut().zip(grants).for_each(|(row, grants)| row.grants = grants);
        }
        Ok(rows)
    }
}

pub(super) fn read_rights(row: &Row<'_>, column: usize) -> Result<Rights, StoreError> {
    Rights::from_bits(row.int(column)?).ok_or(StoreError::Malformed("rights"))
}

fn read_api_key(row: &Row<'_>) -> Result<ApiKeyRow, StoreError> {
    Ok(ApiKeyRow {
        id: row.id(0, ApiKeyId::from_slice)?,
        mac: row.blob(1)?,
        ring_generation: row.int(2)?,
        principal: row.id(3, PrincipalId::from_slice)?,
        project_org: row.id(4, OrgId::from_slice)?,
        project: row.id(5, ProjectId::from_slice)?,
        name: row.text(6)?,
        shown: row.text(7)?,
        operator: row.int(8)? != 0,
        created_at: Timestamp::from_micros(row.int(9)?),
        created_by: row.opt_id(10, ApiKeyId::from_slice)?,
        expires_at: row.opt_int(11)?.map(Timestamp::from_micros),
        revoked_at: row.opt_int(12)?.map(Timestamp::from_micros),
        proof: row.blob(13)?,
        version: row.int(14)?,
        restrictions: Restrictions::from_stored(&row.text(15)?).ok_or(StoreError::Malformed("restrictions"))?,
        last_used_at: row.opt_int(16)?.map(Timestamp::from_micros),
        parent: row.opt_id(17, ApiKeyId::from_slice)?,
        model: row.opt_text(18)?,
        grants: Vec::new(),
    })
}
