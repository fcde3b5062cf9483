//! `cargo xtask bench`: what the server does in a second, beside the most that any server here could.
//!
//! The most is [`ceiling`]: a bare axum handler with an answer of the same size. Both are programs of their own,
//! loaded in a closed loop over kept connections, in turns ([`rounds`]), so that what disturbs the
//! machine disturbs both. Only the ratio travels from one machine to another.

mod arguments;
mod ceiling;
mod footprint;
mod operation;
mod report;
mod rounds;
mod run;

pub(crate) use arguments::BenchArgs;
pub(crate) use run::run;
