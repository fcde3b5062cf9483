//! Root keys: where trust begins.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyholt_memory::{LockedBytes, LockedPool};
use zeroize::Zeroizing;

use crate::base62::{checked, checksum_of};
use crate::derive::{KEY_BYTES, Key};
use crate::seal::{open, seal};
use crate::{OpenError, RootKeyError, SealError, random};

const PREFIX: &str = "khroot1_";
/// 32 bytes in base64 without padding.
const BASE64_CHARS: usize = 43;
/// The key id of a root key in what it seals: there is one at a time.
const KEY_ID: i64 = 0;

/// Wraps the ring keys: a key in our hands, or a service that keeps one. Called at start and at rotation
/// only.
pub trait RootKeyProvider: Send + Sync {
    /// Wraps a key; it unwraps only with the same associated data.
    ///
    /// # Errors
    /// When it cannot.
    fn wrap(&self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, RootKeyError>;

    /// Unwraps what [`wrap`](Self::wrap) made.
    ///
    /// # Errors
    /// [`RootKeyError::WrongKey`] when another root key wrapped it, [`RootKeyError::Damaged`] when it was
    /// changed or the associated data differ.
    fn unwrap(&self, aad: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError>;

    /// Where the root key is, for people: `file keyholt-data.root-key`.
    fn describe(&self) -> String;
}

/// A root key in our hands: 256 random bits. Written as `khroot1_`, 43 characters of base64url and a
/// checksum of 6, which scanners of leaked secrets can know. Prints without the key.
pub struct LocalRootKey {
    key: LockedBytes<KEY_BYTES>,
    origin: String,
}

impl LocalRootKey {
    /// Reads the text of a root key; white space around it is allowed. `origin` says where it comes from, as
    /// in `file keyholt-data.root-key`.
    ///
    /// # Errors
    /// [`RootKeyError::Malformed`] when it is anything else, or the checksum is wrong.
    pub fn parse(text: &str, origin: &str) -> Result<Self, RootKeyError> {
        let malformed = || RootKeyError::Malformed { origin: origin.to_owned() };
        let body = checked(text.trim_ascii()).ok_or_else(malformed)?;
        let encoded = body.strip_prefix(PREFIX).ok_or_else(malformed)?;
        if encoded.len() != BASE64_CHARS {
            return Err(malformed());
        }
        let key = LockedPool::new().fill(|slot| {
            // The decoder writes in whole groups and wants room for what it estimates.
            let mut bytes = Zeroizing::new([0; KEY_BYTES + 1]);
            let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut *bytes).map_err(|_| malformed())?;
            let key = bytes.first_chunk().filter(|_| length == KEY_BYTES).ok_or_else(malformed)?;
            *slot = *key;
            Ok::<_, RootKeyError>(())
        })?;
        Ok(Self { key, origin: origin.to_owned() })
    }

    /// The text of a new root key.
    ///
    /// # Errors
    /// When there are no random numbers.
    pub fn generate_text() -> Result<Zeroizing<String>, RootKeyError> {
        let mut key: Zeroizing<Key> = Zeroizing::default();
        random::fill(&mut *key)?;
        let mut encoded = Zeroizing::new([0; BASE64_CHARS]);
        URL_SAFE_NO_PAD.encode_slice(key.as_slice(), &mut *encoded).map_err(|_| SealError::Refused)?;
        // Room for everything, so that no copies are left behind by growing.
        let mut text = Zeroizing::new(String::with_capacity(64));
        text.push_str(PREFIX);
        text.extend(encoded.iter().map(|byte| char::from(*byte)));
        let checksum = checksum_of(&text);
        text.extend(checksum);
        Ok(text)
    }
}

impl RootKeyProvider for LocalRootKey {
    fn wrap(&self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        Ok(seal(self.key.as_bytes(), KEY_ID, aad, plaintext)?)
    }

    fn unwrap(&self, aad: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
        let origin = || self.origin.clone();
        open(self.key.as_bytes(), KEY_ID, aad, wrapped).map_err(|error| match error {
            OpenError::WrongKey => RootKeyError::WrongKey { origin: origin() },
            OpenError::Damaged | OpenError::UnknownFormat => RootKeyError::Damaged { origin: origin() },
        })
    }

    fn describe(&self) -> String {
        self.origin.clone()
    }
}

impl fmt::Debug for LocalRootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalRootKey({})", self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<LocalRootKey, RootKeyError> {
        LocalRootKey::parse(text, "the test")
    }

    #[test]
    fn a_new_root_key_reads_back_and_does_not_print() {
        let text = LocalRootKey::generate_text().unwrap();
        assert_eq!((text.len(), text.capacity()), (57, 64));
        let (one, other) = (parse(&text).unwrap(), parse(&format!("\n{} \r\n", *text)).unwrap());
        assert_eq!(one.key.as_bytes(), other.key.as_bytes());
        assert_eq!(format!("{one:?}"), "LocalRootKey(the test)");
        assert_ne!(*LocalRootKey::generate_text().unwrap(), *text);
    }

    #[test]
    fn any_changed_character_is_found() {
        let text = LocalRootKey::generate_text().unwrap();
        for place in 0..text.len() {
            let other = if text.as_bytes()[place] == b'x' { "y" } else { "x" };
            let mut changed = text.clone();
            changed.replace_range(place..=place, other);
            assert!(matches!(parse(&changed), Err(RootKeyError::Malformed { .. })));
            assert!(parse(&text[..place]).is_err());
        }
    }

    #[test]
    fn a_right_checksum_does_not_make_a_root_key() {
        for body in [
            "",
            "khroot1_",
            "khroot2_AAAA",
            &format!("khroot1_{}", "A".repeat(42)),
            &format!("khroot1_{}", "A".repeat(44)),
            &format!("khroot1_{}B", "A".repeat(42)),
            &format!("khroot1_{}+", "A".repeat(42)),
        ] {
            let text: String = body.chars().chain(checksum_of(body)).collect();
            assert!(parse(&text).is_err(), "{text}");
        }
        assert!(parse("ä").is_err());
    }

    #[test]
    fn another_root_key_does_not_unwrap() {
        let made = || parse(&LocalRootKey::generate_text().unwrap()).unwrap();
        let (root, other) = (made(), made());
        let wrapped = root.wrap(b"aad", &[7; 32]).unwrap();
        assert_eq!(**root.unwrap(b"aad", &wrapped).unwrap(), [7; 32]);
        let origin = "the test".to_owned();
        assert_eq!(other.unwrap(b"aad", &wrapped), Err(RootKeyError::WrongKey { origin: origin.clone() }));
        assert_eq!(root.unwrap(b"other", &wrapped), Err(RootKeyError::Damaged { origin }));
    }
}
