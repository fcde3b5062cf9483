//! Verifying a whole store: with the root key everything that is sealed or proven, without it what can be seen.

use std::fmt::Write;

use keyholt_crypto::{Keyring, RootKeyProvider, WrappedKek};
use keyholt_store::{IdRange, Store, StoreError};
use keyholt_types::{ApiKeyId, OrgId};

use crate::audit_chains::verify_chains;
use crate::authorise::server_scope;
use crate::identity::proof_bytes;
use crate::inspect::inspect_secrets;
use crate::open::open_keyring;
use crate::{AuditVerdict, OpenRefused};

/// Rows read at a time.
const BATCH: u32 = 500;

/// How many faults are named; more are only counted.
const NAMED: usize = 100;

/// What a verification found.
#[derive(Debug)]
pub struct Verification {
    /// What was opened with the root key; nothing was without one.
    pub opened: Option<OpenedRows>,
    /// The audit log. Without the root key only the order of its records was looked at.
    pub audit: AuditVerdict,
    /// How many things are wrong.
    pub faults: u64,
    /// The first hundred of these, a line each.
    pub named: Vec<String>,
}

/// What was opened and proven, each with its faults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenedRows {
    /// Organisations.
    pub orgs: u64,
    /// Organisations' keys.
    pub org_keys: u64,
    /// API keys, with revoked ones and credentials for a short time.
    pub api_keys: u64,
    /// Secrets.
    pub secrets: u64,
    /// Values, with the earlier versions that are kept.
    pub values: u64,
}

/// What a verification looks at, with how much of it was seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyProgress {
    /// The file itself.
    File,
    /// The audit log.
    AuditEvents(u64),
    /// API keys.
    ApiKeys(u64),
    /// Secrets.
    Secrets(u64),
}

/// Checks that a root key is the one that a store is sealed under. True in an empty store.
///
/// # Errors
/// When it is not, or the database does not answer.
pub async fn check_root_key(store: &Store, root_key: &dyn RootKeyProvider) -> Result<(), OpenRefused> {
    match store.find_deployment().await? {
        Some(deployment) => open_keyring(store, root_key, &deployment).await.map(drop),
        None => Ok(()),
    }
}

/// Verifies a whole store, beside a server or without one; changes nothing. With the root key every secret, every version
/// of a value and every organisation's key is opened in memory, every API key's proof and the MAC of every audit record is
/// checked. Without it: the file, what refers to what, the order of the audit log.
///
/// For the operator at the disk: it asks for no caller.
///
/// # Errors
/// When the root key is not the store's, the store is an unfinished copy, or the database does not answer.
pub async fn verify(
    store: &Store,
    root_key: Option<&dyn RootKeyProvider>,
    watch: &mut (dyn FnMut(VerifyProgress) + Send),
) -> Result<Verification, OpenRefused> {
    if store.find_unfinished_copy().await?.is_some() {
        return Err(OpenRefused::UnfinishedCopy);
    }
    let mut faults = Faults::default();
    watch(VerifyProgress::File);
    for line in store.check_integrity().await? {
        faults.add(|text| write!(text, "the file is damaged: {line}"));
    }
    for (table, count) in store.count_loose_rows().await? {
        faults.add(|text| write!(text, "{count} rows of {table} refer to rows that are not there"));
    }
    let keyring = match (root_key, store.find_deployment().await?) {
        (Some(root_key), Some(deployment)) => Some(open_keyring(store, root_key, &deployment).await?),
        (Some(_), None) | (None, _) => None,
    };
    let audit =
        verify_chains(store, keyring.as_ref(), &mut |events| watch(VerifyProgress::AuditEvents(events)))
            .await?;
    if let Some(bad) = &audit.first_bad {
        faults.add(|text| write!(text, "audit record {} of chain {} is {}", bad.seq, bad.chain, bad.problem));
    }
    let opened = match &keyring {
        Some(keyring) => Some(open_rows(store, keyring, &mut faults, watch).await?),
        None => None,
    };
    Ok(Verification { opened, audit, faults: faults.count, named: faults.named })
}

