//! Where the shared database is: `postgres://user@host:port,host:port/database?parameters`.
//!
//! [`address`] is what was read and never shows the password, [`parse`] reads a text, [`parameters`] what
//! stands behind its `?`, [`text`] pieces of it, [`bad`] says what is wrong with one.

mod address;
mod bad;
mod parameters;
mod parse;
mod text;

pub use address::PostgresUrl;
pub use bad::BadUrl;

pub(super) use address::Host;
