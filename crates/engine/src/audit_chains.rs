//! Proving that the audit log is as it was written.

use keyholt_crypto::Keyring;
use keyholt_store::{Store, StoreError, StoredAuditRecord};
use keyholt_types::{AuditRecord, ChainId};

use crate::{AuditVerdict, BadAuditRecord};

/// How many records are read at a time.
const BATCH: u32 = 500;

/// How far the verification of a chain has come.
struct Walk {
    chain: ChainId,
    seq: i64,
    mac: Vec<u8>,
}

/// Reads the whole audit log up to the first record that is missing or changed; tells of the records read. Without the
/// keys only missing ones are noticed. Records cut off at a chain's end are found only against an exported head.
///
/// # Errors
/// When the storage is unavailable.
pub(crate) async fn verify_chains(
    store: &Store,
    keyring: Option<&Keyring>,
    watch: &mut (dyn FnMut(u64) + Send),
) -> Result<AuditVerdict, StoreError> {
    let mut verdict = AuditVerdict { chains: 0, events: 0, first_bad: None };
    let mut walk: Option<Walk> = None;
    loop {
        let after = walk.as_ref().map(|walk| (walk.chain, walk.seq));
        let records = store.list_audit_records(after, BATCH).await?;
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
                    verdict.first_bad = Some(BadAuditRecord { chain, seq: before.seq + 1, problem: "missing" });
                }
                Ok(stored) if keyring.is_none_or(|keyring| is_genuine(keyring, &stored, &before)) => {
                    walk = Some(Walk { chain, seq, mac: stored.record.mac });
                    continue;
                }
                Ok(_) | Err(_) => verdict.first_bad = Some(BadAuditRecord { chain, seq, problem: "changed" }),
            }
            return Ok(verdict);
        }
        watch(verdict.events);
        // Others get their turn between batches of a long log.
        tokio::task::yield_now().await;
    }
}

fn is_genuine(keyring: &Keyring, stored: &StoredAuditRecord, before: &Walk) -> bool {
    let AuditRecord { chain, seq, event, mac } = &stored.record;
    let key = keyring.audit_key(stored.ring_generation);
    key.is_some_and(|key| key.verify(&before.mac, &event.canonical_bytes(*chain, *seq), mac))
}
