//! Audit events in their chains.

use keyholt_types::{ChainId, EventId};

use crate::audit_record::{StoredAuditRecord, columns, read_record};
use crate::param::{Row, params};
use crate::{OrgScope, Store, StoreError};

/// A record that is not of the form that records are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnreadableRecord {
    /// Its chain.
    pub chain: ChainId,
    /// Its place there.
    pub seq: i64,
}

/// The newest events, from which the highest id ever given away can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// The highest id among them.
    pub highest_id: EventId,
}

impl Store {
    /// The highest id among the newest events of the newest chains; none in an empty store. Looks at
    /// more events than can be on their way at once, since these may be out of order.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_audit_head(&self) -> Result<Option<AuditHead>, StoreError> {
        let newest = self
            .fetch(
                "SELECT id FROM audit_events ORDER BY chain_id DESC, seq DESC LIMIT 8192",
                params![],
                |row| row.id(0, EventId::from_slice),
            )
            .await?;
        Ok(newest.into_iter().max().map(|highest_id| AuditHead { highest_id }))
    }

    /// An organisation's events below an id, newest first.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_audit_events(
        &self,
        scope: OrgScope,
        below: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<StoredAuditRecord>, StoreError> {
        let below = below.map_or_else(|| vec![0xff; 17], |id| id.as_bytes().to_vec());
        self.fetch(
            concat!(
                "SELECT ",
                columns!(),
                " FROM audit_events WHERE org_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
            ),
            params![scope.org().as_bytes(), below.as_slice(), i64::from(limit)],
            read_record,
        )
        .await
    }

    /// Events of no organisation, of the installation as a whole, below an id, newest first.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_deployment_audit_events(
        &self,
        below: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<StoredAuditRecord>, StoreError> {
        let below = below.map_or_else(|| vec![0xff; 17], |id| id.as_bytes().to_vec());
        self.fetch(
            concat!(
                "SELECT ",
                columns!(),
                " FROM audit_events WHERE org_id IS NULL AND id < ?1 ORDER BY id DESC LIMIT ?2"
            ),
            params![below.as_slice(), i64::from(limit)],
            read_record,
        )
        .await
    }

    /// Records of all chains after a place, in the order of chains and places; also the places of those
    /// that cannot be read.
    ///
    /// # Errors
    /// When the storage is unavailable or a place is not as it was written.
    pub async fn list_audit_records(
        &self,
        after: Option<(ChainId, i64)>,
        limit: u32,
    ) -> Result<Vec<Result<StoredAuditRecord, UnreadableRecord>>, StoreError> {
        let read = |row: &Row<'_>| {
            let (chain, seq) = (row.id(0, ChainId::from_slice)?, row.int(1)?);
            Ok(read_record(row).map_err(|_| UnreadableRecord { chain, seq }))
        };
        let (chain, seq) = after.unwrap_or((ChainId::MIN, i64::MIN));
        self.fetch(
            concat!(
                "SELECT ",
                columns!(),
                " FROM audit_events WHERE (chain_id, seq) > (?1, ?2) ORDER BY chain_id, seq LIMIT ?3"
            ),
            params![chain.as_bytes(), seq, i64::from(limit)],
            read,
        )
        .await
    }
}
