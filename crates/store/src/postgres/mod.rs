//! PostgreSQL, driven directly, shared by any number of nodes.
//!
//! Each connection is kept by a task of its own (`line`), which connects again when it is lost. Reads are pipelined
//! over a few of them (`readers`); each of the others carries one change at a time (`lanes`) and has an audit chain of
//! its own. One more (`keeper`) watches how old this node's view is.

mod alone;
mod database;
mod keeper;
mod lanes;
mod line;
mod migrate;
mod problem;
mod readers;
mod session;
mod shortage;
mod tls;
mod transaction;
mod url;

pub(crate) use alone::Alone;
pub(crate) use database::Postgres;
pub use database::PostgresOptions;
pub(crate) use keeper::View;
pub use url::{BadUrl, PostgresUrl};
