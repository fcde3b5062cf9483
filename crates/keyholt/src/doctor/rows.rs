//! Every secret: whether its record opens, and its value.

use std::collections::HashMap;

use keyholt_crypto::{Kek, Keyring, WrappedKek};
use keyholt_store::{OrgRow, OrgScope, Scope, SecretRange, Store, StoreError};
use keyholt_types::{OrgId, SecretId};

use super::finding::Finding;
use super::store::unreadable;

/// Rows read at a time.
const BATCH: u32 = 500;

/// How many locked secrets are named; more are only counted.
const NAMED: usize = 100;

#[derive(Default)]
struct Count {
    secrets: u64,
    locked: Vec<Finding>,
}

/// Opens every secret in memory, in turn, and names those that do not open.
pub(super) async fn examine(store: &Store, keyring: &Keyring) -> Vec<Finding> {
    let mut count = Count::default();
    if let Err(problem) = walk(store, keyring, &mut count).await {
        count.locked.push(unreadable(&problem));
        return count.locked;
    }
    let locked = count.locked.len();
    let mut findings = vec![match locked {
        0 => Finding::ok("secrets", format!("all {} open", count.secrets)),
        _ => Finding::fail("secrets", format!("{locked} of {} are locked", count.secrets)),
    }];
    findings.extend(count.locked.into_iter().take(NAMED));
    findings
}

async fn walk(store: &Store, keyring: &Keyring, count: &mut Count) -> Result<(), StoreError> {
    let mut below: Option<OrgId> = None;
    loop {
        let orgs = store.list_orgs(below, BATCH).await?;
        let Some(last) = orgs.last() else { return Ok(()) };
        below = Some(last.id);
        for org in &orgs {
            #[expect(
                clippy::disallowed_methods,
                reason = "AUTHORISE: the operator at the disk, who holds the root key"
            )]
            let scope = OrgScope::authorised(org.id);
            let keks = open_keks(store, keyring, scope).await?;
            for collection in store.list_collections(scope).await? {
                walk_collection(store, &keks, org, collection, count).await?;
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

async fn walk_collection(
    store: &Store,
    keks: &HashMap<i64, Kek>,
    org: &OrgRow,
    collection: Scope,
    count: &mut Count,
) -> Result<(), StoreError> {
    let mut above: Option<SecretId> = None;
    loop {
        let range = SecretRange { above, below: None, kind: None };
        let ids = store.list_secret_ids(collection, range, BATCH).await?;
        let Some(last) = ids.last() else { return Ok(()) };
        above = Some(*last);
        for id in ids {
            count.secrets += 1;
            if let Some(problem) = problem_with(store, keks, collection, id).await? {
                let message =
                    format!("{problem} (secret {id} of {}): write it again, or restore a backup", org.name);
                count.locked.push(Finding::fail("locked", message));
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
