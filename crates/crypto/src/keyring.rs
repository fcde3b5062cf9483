//! The ring of keys of a deployment: what everything else is reached through.

use std::fmt;

use keyholt_memory::{LockedBytes, LockedPool};
use keyholt_types::{DeploymentId, OrgId};

use crate::aad::Place;
use crate::derive::{KEY_BYTES, Key, Use, derive};
use crate::seal::{key_id_of, open, open_key, seal};
use crate::{Kek, KeyringError, OpenError, RootKeyProvider, SealError, random};

/// The plaintext of the check value; its sense is in being opened.
const CHECK: &[u8] = b"keyholt/v1 check";

/// A ring key as the store holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrappedRingKey {
    /// Its generation, from 1.
    pub generation: i64,
    /// The key, wrapped by the root key.
    pub wrapped: Vec<u8>,
}

/// An organisation's key as the store holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrappedKek {
    /// Its generation, from 1.
    pub generation: i64,
    /// The generation of the ring key that wraps it.
    pub ring_generation: i64,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
}

/// All ring keys of a deployment, opened. The newest is the primary one: new organisation keys are
/// wrapped by it. Prints without the keys.
pub struct Keyring {
    deployment: DeploymentId,
    /// The newest one.
    primary: RingKey,
    /// The others, newest first.
    earlier: Vec<RingKey>,
    pool: LockedPool<KEY_BYTES>,
}

pub(crate) struct RingKey {
    pub(crate) generation: i64,
    key: LockedBytes<KEY_BYTES>,
    pub(crate) credential_key: LockedBytes<KEY_BYTES>,
    pub(crate) identity_key: LockedBytes<KEY_BYTES>,
    audit_key: LockedBytes<KEY_BYTES>,
}

impl RingKey {
    fn new(
        pool: &LockedPool<KEY_BYTES>,
        generation: i64,
        key: LockedBytes<KEY_BYTES>,
    ) -> Result<Self, SealError> {
        let derived = |usage| pool.fill(|slot| derive(key.as_bytes(), usage, slot));
        Ok(Self {
            generation,
            credential_key: derived(Use::Credential)?,
            identity_key: derived(Use::Identity)?,
            audit_key: derived(Use::Audit)?,
            key,
        })
    }
}

impl Keyring {
    /// Makes the first ring key of a new deployment. Gives the opened ring, the key as it is to be
    /// stored, and a sealed check value that [`open`](Self::open) wants to see again.
    ///
    /// # Errors
    /// When the root key does not wrap, or there are no random numbers.
    pub fn create(
        root: &dyn RootKeyProvider,
        deployment: DeploymentId,
    ) -> Result<(Self, WrappedRingKey, Vec<u8>), KeyringError> {
        let pool = LockedPool::new();
        let generation = 1;
        let key = pool.fill(|slot| random::fill(slot))?;
        let wrapped = root.wrap(&Place::of_ring_key(deployment, generation).aad(), key.as_bytes())?;
        let check = Place::of_check(deployment, generation);
        let check = seal(key.as_bytes(), check.key_generation(), &check.aad(), CHECK)?;
        let primary = RingKey::new(&pool, generation, key)?;
        let ring = Self { deployment, primary, earlier: Vec::new(), pool };
        Ok((ring, WrappedRingKey { generation, wrapped }, check))
    }

    /// Opens the ring of a deployment: all ring keys, in any order, and the check value.
    ///
    /// # Errors
    /// When there is no ring key, one of them does not open (which with a wrong root key none does), or the
    /// check value does not, which means that the rings are another deployment's.
    pub fn open(
        root: &dyn RootKeyProvider,
        deployment: DeploymentId,
        rings: &[WrappedRingKey],
        check: &[u8],
    ) -> Result<Self, KeyringError> {
        let pool = LockedPool::new();
        let mut opened = rings
            .iter()
            .map(|ring| unwrap_ring_key(root, &pool, deployment, ring))
            .collect::<Result<Vec<_>, _>>()?;
        opened.sort_by_key(|ring| ring.generation);
        let primary = opened.pop().ok_or(KeyringError::NoRingKey)?;
        opened.reverse();
        let ring = Self { deployment, primary, earlier: opened, pool };
        ring.verify_check(check).map_err(KeyringError::Check)?;
        Ok(ring)
    }

