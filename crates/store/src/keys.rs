//! The installation and its wrapped keys.

use keyholt_types::{DeploymentId, OrgId, Timestamp};

use crate::changes::{Changes, Needs};
use crate::param::{Row, params};
use crate::{OrgScope, Store, StoreError, Unmet};

/// The installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRow {
    /// Its id.
    pub id: DeploymentId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Sealed under the root key: opens with the right one only.
    pub check_value: Vec<u8>,
}

/// A ring key, wrapped by the root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingKeyRow {
    /// Its generation, counted from 1.
    pub generation: i64,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An organisation's key, wrapped by a ring key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgKeyRow {
    /// The organisation.
    pub org: OrgId,
    /// Its generation in the organisation, counted from 1.
    pub generation: i64,
    /// The generation of the ring key that wraps it.
    pub ring_generation: i64,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Changes {
    /// Makes the installation; refused as [`Unmet::Taken`] when there is one, or one is being copied here.
    pub fn insert_deployment(self, row: &DeploymentRow, ring: &RingKeyRow) -> Self {
        self.push(
            "INSERT INTO deployment (id, created_at, check_value) SELECT ?1, ?2, ?3
             WHERE NOT EXISTS (SELECT 1 FROM deployment) AND NOT EXISTS (SELECT 1 FROM unfinished_copies)",
            params![row.id.as_bytes(), row.created_at.micros(), row.check_value.as_slice()],
            Needs::OneRow { none: Unmet::Taken },
        )
        .push(
            "INSERT INTO ring_keys (generation, wrapped, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![ring.generation, ring.wrapped.as_slice(), ring.created_at.micros()],
            Needs::OneRow { none: Unmet::Taken },
        )
    }

    /// Adds a generation of an organisation's key.
    pub fn insert_org_key(self, row: &OrgKeyRow) -> Self {
        self.push(
            "INSERT INTO org_keys (org_id, generation, ring_generation, wrapped, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            params![
                row.org.as_bytes(),
                row.generation,
                row.ring_generation,
                row.wrapped.as_slice(),
                row.created_at.micros(),
            ],
            Needs::OneRow { none: Unmet::Taken },
        )
    }
}

impl Store {
    /// The installation; none in an empty store.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_deployment(&self) -> Result<Option<DeploymentRow>, StoreError> {
        let read = |row: &Row<'_>| {
            Ok(DeploymentRow {
                id: row.id(0, DeploymentId::from_slice)?,
                created_at: Timestamp::from_micros(row.int(1)?),
                check_value: row.blob(2)?,
            })
        };
        self.fetch_one("SELECT id, created_at, check_value FROM deployment", params![], read).await
    }

    /// All ring keys, oldest first.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_ring_keys(&self) -> Result<Vec<RingKeyRow>, StoreError> {
        let read = |row: &Row<'_>| {
            Ok(RingKeyRow {
                generation: row.int(0)?,
                wrapped: row.blob(1)?,
                created_at: Timestamp::from_micros(row.int(2)?),
            })
        };
        let sql = "SELECT generation, wrapped, created_at FROM ring_keys ORDER BY generation";
        self.fetch(sql, params![], read).await
    }

    /// All generations of an organisation's key, oldest first.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_org_keys(&self, scope: OrgScope) -> Result<Vec<OrgKeyRow>, StoreError> {
        let read = |row: &Row<'_>| {
            Ok(OrgKeyRow {
                org: row.id(0, OrgId::from_slice)?,
                generation: row.int(1)?,
                ring_generation: row.int(2)?,
                wrapped: row.blob(3)?,
                created_at: Timestamp::from_micros(row.int(4)?),
            })
        };
        let sql = "SELECT org_id, generation, ring_generation, wrapped, created_at
                   FROM org_keys WHERE org_id = ?1 ORDER BY generation";
        self.fetch(sql, params![scope.org().as_bytes()], read).await
    }
}
