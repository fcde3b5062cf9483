//! `cargo xtask bench`: what the server does in a second, beside the most that any server here could.
//!
//! The most is [`ceiling`]: a bare axum handler with an answer of the same size. It, Keyholt on [`stores`] of several
//! sizes and databases, PostgreSQL without Keyholt ([`driver`]), the gateway's provider and [`peers`] are asked for the same
//! operations ([`operation`], [`matrix`]) over kept connections, in turns ([`rounds`]), so that what disturbs the
//! machine disturbs all. Only ratios travel from one machine to another.
//!
//! What comes of it ([`results`]) is compared with what was promised ([`bars`]) and goes out as [`tables`], [`chart`],
//! [`json`], and into a [`document`].

mod arguments;
mod bars;
mod ceiling;
mod cell;
mod chart;
mod document;
mod driver;
mod figures;
mod footprint;
mod json;
mod matrix;
mod memory;
mod numbers;
mod operation;
mod output;
mod peers;
mod progress;
mod results;
mod rounds;
mod run;
mod stores;
mod tables;

pub(crate) use arguments::BenchArgs;
pub(crate) use run::run;
