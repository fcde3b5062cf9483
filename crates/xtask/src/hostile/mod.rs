//! `cargo xtask hostile`: the tests of hostile clients, and how many requests they were (docs/hostile-clients.md).

mod run;

pub(crate) use run::{HostileArgs, run};
