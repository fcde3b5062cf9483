//! Keys, sealing, identifiers, API keys and the audit chain of Keyholt.
//!
//! ```text
//! RootKey              from a provider, never in the store
//!  └─ RingKey          by generation; wrapped by the root key
//!      ├─ Kek          one per organisation, by generation; wrapped by a ring key
//!      │   ├─ Dek      one per value version; wrapped by the Kek; seals one value, ever
//!      │   └─ HKDF     key of the details blobs
//!      └─ HKDF         keys of credential MACs, API key proofs and the audit chain
//! ```
//!
//! **Invariant:** everything sealed goes through one function (`seal`), is bound to its place by its
//! associated data (`aad`), and its format is frozen: `tests/vectors` holds what must open forever. No
//! function takes a nonce. Nothing here reads a clock, a socket or a database.

mod aad;
mod api_key;
mod audit_chain;
mod base62;
mod credential;
mod derive;
mod details;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod ids;
mod jwt;
mod kek;
mod keyring;
mod random;
mod root_key;
mod root_key_file;
mod seal;

pub use api_key::{ApiKeyToken, has_valid_checksum, shown_prefix};
pub use audit_chain::AuditKey;
pub use credential::CredentialMac;
pub use error::{KeyringError, OpenError, RootKeyError, SealError};
pub use ids::{IdMinter, moment_of};
pub use jwt::{JwksProblem, JwtClaims, JwtHead, JwtKeys, JwtRefused, verify as verify_jwt};
pub use kek::{Kek, value_hash};
pub use keyring::{Keyring, WrappedKek, WrappedRingKey};
pub use root_key::{LocalRootKey, RootKeyProvider};
