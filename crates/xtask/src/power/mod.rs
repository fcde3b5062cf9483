//! `cargo xtask power`: the power is cut at a seeded operation while callers write, and again while the store is opened;
//! what is found then is compared with what callers were told (design/security.md A1).
//!
//! The disk is in memory, and keeps, drops or tears what was not synced (`keyholt_testkit::disk`). A seed that fails is
//! printed with the command that repeats it.

mod run;

pub(crate) use run::{PowerArgs, run};
