//! `cargo xtask io-errors`: every operation of the disk fails, one after the other, once and for ever, while a store is
//! made, opened and written to; afterwards it opens, and is what callers were told (design/security.md A1).

mod run;

pub(crate) use run::{IoErrorsArgs, run};
