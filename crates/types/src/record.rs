//! The stored record of a secret: what is readable, and what is sealed.

use std::fmt;

use zeroize::Zeroize;

use crate::{ApiKeyId, Metadata, OrgId, PrincipalId, ProjectId, SecretId, Timestamp};

/// Where a secret lives: names are unique there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Collection {
    /// The secrets of a whole organisation.
    Org(OrgId),
    /// The secrets of one project of an organisation.
    Project(OrgId, ProjectId),
}

impl Collection {
    /// The organisation.
    #[must_use]
    pub const fn org(self) -> OrgId {
        match self {
            Self::Org(org) | Self::Project(org, _) => org,
        }
    }

    /// The stored form: the organisation's own id or the project's.
    #[must_use]
    pub const fn id_bytes(&self) -> &[u8; 16] {
        match self {
            Self::Org(org) => org.as_bytes(),
            Self::Project(_, project) => project.as_bytes(),
        }
    }
}

/// The readable columns of a secret. Every one of them is bound to the row's details blob, so that
/// none can be changed in the database unnoticed (design/decisions.md 2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecretColumns {
    /// Where it lives.
    pub collection: Collection,
    /// Its id.
    pub id: SecretId,
    /// The row's version, 1 at first; each change counts one up.
    pub version: i64,
    /// Its name, unique in the collection.
    pub name: Box<str>,
    /// Its type.
    pub kind: Option<Box<str>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The API key that made it.
    pub created_by: ApiKeyId,
    /// When it was last changed; none until the first change.
    pub updated_at: Option<Timestamp>,
    /// The API key that made or last changed it.
    pub updated_by: ApiKeyId,
    /// The value's version; 0 without a value.
    pub value_version: i64,
    /// SHA-256 of the sealed value, without its wrapped key; empty without a value.
    pub value_hash: Vec<u8>,
    /// When a value was last written.
    pub value_updated_at: Option<Timestamp>,
    /// The principal who last wrote a value.
    pub value_updated_by: Option<PrincipalId>,
    /// The time to live that was asked for.
    pub ttl_seconds: Option<i64>,
    /// From when on it does not exist.
    pub expires_at: Option<Timestamp>,
    /// The generation of the organisation's key that seals the details.
    pub key_generation: i64,
}

impl SecretColumns {
    /// Whether it has ceased to exist at this moment (wire/together.md 3.7).
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expiry| now >= expiry)
    }

    /// All columns in their fixed order, length-prefixed: part of the details' associated data.
    ///
    /// **Format:** frozen. An absent column is an empty field; numbers are 8 bytes, big endian.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let number = |number: i64| number.to_be_bytes();
        let moment = |moment: Option<Timestamp>| moment.map(|moment| moment.micros().to_be_bytes());
        let (updated_at, value_updated_at, expires_at) =
            (moment(self.updated_at), moment(self.value_updated_at), moment(self.expires_at));
        let ttl = self.ttl_seconds.map(number);
        // An absent type and an empty one are different.
        let kind = self.kind.as_ref().map(|kind| format!("={kind}"));
        fixed_order_bytes(&[
            self.collection.org().as_bytes(),
            self.collection.id_bytes(),
            self.id.as_bytes(),
            &number(self.version),
            self.name.as_bytes(),
            kind.as_deref().unwrap_or_default().as_bytes(),
            &number(self.created_at.micros()),
            self.created_by.as_bytes(),
            updated_at.as_ref().map_or(&[], |bytes| bytes.as_slice()),
            self.updated_by.as_bytes(),
            &number(self.value_version),
            &self.value_hash,
            value_updated_at.as_ref().map_or(&[], |bytes| bytes.as_slice()),
            self.value_updated_by.as_ref().map_or(&[], |id| id.as_bytes().as_slice()),
            ttl.as_ref().map_or(&[], |bytes| bytes.as_slice()),
            expires_at.as_ref().map_or(&[], |bytes| bytes.as_slice()),
            &number(self.key_generation),
        ])
    }
}

/// Joins fields so that no two lists of fields give the same bytes: each is preceded by its length,
/// 4 bytes big endian (design/security.md B.3).
#[must_use]
pub fn fixed_order_bytes(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(fields.iter().map(|field| field.len() + 4).sum());
    for field in fields {
        // Nothing that is sealed comes near 4 GiB; a longer field would only fail to open.
        bytes.extend_from_slice(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

/// What a row holds besides its readable columns and its value; sealed as one blob.
#[derive(Clone, PartialEq, Eq)]
pub struct Details {
    /// The metadata.
    pub metadata: Option<Metadata>,
    /// The description; empty when unset.
    pub description: Box<str>,
    /// What of the value may be shown; none without a value.
    pub preview: Option<Box<str>>,
    /// Where the value may be sent, as the engine computed it when the value was written (design/decisions.md 22);
    /// none without a value, and where it may be sent nowhere.
    pub bound_to: Option<Box<str>>,
}

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Details(**)")
    }
}

/// A sealed value: the value under its own key, and that key under the organisation's.
#[derive(Clone, PartialEq, Eq, Zeroize)]
pub struct EncryptedValue {
    /// The data-encryption key, wrapped by the organisation's key.
    pub wrapped_key: Vec<u8>,
    /// The value, sealed under that key.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for EncryptedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptedValue({} bytes)", self.sealed.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_be_shifted_into_each_other() {
        assert_ne!(fixed_order_bytes(&[b"ab", b"c"]), fixed_order_bytes(&[b"a", b"bc"]));
        assert_ne!(fixed_order_bytes(&[b"", b""]), fixed_order_bytes(&[b""]));
    }
}
