//! `cargo xtask nodes`: several servers on one PostgreSQL (design/security.md A2, A7; design/decisions.md 16, 17).
//!
//! Whether they are one store ([`history`]), how long a revoked key is good on other nodes ([`revocation`]), what they
//! do in a second, and who of nodes, PostgreSQL and load the processors are taken by ([`throughput`]), what one request
//! costs between a node and PostgreSQL ([`cost`]). All on a PostgreSQL of its own on loopback ([`installation`]).

mod arguments;
mod cost;
mod figures;
mod history;
mod installation;
mod processors;
mod requests;
mod revocation;
mod run;
mod throughput;

pub(crate) use arguments::NodesArgs;
pub(crate) use run::run;
