//! An audit chain: each record's MAC covers the record before.

use keyholt_types::{AuditEvent, AuditRecord, ChainId};

use crate::audit_record::{StoredAuditRecord, insert_record};
use crate::changes::{ChainStart, Statement};

/// Where an audit chain stands.
#[derive(Clone)]
pub(crate) struct Chain {
    id: ChainId,
    start: ChainStart,
    seq: i64,
    mac: Vec<u8>,
}

impl Chain {
    /// A chain without a record.
    pub(crate) fn begin(start: ChainStart) -> Self {
        Self { id: (start.make_id)(), start, seq: 0, mac: vec![0; 32] }
    }

    /// Goes one record on: the statement that adds it.
    pub(crate) fn append(&mut self, event: AuditEvent) -> Statement {
        self.seq += 1;
        let mac = (self.start.step)(&self.mac, &event.canonical_bytes(self.id, self.seq)).to_vec();
        self.mac.clone_from(&mac);
        let record = AuditRecord { chain: self.id, seq: self.seq, event, mac };
        insert_record(&StoredAuditRecord { record, ring_generation: self.start.ring_generation })
    }
}
