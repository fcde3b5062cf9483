//! An audit record as it is stored.

use std::net::IpAddr;

use keyholt_types::{
    Action, ApiKeyId, AuditEvent, AuditRecord, ChainId, EventId, OrgId, Outcome, PrincipalId, RequestId,
    Subject, SubjectKind, Timestamp,
};

use crate::StoreError;
use crate::changes::{Needs, Statement};
use crate::param::{Row, params};

/// A record with the generation of the ring key that its MAC's key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAuditRecord {
    /// The record.
    pub record: AuditRecord,
    /// The ring key's generation.
    pub ring_generation: i64,
}

/// The columns in the order that [`read_record`] reads and [`insert_record`] writes.
macro_rules! columns {
    () => {
        "chain_id, seq, id, at, org_id, request_id, api_key_id, principal_id, address, action, subject_kind, \
         subject_id, subject_name, outcome, ring_generation, mac, count"
    };
}

pub(crate) use columns;

/// The statement that adds a record at its place in a chain.
pub(crate) fn insert_record(stored: &StoredAuditRecord) -> Statement {
    let AuditRecord { chain, seq, event, mac } = &stored.record;
    let address = event.address.map(|address| address.to_string());
    Statement {
        sql: concat!(
            "INSERT INTO audit_events (",
            columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
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
            i64::from(event.count),
        ],
        needs: Needs::Any,
    }
}

/// Reads what [`insert_record`] writes.
pub(crate) fn read_record(row: &Row<'_>) -> Result<StoredAuditRecord, StoreError> {
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
        count: u32::try_from(row.int(16)?).map_err(|_| StoreError::Malformed("count"))?,
    };
    let record =
        AuditRecord { chain: row.id(0, ChainId::from_slice)?, seq: row.int(1)?, event, mac: row.blob(15)? };
    Ok(StoredAuditRecord { record, ring_generation: row.int(14)? })
}
