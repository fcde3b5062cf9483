//! `cargo xtask flood`: whether wrong API keys hold up the right one (design/security.md A6).
//!
//! The same requests with the right key ([`requests`]), in turns ([`rounds`]): alone, beside a flood of keys that
//! are made up, and beside as many connections that have the right key too. The last of these tells what a loss in
//! the second one is due to: the machine is shared by all of them, and by the load itself.

mod arguments;
mod report;
mod requests;
mod rounds;
mod run;

pub(crate) use arguments::FloodArgs;
pub(crate) use run::run;
