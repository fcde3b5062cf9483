//! The public keys of an issuer, from its JSON Web Key Set (RFC 7517 5).

use std::fmt;
use std::ops::RangeInclusive;

use jsonwebtoken::DecodingKey;
use keyholt_types::JwtAlgorithm;
use serde_json::{Map, Value};
use thiserror::Error;

use super::json::read_object;
use super::parts::decode;

/// The bits of a modulus: fewer are not safe (RFC 7518 3.3), and verifying with more takes long.
const RSA_BITS: RangeInclusive<usize> = 2048..=8192;

/// Why a key set is of no use. Holds nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum JwksProblem {
    /// It is not a JSON object with a list `keys`.
    #[error("it is not a JSON Web Key Set")]
    Malformed,
    /// It has too many keys.
    #[error("it has more than 100 keys")]
    TooMany,
    /// None of its keys can be used.
    #[error("it has no key that can be used: RSA of 2048 to 8192 bits, EC on P-256, OKP on Ed25519")]
    NoneUsable,
}

/// The keys that an issuer signs tokens with.
#[derive(Clone)]
pub struct JwtKeys(Vec<JwtKey>);

/// One public key.
#[derive(Clone)]
pub(super) struct JwtKey {
    kid: Option<Box<str>>,
    /// The one algorithm that it is for, where the issuer says so.
    only: Option<JwtAlgorithm>,
    material: Material,
    /// The same in the form that signatures are verified with.
    pub(super) decoding: DecodingKey,
}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256 { point: Vec<u8> },
    Ed25519 { point: Vec<u8> },
}

impl PartialEq for JwtKey {
    fn eq(&self, other: &Self) -> bool {
        (&self.kid, self.only, &self.material) == (&other.kid, other.only, &other.material)
    }
}

impl JwtKeys {
    /// The most keys of a set.
    pub const MOST: usize = 100;

    /// Reads a key set and keeps the keys that can be used: those for signatures, of a type and size that one of our
    /// algorithms takes. Symmetric keys are never taken, nor are keys that come with their private part.
    ///
    /// # Errors
    /// When it is malformed, has more than 100 keys, or none that can be used.
    pub fn parse(json: &[u8]) -> Result<Self, JwksProblem> {
        let set = read_object(json).ok_or(JwksProblem::Malformed)?;
        let Some(Value::Array(keys)) = set.get("keys") else { return Err(JwksProblem::Malformed) };
        if keys.len() > Self::MOST {
            return Err(JwksProblem::TooMany);
        }
        let usable: Vec<_> = keys.iter().filter_map(Value::as_object).filter_map(JwtKey::read).collect();
        if usable.is_empty() { Err(JwksProblem::NoneUsable) } else { Ok(Self(usable)) }
    }

    /// Whether every key of another set is in this one too, under the same name and for the same algorithms.
    #[must_use]
    pub fn hold_all_of(&self, others: &Self) -> bool {
        others.0.iter().all(|other| self.0.contains(other))
    }

    /// Whether a key has this name.
    pub(super) fn has(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// The keys that a signature may be of: those with the name, if one is given, which fit the algorithm.
    pub(super) fn candidates(
        &self,
        kid: Option<&str>,
        algorithm: JwtAlgorithm,
    ) -> impl Iterator<Item = &JwtKey> {
        let is_named = move |key: &JwtKey| kid.is_none_or(|kid| key.kid.as_deref() == Some(kid));
        self.0.iter().filter(move |key| is_named(key) && key.fits(algorithm))
    }
}

/// How many; the keys themselves are public, and long.
impl fmt::Debug for JwtKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwtKeys({})", self.0.len())
    }
}

impl JwtKey {
    fn read(key: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        let bytes = |name: &str| text(name).and_then(decode);
        // Whoever was given the set could sign with it: it was published by mistake.
        if key.contains_key("d") || !is_for_signatures(key) {
            return None;
        }
        let kid = match key.get("kid") {
            None => None,
            Some(name) => Some(name.as_str()?.into()),
        };
        let only = match key.get("alg") {
            None => None,
            Some(word) => Some(JwtAlgorithm::parse(word.as_str()?)?),
        };
        let material = match (text("kty")?, text("crv")) {
            ("RSA", None) => Material::rsa(&bytes("n")?, &bytes("e")?)?,
            ("EC", Some("P-256")) => Material::p256(&bytes("x")?, &bytes("y")?)?,
            ("OKP", Some("Ed25519")) => Material::ed25519(bytes("x")?)?,
            _ => return None,
        };
        let key = Self { kid, only, decoding: material.decoding_key(), material };
        JwtAlgorithm::ALL.into_iter().any(|algorithm| key.fits(algorithm)).then_some(key)
    }

    fn fits(&self, algorithm: JwtAlgorithm) -> bool {
        self.only.is_none_or(|only| only == algorithm)
            && match self.material {
                Material::Rsa { .. } => matches!(algorithm, JwtAlgorithm::Rs256 | JwtAlgorithm::Ps256),
                Material::P256 { .. } => algorithm == JwtAlgorithm::Es256,
                Material::Ed25519 { .. } => algorithm == JwtAlgorithm::EdDsa,
            }
    }
}

/// Whether a key's `use` and `key_ops`, where they are given, allow to verify with it (RFC 7517 4.2, 4.3).
fn is_for_signatures(key: &Map<String, Value>) -> bool {
    let use_allows = key.get("use").is_none_or(|word| word.as_str() == Some("sig"));
    let operations_allow = key.get("key_ops").is_none_or(|list| {
        list.as_array().is_some_and(|list| list.iter().any(|word| word.as_str() == Some("verify")))
    });
    use_allows && operations_allow
}

impl Material {
    fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let (modulus, exponent) = (without_leading_zeros(modulus), without_leading_zeros(exponent));
        let unused = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
        let has_our_size = RSA_BITS.contains(&(modulus.len() * 8 - unused));
        // Odd, at least 3, and short, since verifying with a long one takes long.
        let is_exponent = match exponent {
            [single] => *single >= 3 && single % 2 == 1,
            [_, .., last] => exponent.len() <= 4 && last % 2 == 1,
            [] => false,
        };
        let rsa = || Self::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() };
        (has_our_size && is_exponent).then(rsa)
    }

    fn p256(x: &[u8], y: &[u8]) -> Option<Self> {
        // Uncompressed: 4, then both coordinates (SEC 1 2.3.3).
        (x.len() == 32 && y.len() == 32).then(|| Self::P256 { point: [&[4], x, y].concat() })
    }

    fn ed25519(point: Vec<u8>) -> Option<Self> {
        (point.len() == 32).then_some(Self::Ed25519 { point })
    }

    fn decoding_key(&self) -> DecodingKey {
        match self {
            Self::Rsa { modulus, exponent } => DecodingKey::from_rsa_raw_components(modulus, exponent),
            Self::P256 { point } => DecodingKey::from_ec_der(point),
            Self::Ed25519 { point } => DecodingKey::from_ed_der(point),
        }
    }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
