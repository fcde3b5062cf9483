//! Reading the audit log, and proving that it is as it was written.

use keyholt_store::StoredAuditRecord;
use keyholt_types::{AuditRecord, Caller, ChainId, EventId};

use crate::authorise::{Operation, all_orgs, operator};
use crate::{AuditVerdict, BadAuditRecord, Engine, Error, OrgChoice, PageRequest};

/// How many records are read at a time.
const BATCH: u32 = 500;

/// How far the verification of a chain has come.
struct Walk {
    chain: ChainId,
    seq: i64,
    mac: Vec<u8>,
}

impl Engine {
    /// Lists audit events of the caller's organisations, newest first.
    ///
    /// # Errors
    /// When the caller may not administer.
    pub async fn list_audit(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        page: PageRequest<EventId>,
    ) -> Result<Vec<AuditRecord>, Error> {
        let mut records: Vec<AuditRecord> = Vec::new();
        for scope in all_orgs(caller, org, Operation::ReadAudit)? {
            let found = self.store.list_audit_events(scope, page.starting_after, page.limit).await;
            records.extend(found.map_err(|error| self.fault(&error))?.into_iter().map(|stored| stored.record));
        }
        records.sort_by_key(|record| std::cmp::Reverse(record.event.id));
        records.truncate(page.limit as usize);
        Ok(records)
    }

    /// Reads the whole audit log of the installation and checks that no record is missing or changed.
    /// Records cut off at a chain's end are found only against an exported head.
    ///
    /// # Errors
    /// When the caller is no operator, or the storage is unavailable.
    pub async fn verify_audit(&self, caller: &Caller) -> Result<AuditVerdict, Error> {
        operator(caller)?;
        let mut verdict = AuditVerdict { chains: 0, events: 0, first_bad: None };
        let mut walk: Option<Walk> = None;
        loop {
            let after = walk.as_ref().map(|walk| (walk.chain, walk.seq));
            let records = self.store.list_audit_records(after, BATCH).await;
            let records = records.map_err(|error| self.fault(&error))?;
            if records.is_empty() {
                return Ok(verdict);
            }
            for stored in records {
                let (chain, seq) = match &stored {
                    Ok(stored) => (stored.record.chain, stored.record.seq),
                    Err(unreadable) => (unreadable.chain, unreadable.seq),
                };
                let before = match walk.take() {
                    Some(walk) if walk.chain == chain => walk,
                    _ => {
                        verdict.chains += 1;
                        Walk { chain, seq: 0, mac: vec![0; 32] }
                    }
                };
                verdict.events += 1;
                match stored {
                    _ if seq > before.seq + 1 => {
                        verdict.first_bad =
                            Some(BadAuditRecord { chain, seq: before.seq + 1, problem: "missing" });
                    }
                    Ok(stored) if self.is_genuine(&stored, &before) => {
                        walk = Some(Walk { chain, seq, mac: stored.record.mac });
                        continue;
                    }
                    Ok(_) | Err(_) => {
                        verdict.first_bad = Some(BadAuditRecord { chain, seq, problem: "changed" })
                    }
                }
                return Ok(verdict);
            }
            // Others get their turn between batches of a long log.
            tokio::task::yield_now().await;
        }
    }

    fn is_genuine(&self, stored: &StoredAuditRecord, before: &Walk) -> bool {
        let AuditRecord { chain, seq, event, mac } = &stored.record;
        let key = self.keyring.audit_key(stored.ring_generation);
        key.is_some_and(|key| key.verify(&before.mac, &event.canonical_bytes(*chain, *seq), mac))
    }
}
