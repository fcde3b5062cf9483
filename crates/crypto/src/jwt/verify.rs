//! The proof that a token is an issuer's.

use jsonwebtoken::Algorithm;
use keyholt_types::{Credential, JwtAlgorithm};
use serde_json::Value;
use thiserror::Error;

use super::claims::JwtClaims;
use super::keys::JwtKeys;
use super::parts::Parts;

/// Why a token is refused. Which of these it was is not told to who sent it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum JwtRefused {
    /// It names a key that is not in the set: the set may have become out of date.
    #[error("the token names a key that is not in the issuer's set")]
    UnknownKey,
    /// Anything else.
    #[error("the token is not valid")]
    Invalid,
}

/// Verifies a token's signature with an issuer's keys, and gives its claims. Whether they are to be taken is another
/// question: see [`JwtClaims::taken_until`].
///
/// # Errors
/// [`JwtRefused`], which does not hold anything of the token.
pub fn verify(
    credential: &Credential,
    keys: &JwtKeys,
    allowed: &[JwtAlgorithm],
) -> Result<JwtClaims, JwtRefused> {
    let parts = Parts::of(credential).ok_or(JwtRefused::Invalid)?;
    let header = parts.header().ok_or(JwtRefused::Invalid)?;
    // Each extension that must be understood is one that is not (RFC 7515 4.1.11); `b64` would change what is signed
    // (RFC 7797).
    if header.contains_key("crit") || header.contains_key("b64") {
        return Err(JwtRefused::Invalid);
    }
    let kid = match header.get("kid") {
        None => None,
        Some(name) => Some(name.as_str().ok_or(JwtRefused::Invalid)?),
    };
    let algorithm = header.get("alg").and_then(Value::as_str).and_then(JwtAlgorithm::parse);
    let algorithm = algorithm.filter(|algorithm| allowed.contains(algorithm)).ok_or(JwtRefused::Invalid)?;
    if kid.is_some_and(|kid| !keys.has(kid)) {
        return Err(JwtRefused::UnknownKey);
    }
    if !is_signed(keys, kid, algorithm, parts.signed.as_bytes(), parts.signature) {
        return Err(JwtRefused::Invalid);
    }
    parts.claims().and_then(JwtClaims::read).ok_or(JwtRefused::Invalid)
}

/// Whether one of the keys, those with the name if one is given, has made the signature (base64url) of a message.
pub(super) fn is_signed(
    keys: &JwtKeys,
    kid: Option<&str>,
    algorithm: JwtAlgorithm,
    message: &[u8],
    signature: &str,
) -> bool {
    keys.candidates(kid, algorithm).any(|key| {
        // An error is a key or a signature of another form.
        jsonwebtoken::crypto::verify(signature, message, &key.decoding, library_name(algorithm))
            .unwrap_or(false)
    })
}

const fn library_name(algorithm: JwtAlgorithm) -> Algorithm {
    match algorithm {
        JwtAlgorithm::Rs256 => Algorithm::RS256,
        JwtAlgorithm::Ps256 => Algorithm::PS256,
        JwtAlgorithm::Es256 => Algorithm::ES256,
        JwtAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}
