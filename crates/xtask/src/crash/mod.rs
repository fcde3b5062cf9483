//! `cargo xtask crash`: a server is killed under load again and again, and nothing that was acknowledged is lost
//! (design/security.md A1, A8). A short run of the same is a test of CI.

mod run;

pub(crate) use run::{CrashArgs, run};
