//! Organisations, projects, principals, API keys.

use keyholt_types::{ApiKeyId, OrgId, PrincipalId, ProjectId, Rights, Timestamp};

use crate::changes::{Changes, Needs};
use crate::param::{Param, Row, params};
use crate::{OrgScope, Store, StoreError, Unmet};

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

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRow {
    /// Its organisation.
    pub org: OrgId,
    /// Its id.
    pub id: ProjectId,
    /// Its name, unique in the organisation.
    pub name: Box<str>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A user or a service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalRow {
    /// Its id.
    pub id: PrincipalId,
    /// `user` or `service_account`.
    pub kind: &'static str,
    /// Its name.
    pub name: Box<str>,
    /// When it was made.
    pub created_at: Timestamp,
}

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
    /// MAC over everything that decides what the key may do.
    pub proof: Vec<u8>,
    /// The row's version, 1 at first.
    pub version: i64,
    /// Its organisations and the rights there, in order of their ids.
    pub grants: Vec<(OrgId, Rights)>,
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

    /// Adds a project; [`Unmet::Taken`] when its name is another's.
    pub fn insert_project(self, row: &ProjectRow) -> Self {
        self.push(
            "INSERT INTO projects (org_id, id, name, created_at, version) VALUES (?1, ?2, ?3, ?4, 1)
             ON CONFLICT DO NOTHING",
            params![row.org.as_bytes(), row.id.as_bytes(), &*row.name, row.created_at.micros()],
            Needs::OneRow { none: Unmet::Taken },
        )
    }

    /// Adds a principal as a member of organisations, with these rights there.
    pub fn insert_principal(mut self, row: &PrincipalRow, memberships: &[(OrgId, Rights)]) -> Self {
        self = self.push(
            "INSERT INTO principals (id, kind, name, created_at, version) VALUES (?1, ?2, ?3, ?4, 1)",
            params![row.id.as_bytes(), row.kind, &*row.name, row.created_at.micros()],
            Needs::OneRow { none: Unmet::Taken },
        );
        for (org, rights) in memberships {
            self = self.push(
                "INSERT INTO memberships (org_id, principal_id, rights, created_at, version)
                 VALUES (?1, ?2, ?3, ?4, 1)",
                params![org.as_bytes(), row.id.as_bytes(), rights.bits(), row.created_at.micros()],
                Needs::OneRow { none: Unmet::Taken },
            );
        }
        self
    }

    /// Adds an API key with its grants; [`Unmet::Taken`] when there is one of the same text.
    pub fn insert_api_key(mut self, row: &ApiKeyRow) -> Self {
        self = self.push(
            "INSERT INTO api_keys (id, mac, ring_generation, principal_id, project_org_id, project_id, name, shown,
                 operator, created_at, created_by, expires_at, revoked_at, proof, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT DO NOTHING",
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

    /// Goes on only in an organisation where no key is valid at this moment that has all of these
    /// rights; [`Unmet::Taken`] where there is one. Of two such changes one comes after the other.
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
                 WHERE g.org_id = ?1 AND (g.rights & ?2) = ?2 AND k.revoked_at IS NULL
                   AND (k.expires_at IS NULL OR k.expires_at > ?3))",
            params![org.as_bytes(), rights.bits(), now.micros()],
            Needs::OneRow { none: Unmet::Taken },
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
         k.operator, k.created_at, k.created_by, k.expires_at, k.revoked_at, k.proof, k.version"
    };
}

impl Store {
    /// The API key whose text has this MAC, revoked and expired ones too.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_api_key_by_mac(&self, mac: &[u8]) -> Result<Option<ApiKeyRow>, StoreError> {
        let sql = concat!("SELECT ", key_columns!(), " FROM api_keys k WHERE k.mac = ?1");
        self.find_api_key_where(sql, params![mac]).await
    }

    /// An API key by its id. Not bound to an organisation: who may know of it follows from its grants.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_api_key(&self, id: ApiKeyId) -> Result<Option<ApiKeyRow>, StoreError> {
        let sql = concat!("SELECT ", key_columns!(), " FROM api_keys k WHERE k.id = ?1");
        self.find_api_key_where(sql, params![id.as_bytes()]).await
    }

    async fn find_api_key_where(
        &self,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<Option<ApiKeyRow>, StoreError> {
        let Some(mut row) = self.fetch_one(sql, params, read_api_key).await? else { return Ok(None) };
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

    /// An organisation's API keys below an id, newest first.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_api_keys(
        &self,
        scope: OrgScope,
        below: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ApiKeyRow>, StoreError> {
        let below = below.map_or_else(|| vec![0xff; 17], |id| id.as_bytes().to_vec());
        let mut rows = self
            .fetch(
                concat!(
                    "SELECT ",
                    key_columns!(),
                    " FROM api_key_grants g JOIN api_keys k ON k.id = g.api_key_id \
                     WHERE g.org_id = ?1 AND g.api_key_id < ?2 ORDER BY g.api_key_id DESC LIMIT ?3"
                ),
                params![scope.org().as_bytes(), below.as_slice(), i64::from(limit)],
                read_api_key,
            )
            .await?;
        for row in &mut rows {
            row.grants = self.list_grants(row.id).await?;
        }
        Ok(rows)
    }

    /// An organisation by its id.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_org(&self, id: OrgId) -> Result<Option<OrgRow>, StoreError> {
        let sql = "SELECT id, name, created_at FROM orgs WHERE id = ?1";
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
        self.fetch_one("SELECT id, name, created_at FROM orgs WHERE name = ?1", params![name], read_org).await
    }

    /// Organisations below an id, newest first.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_orgs(&self, below: Option<OrgId>, limit: u32) -> Result<Vec<OrgRow>, StoreError> {
        let below = below.map_or_else(|| vec![0xff; 17], |id| id.as_bytes().to_vec());
        self.fetch(
            "SELECT id, name, created_at FROM orgs WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
            params![below.as_slice(), i64::from(limit)],
            read_org,
        )
        .await
    }

    /// A project by its id.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_project(&self, scope: OrgScope, id: ProjectId) -> Result<Option<ProjectRow>, StoreError> {
        let sql = "SELECT org_id, id, name, created_at FROM projects WHERE org_id = ?1 AND id = ?2";
        self.fetch_one(sql, params![scope.org().as_bytes(), id.as_bytes()], read_project).await
    }

    /// A project by its name. A name with a NUL character is nobody's.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_project_named(
        &self,
        scope: OrgScope,
        name: &str,
    ) -> Result<Option<ProjectRow>, StoreError> {
        if name.contains('\0') {
            return Ok(None);
        }
        let sql = "SELECT org_id, id, name, created_at FROM projects WHERE org_id = ?1 AND name = ?2";
        self.fetch_one(sql, params![scope.org().as_bytes(), name], read_project).await
    }
}

fn read_rights(row: &Row<'_>, column: usize) -> Result<Rights, StoreError> {
    Rights::from_bits(row.int(column)?).ok_or(StoreError::Malformed("rights"))
}

fn read_org(row: &Row<'_>) -> Result<OrgRow, StoreError> {
    Ok(OrgRow {
        id: row.id(0, OrgId::from_slice)?,
        name: row.text(1)?,
        created_at: Timestamp::from_micros(row.int(2)?),
    })
}

fn read_project(row: &Row<'_>) -> Result<ProjectRow, StoreError> {
    Ok(ProjectRow {
        org: row.id(0, OrgId::from_slice)?,
        id: row.id(1, ProjectId::from_slice)?,
        name: row.text(2)?,
        created_at: Timestamp::from_micros(row.int(3)?),
    })
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
        grants: Vec::new(),
    })
}
