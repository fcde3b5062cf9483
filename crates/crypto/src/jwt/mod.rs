//! JSON Web Tokens (RFC 7519) as credentials, in their compact signed form (RFC 7515 7.1) alone.
//!
//! [`JwtHead`](head::JwtHead) tells whose token a credential may be, [`JwtKeys`](keys::JwtKeys) are what that
//! issuer signs with, [`verify`](verify::verify) proves the signature, and [`JwtClaims`](claims::JwtClaims) says
//! until when the token counts.
//!
//! **Invariant:** claims are given out only after a signature was verified, with a key of the issuer's set and an
//! algorithm that both the configuration and the key allow. Nothing in a token says where a key is or what it is:
//! `jku`, `x5u`, `jwk` and `x5c` are not read, and `kid` selects only (RFC 8725 3.1, 3.10).

mod claims;
mod head;
mod json;
mod keys;
mod parts;
mod verify;
#[cfg(test)]
mod wycheproof;

pub use claims::JwtClaims;
pub use head::JwtHead;
pub use keys::{JwksProblem, JwtKeys};
pub use verify::{JwtRefused, verify};
