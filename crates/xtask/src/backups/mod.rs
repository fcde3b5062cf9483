//! `cargo xtask backups`: backups of a server under load are restored, and are the store of one moment
//! (design/security.md A11). A short run of the same is a test of CI.

mod run;

pub(crate) use run::{BackupsArgs, run};
