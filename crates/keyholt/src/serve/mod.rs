//! `keyholt serve`: the server.
//!
//! In order: [`command`] reads the settings; [`refusals`] and [`listen`] say what cannot be, before anything
//! is written; [`start`] opens the store, which the first time founds it ([`root_key`], [`greeting`]); [`run`]
//! serves until it is told to stop ([`signals`]), while [`sweep`] erases what has expired,
//! [`observe`] writes down who was refused, and [`jwks`] fetches the keys of token issuers.

mod command;
mod greeting;
mod jwks;
mod listen;
mod observe;
mod refusals;
mod root_key;
mod run;
mod signals;
mod start;
mod sweep;
mod tls;

pub(crate) use command::Serve;
pub(crate) use refusals::check_data_dir;
pub(crate) use root_key::load as load_root_key;
