//! Opening every secret of a store, in memory and in turn, to see whether it can be opened, and used.

use std::collections::HashMap;

use keyholt_crypto::{Kek, Keyring, RootKeyProvider, WrappedKek, value_hash};
use keyholt_store::{IdRange, OrgRow, OrgScope, Scope, SecretHead, SecretRange, Store, StoreError};
use keyholt_types::{OrgId, SecretId, SecretValue};

use crate::authorise::server_scope;
use crate::open::open_keyring;
use crate::providers::{self, ProviderType, Unfit};
use crate::{OpenRefused, SecretView, unusable};

/// Rows read at a time.
const BATCH: u32 = 500;

/// How many secrets of each kind are named; more are only counted.
const NAMED: usize = 100;

/// What an inspection found.
#[derive(Debug, Default)]
pub struct Inspection {
    /// Organisations that were looked at.
    pub orgs: u64,
    /// Secrets that were looked at.
    pub secrets: u64,
    /// Values that open, with the earlier versions that are kept.
    pub values: u64,
    /// Those among them that do not open.
    pub locked: u64,
    /// The first hundred of these.
    pub named: Vec<LockedSecret>,
    /// Secrets for providers that open, and are left out all the same when values are used or resolved.
    pub unusable: u64,
    /// The first hundred of these.
    pub named_unusable: Vec<UnusableSecret>,
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

/// A secret that is left out when values are used or resolved.
#[derive(Debug)]
pub struct UnusableSecret {
    /// Its id.
    pub id: SecretId,
    /// Its name.
    pub name: Box<str>,
    /// The name of its organisation.
    pub org: Box<str>,
    /// Why.
    pub reason: Unfit,
}

/// Opens the record and the value of every secret, beside a server or without one; changes nothing.
///
/// For the operator at the disk, who holds the root key: it asks for no caller.
///
/// # Errors
/// When the root key does not open the store's keys, or the database does not answer.
pub async fn inspect(store: &Store, root_key: &dyn RootKeyProvider) -> Result<Inspection, OpenRefused> {
    let Some(deployment) = store.find_deployment().await? else { return Ok(Inspection::default()) };
    let keyring = open_keyring(store, root_key, &deployment).await?;
    Ok(inspect_secrets(store, &keyring, &mut |_| {}).await?)
}

/// As [`inspect`], with the keys opened before; tells of the secrets looked at.
pub(crate) async fn inspect_secrets(
    store: &Store,
    keyring: &Keyring,
    watch: &mut (dyn FnMut(u64) + Send),
) -> Result<Inspection, StoreError> {
    let mut found = Inspection::default();
    let mut range: IdRange<OrgId> = IdRange::default();
    loop {
        let orgs = store.list_orgs(range, BATCH).await?;
        let Some(last) = orgs.last() else { return Ok(found) };
        range.below = Some(last.id);
        for org in &orgs {
            found.orgs += 1;
            let scope = server_scope(org.id);
            let keks = open_keks(store, keyring, scope).await?;
            for collection in store.list_collections(scope).await? {
                inspect_collection(store, &keks, org, collection, &mut found, watch).await?;
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
    watch: &mut (dyn FnMut(u64) + Send),
) -> Result<(), StoreError> {
    let mut above: Option<SecretId> = None;
    loop {
        let range = SecretRange { above, below: None, kind: None };
        let heads = store.list_secret_heads(collection, range, BATCH).await?;
        let Some(last) = heads.last() else { return Ok(()) };
        above = Some(last.id);
        watch(found.secrets);
        for SecretHead { id, .. } in heads {
            found.secrets += 1;
            match opened(store, keks, collection, id).await? {
                Opened::Fully(secret, value) => {
                    let kept = open_earlier_values(store, keks, collection, &secret).await?;
                    found.values += kept.opened + u64::from(value.is_some());
                    if kept.locked > 0 {
                        found.lock(id, org, "an earlier version of the value does not open");
                        continue;
                    }
                    let Some(reason) = reason_against(&secret, value.as_ref()) else { continue };
                    found.unusable += 1;
                    if found.named_unusable.len() < NAMED {
                        let (name, org) = (secret.columns.name, org.name.clone());
                        found.named_unusable.push(UnusableSecret { id, name, org, reason });
                    }
                }
                Opened::Deleted => {}
                Opened::Not(problem) => found.lock(id, org, problem),
            }
        }
    }
}

impl Inspection {
    fn lock(&mut self, id: SecretId, org: &OrgRow, problem: &'static str) {
        self.locked += 1;
        if self.named.len() < NAMED {
            self.named.push(LockedSecret { id, org: org.name.clone(), problem });
        }
    }
}

/// What became of opening the versions of a value before the one of now.
#[derive(Default)]
struct Kept {
    opened: u64,
    locked: u64,
}

async fn open_earlier_values(
    store: &Store,
    keks: &HashMap<i64, Kek>,
    collection: Scope,
    secret: &SecretView,
) -> Result<Kept, StoreError> {
    let (id, now) = (secret.columns.id, secret.columns.value_version);
    let mut kept = Kept::default();
    for version in store.list_value_versions(collection, id).await? {
        if version == now {
            continue;
        }
        match store.find_value(collection, id, version).await {
            // An earlier version may be sealed under an earlier key.
            Ok(Some(value)) if keks.values().any(|kek| kek.open_value(id, version, &value.value).is_ok()) => {
                kept.opened += 1;
            }
            // A newer one than the record's was written meanwhile.
            Ok(Some(_)) if version > now && has_moved_on(store, collection, secret).await? => {}
            Ok(Some(_)) | Err(StoreError::Malformed(_)) => kept.locked += 1,
            // Erased meanwhile.
            Ok(None) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(kept)
}

async fn has_moved_on(store: &Store, collection: Scope, secret: &SecretView) -> Result<bool, StoreError> {
    let now = store.find_secret(collection, secret.columns.id).await?;
    Ok(now.is_none_or(|row| row.columns.version != secret.columns.version))
}

/// What became of opening a secret.
enum Opened {
    /// It opens, with its value if it has one.
    Fully(Box<SecretView>, Option<SecretValue>),
    /// It was deleted or replaced meanwhile.
    Deleted,
    /// It does not open, and why.
    Not(&'static str),
}

async fn opened(
    store: &Store,
    keks: &HashMap<i64, Kek>,
    collection: Scope,
    id: SecretId,
) -> Result<Opened, StoreError> {
    let row = match store.find_secret(collection, id).await {
        Ok(Some(row)) => row,
        Ok(None) => return Ok(Opened::Deleted),
        Err(StoreError::Malformed(_)) => return Ok(Opened::Not("the record is malformed")),
        Err(other) => return Err(other),
    };
    let columns = row.columns;
    let Some(kek) = keks.get(&columns.key_generation) else {
        return Ok(Opened::Not("the organisation's key does not open"));
    };
    let Ok(details) = kek.open_details(&columns, &row.details) else {
        return Ok(Opened::Not("the record does not open"));
    };
    if columns.value_version == 0 {
        return Ok(Opened::Fully(Box::new(SecretView { columns, details }), None));
    }
    match store.find_value(collection, id, columns.value_version).await {
        Ok(Some(value)) if value_hash(&value.value).as_slice() != columns.value_hash => {
            Ok(Opened::Not("the value is not the record's"))
        }
        Ok(Some(value)) => Ok(match kek.open_value(id, value.version, &value.value) {
            Ok(value) => Opened::Fully(Box::new(SecretView { columns, details }), Some(value)),
            Err(_) => Opened::Not("the value does not open"),
        }),
        Ok(None) => without_a_value(store, collection, id, columns.version).await,
        Err(StoreError::Malformed(_)) => Ok(Opened::Not("the value is malformed")),
        Err(other) => Err(other),
    }
}

/// A value that is not there is a fault, unless a server replaced it between the two reads.
async fn without_a_value(
    store: &Store,
    collection: Scope,
    id: SecretId,
    version: i64,
) -> Result<Opened, StoreError> {
    let now = store.find_secret(collection, id).await?;
    let is_the_same = now.is_some_and(|row| row.columns.version == version);
    Ok(if is_the_same { Opened::Not("the value is missing") } else { Opened::Deleted })
}

/// Why a secret that is for a provider is left out. One whose type is no provider's is for something else, unless the
/// type is only written in another case.
fn reason_against(secret: &SecretView, value: Option<&SecretValue>) -> Option<Unfit> {
    let kind = secret.columns.kind.as_deref()?;
    if !ProviderType::ALL.iter().any(|provider| provider.word().eq_ignore_ascii_case(kind)) {
        return None;
    }
    let by_value = || {
        let provider = ProviderType::parse(kind)?;
        providers::check_value(provider, secret.details.metadata.as_ref(), value).err()
    };
    unusable(secret).or_else(by_value)
}
