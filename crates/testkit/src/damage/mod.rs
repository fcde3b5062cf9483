//! Damaged files: what a server says of a store whose database or log is not what it wrote (design/security.md A1).
//!
//! A store that is filled and then killed, with what is in it after each of its last writes ([`original`], [`state`]);
//! copies of it that are harmed in one place ([`harm`]), each of which is served and asked for everything ([`examine`],
//! [`compare`]); and what they come to ([`figures`], [`copies`]).

mod compare;
mod copies;
mod examine;
mod figures;
mod harm;
mod original;
mod state;

pub use copies::{DamageOptions, damage};
pub use figures::DamageFigures;
