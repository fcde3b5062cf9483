//! Tokens of issuers that the operator configured, as credentials (design/security.md B.8).
//!
//! [`issuers`] knows whose tokens are taken, [`keys`] holds an issuer's key set and [`keep`] keeps it up to date, and
//! [`identity`] finds out whom a token stands for.
//!
//! **Invariant:** requests never fetch keys. They ask for them and wait a little; one task fetches
//! ([`keep_jwt_keys`](crate::Engine::keep_jwt_keys)), so that nobody who hangs up can stop a fetch and nobody who
//! sends many tokens can cause many.

mod identity;
mod issuers;
mod keep;
mod keys;

pub(crate) use issuers::Issuers;
pub use issuers::{FetchJwks, FetchProblem, Fetching, JwtOptions};
