//! `cargo xtask timing`: whether the time of a refusal tells what became of an API key (design/security.md A6).
//!
//! The measurement itself is an example of the engine's crate, so that this tool needs none of ours to be built.

mod run;

pub(crate) use run::{TimingArgs, run};
