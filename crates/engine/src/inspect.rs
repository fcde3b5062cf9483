//! Opening every secret of a store, in memory and in turn, to see whether it can be opened.

use std::collections::HashMap;

use keyholt_crypto::{Kek, Keyring, RootKeyProvider, WrappedKek, value_hash};
use keyholt_store::{IdRange, OrgRow, OrgScope, Scope, SecretHead, SecretRange, Store, StoreError};
use keyholt_types::{OrgId, SecretId};

use crate::OpenRefused;
use crate::authorise::server_scope;
use crate::open::open_keyring;

/// Rows read at a time.
const BATCH: u32 = 500;

/// How many locked secrets are named; more are only counted.
const NAMED: usize = 100;

/// What an inspection found.
#[derive(Debug, Default)]
pub struct Inspection {
    /// Secrets that were looked at.
    pub secrets: u64,
    /// Those among them that do not open.
    pub locked: u64,
    /// The first hundred of these.
    pub named: Vec<LockedSecret>,
}

/// A secret that does not open.
#[derive(Debug)]
pub struct LockedSecret {
    /// Its id.
    pub id: SecretId,
    /// The name of its organisation.
    pub org: Box<str>,
    /// What is wrong, such as `the value does not open`.
    pub problem: &'static str,
}

/// Opens the record and the value of every secret, beside a server or without one; changes nothing.
///
/// For the operator at the disk, who holds the root key: it asks for no caller.
///
/// # Errors
/// When the root key does not open the store's keys, or the database does not answer.
pub async fn inspect(store: &Store, root_key: &dyn RootKeyProvider) -> Result<Inspection, OpenRefused> {
    let mut found = Inspection::default();
    let Some(deployment) = store.find_deployment().await? else { return Ok(found) };
    let keyring = open_keyring(store, root_key, &deployment).await?;
    let mut range: IdRange<OrgId> = IdRange::default();
    loop {
        let orgs = store.list_orgs(range, BATCH).await?;
        let Some(last) = orgs.last() else { return Ok(found) };
        range.below = Some(last.id);
        for org in &orgs {
            let scope = server_scope(org.id);
            let keks = open_keks(store, &keyring, scope).await?;
            for collection in store.list_collections(scope).await? {
                inspect_collection(store, &keks, org, collection, &mut found).await?;
            }
        }
    }
}

/// The organisation's keys that open, by generation. The rows under others count as locked.
async fn open_keks(store: &Store, keyring: &Keyring, scope: OrgScope) -> Result<HashMap<i64, Kek>, StoreError> {
    let rows = store.list_org_keys(scope).await?;
    let opened = rows.into_iter().filter_map(|row| {
        let (generation, ring_generation) = (row.generation, row.ring_generation);
        let wrapped = WrappedKek { generation, ring_generation, wrapped: row.wrapped };
        keyring.unwrap_kek(scope.org(), &wrapped).ok().map(|kek| (generation, kek))
    });
    Ok(opened.collect())
}

async fn inspect_collection(
    store: &Store,
    keks: &HashMap<i64, Kek>,
    org: &OrgRow,
    collection: Scope,
    found: &mut Inspection,
) -> Result<(), StoreError> {
    let mut above: Option<SecretId> = None;
    loop {
        let range = SecretRange { above, below: None, kind: None };
        let heads = store.list_secret_heads(collection, range, BATCH).await?;
        let Some(last) = heads.last() else { return Ok(()) };
        above = Some(last.id);
        for SecretHead { id, .. } in heads {
            found.secrets += 1;
            let Some(problem) = problem_with(store, keks, collection, id).await? else { continue };
            found.locked += 1;
            if found.named.len() < NAMED {
                found.named.push(LockedSecret { id, org: org.name.clone(), problem });
            }
        }
    }
}

/// Why a secret does not open; none when it does, or was deleted meanwhile.
async fn problem_with(
    store: &Store,
    keks: &HashMap<i64, Kek>,
    collection: Scope,
    id: SecretId,
) -> Result<Option<&'static str>, StoreError> {
    let row = match store.find_secret(collection, id).await {
        Ok(Some(row)) => row,
        Ok(None) => return Ok(None),
        Err(StoreError::Malformed(_)) => return Ok(Some("the record is malformed")),
        Err(other) => return Err(other),
    };
    let columns = &row.columns;
    let Some(kek) = keks.get(&columns.key_generation) else {
        return Ok(Some("the organisation's key does not open"));
    };
    if kek.open_details(columns, &row.details).is_err() {
        return Ok(Some("the record does not open"));
    }
    if columns.value_version == 0 {
        return Ok(None);
    }
    match store.find_value(collection, id, columns.value_version).await {
        Ok(Some(value)) if value_hash(&value.value).as_slice() != columns.value_hash => {
            Ok(Some("the value is not the record's"))
        }
        Ok(Some(value)) if kek.open_value(id, value.version, &value.value).is_ok() => Ok(None),
        Ok(Some(_)) => Ok(Some("the value does not open")),
        Ok(None) => has_changed_since(store, collection, id, columns.version).await,
        Err(StoreError::Malformed(_)) => Ok(Some("the value is malformed")),
        Err(other) => Err(other),
    }
}

/// A value that is not there is a fault, unless a server replaced it between the two reads.
async fn has_changed_since(
    store: &Store,
    collection: Scope,
    id: SecretId,
    version: i64,
) -> Result<Option<&'static str>, StoreError> {
    let now = store.find_secret(collection, id).await?;
    Ok(now.is_some_and(|row| row.columns.version == version).then_some("the value is missing"))
}
