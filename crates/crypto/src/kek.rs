//! Keys of organisations, and what they seal.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use keyholt_memory::LockedBytes;
use keyholt_types::{DeploymentId, Details, EncryptedValue, OrgId, SecretColumns, SecretId, SecretValue};
use zeroize::{Zeroize, Zeroizing};

use crate::aad::Place;
use crate::derive::{KEY_BYTES, Key};
use crate::seal::{open, open_key, seal};
use crate::{OpenError, SealError, details, random};

/// One generation of an organisation's key-encryption key, opened.
///
/// It wraps a Dek for each value and seals details blobs under a key derived from it. What it seals
/// opens only for the same deployment, organisation, secret and version. Prints without the key.
pub struct Kek {
    pub(crate) deployment: DeploymentId,
    pub(crate) org: OrgId,
    pub(crate) generation: i64,
    pub(crate) key: LockedBytes<KEY_BYTES>,
    pub(crate) details_key: LockedBytes<KEY_BYTES>,
}

impl Kek {
    /// Its generation, from 1.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// Seals one version of a secret's value under a Dek of its own.
    ///
    /// # Errors
    /// When there are no random numbers, or the library refuses.
    pub fn seal_value(
        &self,
        secret: SecretId,
        value_version: i64,
        value: &SecretValue,
    ) -> Result<EncryptedValue, SealError> {
        let mut dek: Zeroizing<Key> = Zeroizing::default();
        random::fill(&mut *dek)?;
        let wrapped_at = self.dek_place(secret, value_version);
        let sealed_at = Place::of_value(self.deployment, self.org, secret, value_version);
        #[expect(clippy::disallowed_methods, reason = "EXPOSE: here a value becomes ciphertext")]
        let plaintext = value.expose().as_bytes();
        Ok(EncryptedValue {
            wrapped_key: seal(self.key.as_bytes(), wrapped_at.key_generation(), &wrapped_at.aad(), &*dek)?,
            sealed: seal(&dek, sealed_at.key_generation(), &sealed_at.aad(), plaintext)?,
        })
    }

    /// Opens the value of a secret at this version.
    ///
    /// # Errors
    /// When it is not the one that was sealed for exactly this secret and version with this key.
    pub fn open_value(
        &self,
        secret: SecretId,
        value_version: i64,
        sealed: &EncryptedValue,
    ) -> Result<SecretValue, OpenError> {
        let mut dek: Zeroizing<Key> = Zeroizing::default();
        let at = self.dek_place(secret, value_version);
        open_key(self.key.as_bytes(), at.key_generation(), &at.aad(), &sealed.wrapped_key, &mut dek)?;
        let at = Place::of_value(self.deployment, self.org, secret, value_version);
        let mut plaintext = open(&dek, at.key_generation(), &at.aad(), &sealed.sealed)?;
        let text = String::from_utf8(std::mem::take(&mut *plaintext)).map_err(|error| {
            error.into_bytes().zeroize();
            OpenError::Damaged
        })?;
        SecretValue::parse(text).map_err(|_| OpenError::Damaged)
    }

    /// Seals a row's details, bound to all its readable columns.
    ///
    /// # Errors
    /// When the columns name another organisation or generation than this key's, there are no random
    /// numbers, or the library refuses.
    pub fn seal_details(&self, columns: &SecretColumns, details: &Details) -> Result<Vec<u8>, SealError> {
        if !self.is_key_of(columns) {
            return Err(SealError::OtherKey);
        }
        let aad = self.details_aad(columns);
        seal(self.details_key.as_bytes(), self.generation, &aad, &details::encode(details))
    }

    /// Opens a row's details, which proves that none of its readable columns was changed.
    ///
    /// # Errors
    /// When the blob or any column is not what was sealed.
    pub fn open_details(&self, columns: &SecretColumns, sealed: &[u8]) -> Result<Details, OpenError> {
        if !self.is_key_of(columns) {
            return Err(OpenError::WrongKey);
        }
        let aad = self.details_aad(columns);
        let plaintext = open(self.details_key.as_bytes(), self.generation, &aad, sealed)?;
        details::decode(&plaintext)
    }

    fn is_key_of(&self, columns: &SecretColumns) -> bool {
        (columns.collection.org(), columns.key_generation) == (self.org, self.generation)
    }

    fn dek_place(&self, secret: SecretId, value_version: i64) -> Place {
        Place::of_dek(self.deployment, self.org, secret, value_version, self.generation)
    }

    fn details_aad(&self, columns: &SecretColumns) -> Vec<u8> {
        Place::of_details(self.deployment, self.org, columns.id, columns.version, self.generation)
            .aad_with(&columns.canonical_bytes())
    }
}

impl fmt::Debug for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kek({}, generation {})", self.org, self.generation)
    }
}

/// SHA-256 of a sealed value without its wrapped key: what a row's details are bound to. Wrapping the Dek
/// anew leaves it as it is.
#[must_use]
pub fn value_hash(sealed: &EncryptedValue) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, &sealed.sealed).as_ref());
    hash
}
