//! Audit events in their chains.

use std::net::IpAddr;

use keyholt_types::{
    Action, ApiKeyId, AuditEvent, AuditRecord, ChainId, EventId, OrgId, Outcome, PrincipalId, RequestId,
    Subject, SubjectKind, Timestamp,
};

use crate::changes::{Needs, Statement};
use crate::param::{Row, params};
use crate::{OrgScope, Store, StoreError};

/// A record with the generation of the ring key that its MAC's key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAuditRecord {
    /// The record.
    pub record: AuditRecord,
    /// The ring key's generation.
    pub ring_generation: i64,
}

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

macro_rules! columns {
    () => {
        "chain_id, seq, id, at, org_id, request_id, api_key_id, principal_id, address, action, subject_kind, \
         subject_id, subject_name, outcome, ring_generation, mac"
    };
}

/// The statement that adds a record at its place in a chain.
pub(crate) fn insert_record(stored: &StoredAuditRecord) -> Statement {
    let AuditRecord { chain, seq, event, mac } = &stored.record;
    let address = event.address.map(|address| address.to_string());
    Statement {
        sql: concat!(
            "INSERT INTO audit_events (",
            columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
        ),
        params: params![
            chain.as_bytes(),
            *seq,
            event.id.as_bytes(),
            event.at.micros(),
            event.org.as_ref().map(OrgId::as_bytes),
            event.request.as_ref().map(RequestId::as_bytes),
            event.api_key.as_ref().map(ApiKeyId::as_bytes),
            event.principal.as_ref().map(PrincipalId::as_bytes),
            address.as_deref(),
            event.action.word(),
            event.subject.kind.word(),
            event.subject.id.as_bytes(),
            &*event.subject.name,
            event.outcome.word(),
            stored.ring_generation,
            mac.as_slice(),
        ],
        needs: Needs::Any,
    }
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

fn read_record(row: &Row<'_>) -> Result<StoredAuditRecord, StoreError> {
    let address = row.opt_text(8)?;
    let address = address.map(|text| text.parse::<IpAddr>().map_err(|_| StoreError::Malformed("address")));
    let event = AuditEvent {
        id: row.id(2, EventId::from_slice)?,
        at: Timestamp::from_micros(row.int(3)?),
        org: row.opt_id(4, OrgId::from_slice)?,
        request: row.opt_id(5, RequestId::from_slice)?,
        api_key: row.opt_id(6, ApiKeyId::from_slice)?,
        principal: row.opt_id(7, PrincipalId::from_slice)?,
        address: address.transpose()?,
        action: Action::parse(&row.text(9)?).ok_or(StoreError::Malformed("action"))?,
        subject: Subject {
            kind: SubjectKind::parse(&row.text(10)?).ok_or(StoreError::Malformed("subject"))?,
            id: row.id(11, EventId::from_slice)?.uuid(),
            name: row.text(12)?,
        },
        outcome: Outcome::parse(&row.text(13)?).ok_or(StoreError::Malformed("outcome"))?,
    };
    let record =
        AuditRecord { chain: row.id(0, ChainId::from_slice)?, seq: row.int(1)?, event, mac: row.blob(15)? };
    Ok(StoredAuditRecord { record, ring_generation: row.int(14)? })
}