    /// The deployment whose ring this is.
    #[must_use]
    pub fn deployment(&self) -> DeploymentId {
        self.deployment
    }

    /// The generation of the newest ring key.
    #[must_use]
    pub fn primary_generation(&self) -> i64 {
        self.primary.generation
    }

    /// Makes a new key for an organisation; gives it opened and as it is to be stored.
    ///
    /// # Errors
    /// When there are no random numbers, or the library refuses.
    pub fn make_kek(&self, org: OrgId, generation: i64) -> Result<(Kek, WrappedKek), SealError> {
        let key = self.pool.fill(|slot| random::fill(slot))?;
        let ring_generation = self.primary.generation;
        let aad = Place::of_org_key(self.deployment, org, generation, ring_generation).aad();
        let wrapped = seal(self.primary.key.as_bytes(), ring_generation, &aad, key.as_bytes())?;
        let kek = self.kek(org, generation, key)?;
        Ok((kek, WrappedKek { generation, ring_generation, wrapped }))
    }

    /// Opens an organisation's key.
    ///
    /// # Errors
    /// [`OpenError::WrongKey`] also when the ring key that wraps it is not in the ring.
    pub fn unwrap_kek(&self, org: OrgId, wrapped: &WrappedKek) -> Result<Kek, OpenError> {
        let WrappedKek { generation, ring_generation, ref wrapped } = *wrapped;
        let ring = self.ring_key(ring_generation).ok_or(OpenError::WrongKey)?;
        let aad = Place::of_org_key(self.deployment, org, generation, ring_generation).aad();
        let key = self.pool.fill(|slot| open_key(ring.key.as_bytes(), ring_generation, &aad, wrapped, slot))?;
        self.kek(org, generation, key).map_err(|_| OpenError::Damaged)
    }

    /// The key of the audit chains that were begun under this ring key; none when it is not in the ring.
    #[must_use]
    pub fn audit_key(&self, ring_generation: i64) -> Option<crate::AuditKey> {
        let ring = self.ring_key(ring_generation)?;
        Some(crate::AuditKey::new(self.pool.store(ring.audit_key.as_bytes())))
    }

    /// The ring keys, newest first.
    pub(crate) fn ring_keys(&self) -> impl Iterator<Item = &RingKey> {
        std::iter::once(&self.primary).chain(&self.earlier)
    }

    pub(crate) fn ring_key(&self, generation: i64) -> Option<&RingKey> {
        self.ring_keys().find(|ring| ring.generation == generation)
    }

    fn kek(&self, org: OrgId, generation: i64, key: LockedBytes<KEY_BYTES>) -> Result<Kek, SealError> {
        let details_key = self.pool.fill(|slot| derive(key.as_bytes(), Use::Details, slot))?;
        Ok(Kek { deployment: self.deployment, org, generation, key, details_key })
    }

    fn verify_check(&self, check: &[u8]) -> Result<(), OpenError> {
        let ring = self.ring_key(key_id_of(check)?).ok_or(OpenError::WrongKey)?;
        let place = Place::of_check(self.deployment, ring.generation);
        let opened = open(ring.key.as_bytes(), place.key_generation(), &place.aad(), check)?;
        if opened.as_slice() == CHECK { Ok(()) } else { Err(OpenError::Damaged) }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({}, generation {})", self.deployment, self.primary.generation)
    }
}

fn unwrap_ring_key(
    root: &dyn RootKeyProvider,
    pool: &LockedPool<KEY_BYTES>,
    deployment: DeploymentId,
    ring: &WrappedRingKey,
) -> Result<RingKey, KeyringError> {
    let generation = ring.generation;
    let bytes = root.unwrap(&Place::of_ring_key(deployment, generation).aad(), &ring.wrapped)?;
    let bytes: &Key = bytes.as_slice().try_into().map_err(|_| KeyringError::NotAKey { generation })?;
    Ok(RingKey::new(pool, generation, pool.store(bytes))?)
}