#[derive(Default)]
struct Faults {
    count: u64,
    named: Vec<String>,
}

impl Faults {
    fn add(&mut self, line: impl FnOnce(&mut String) -> std::fmt::Result) {
        self.count += 1;
        if self.named.len() < NAMED {
            let mut text = String::new();
            // Writing to a string cannot fail.
            let _written = line(&mut text);
            self.named.push(text);
        }
    }
}

async fn open_rows(
    store: &Store,
    keyring: &Keyring,
    faults: &mut Faults,
    watch: &mut (dyn FnMut(VerifyProgress) + Send),
) -> Result<OpenedRows, StoreError> {
    let org_keys = open_org_keys(store, keyring, faults).await?;
    let api_keys = prove_api_keys(store, keyring, faults, watch).await?;
    let found = inspect_secrets(store, keyring, &mut |count| watch(VerifyProgress::Secrets(count))).await?;
    for locked in &found.named {
        faults.add(|text| write!(text, "secret {} of {}: {}", locked.id, locked.org, locked.problem));
    }
    faults.count += found.locked - found.named.len() as u64;
    Ok(OpenedRows { orgs: found.orgs, org_keys, api_keys, secrets: found.secrets, values: found.values })
}

async fn open_org_keys(store: &Store, keyring: &Keyring, faults: &mut Faults) -> Result<u64, StoreError> {
    let mut range: IdRange<OrgId> = IdRange::default();
    let mut count = 0;
    loop {
        let orgs = store.list_orgs(range, BATCH).await?;
        let Some(last) = orgs.last() else { return Ok(count) };
        range.below = Some(last.id);
        for org in &orgs {
            for row in store.list_org_keys(server_scope(org.id)).await? {
                count += 1;
                let (generation, ring_generation) = (row.generation, row.ring_generation);
                let wrapped = WrappedKek { generation, ring_generation, wrapped: row.wrapped };
                if keyring.unwrap_kek(org.id, &wrapped).is_err() {
                    faults.add(|text| write!(text, "key {generation} of {} does not open", org.name));
                }
            }
        }
    }
}

async fn prove_api_keys(
    store: &Store,
    keyring: &Keyring,
    faults: &mut Faults,
    watch: &mut (dyn FnMut(VerifyProgress) + Send),
) -> Result<u64, StoreError> {
    let mut above: Option<ApiKeyId> = None;
    let mut count = 0;
    loop {
        let ids = store.list_api_key_ids(above, BATCH).await?;
        let Some(last) = ids.last() else { return Ok(count) };
        above = Some(*last);
        watch(VerifyProgress::ApiKeys(count));
        for id in ids {
            count += 1;
            match store.find_api_key(id).await {
                Ok(Some(row))
                    if keyring.verify_api_key_proof(row.ring_generation, &proof_bytes(&row), &row.proof) => {}
                Ok(Some(_)) if is_in_change(store, keyring, id).await? => {}
                Ok(Some(_)) => faults.add(|text| write!(text, "API key {id} is not as it was written")),
                Err(StoreError::Malformed(_)) => faults.add(|text| write!(text, "API key {id} is malformed")),
                // Erased meanwhile.
                Ok(None) => {}
                Err(other) => return Err(other),
            }
        }
    }
}

/// Whether a row that was not proven is so when it is read again: beside a server, key and grants are read one after the
/// other, and may be of two moments.
async fn is_in_change(store: &Store, keyring: &Keyring, id: ApiKeyId) -> Result<bool, StoreError> {
    let again = store.find_api_key(id).await?;
    Ok(again
        .is_none_or(|row| keyring.verify_api_key_proof(row.ring_generation, &proof_bytes(&row), &row.proof)))
}
