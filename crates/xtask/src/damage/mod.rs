//! `cargo xtask damage`: copies of a store whose files were damaged are refused, say so, or answer right
//! (design/security.md A1). A short run of the same is a test of CI.

mod run;

pub(crate) use run::{DamageArgs, run};
