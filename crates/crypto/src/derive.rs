//! HKDF-SHA-512 (RFC 5869).

use aws_lc_rs::hkdf::{HKDF_SHA512, KeyType, Prk};
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
    expand(&extract(&[], key)?, &[usage.label()], out)
}

/// HKDF-Extract. The library's own `Salt::extract` puts the work off and does it again in each expand.
pub(crate) fn extract(salt: &[u8], key: &Key) -> Result<Prk, SealError> {
    let salt = hmac::Key::new(hmac::HMAC_SHA512, salt);
    let mut prk = Zeroizing::new([0; 64]);
    hmac::sign_to_buffer(&salt, key, &mut *prk).map_err(|_| SealError::Refused)?;
    Ok(Prk::new_less_safe(HKDF_SHA512, &*prk))
}

/// HKDF-Expand.
pub(crate) fn expand(prk: &Prk, info: &[&[u8]], out: &mut Key) -> Result<(), SealError> {
    prk.expand(info, OneKey).and_then(|okm| okm.fill(out)).map_err(|_| SealError::Refused)
}

struct OneKey;

impl KeyType for OneKey {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}
