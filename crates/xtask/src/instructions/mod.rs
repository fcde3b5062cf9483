//! `cargo xtask instructions`: how many instructions a request costs the server, beside committed figures.
//!
//! The program that ships runs in valgrind's callgrind ([`counted`]), which counts what it does outside of the kernel, from
//! its first instruction to its last. It is run once with a known load and once for each operation with that
//! operation's part of the load twice ([`operation`]); the difference, by the number of requests, is what one of them
//! costs, from the bytes that come to the bytes that go. No other program of the machine can change that, so a
//! tolerance of a few per cent ([`figures`]) finds what a measurement of time could not.

mod arguments;
mod counted;
mod figures;
mod operation;
mod run;

pub(crate) use arguments::InstructionsArgs;
pub(crate) use run::run;
