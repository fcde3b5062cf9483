//! PostgreSQL for tests: a database of its own for a test, and whole servers that a test may kill, freeze and promote.
//!
//! Nothing of the system's own clusters is used: only PostgreSQL's programs, in temporary folders, on ports of
//! loopback. [`TestDatabase`] is on the server of the test run (`KEYHOLT_TEST_POSTGRES`, started by
//! `scripts/with-postgres`), which is for everybody: whoever breaks a server starts a [`Cluster`].

mod cluster;
mod database;
mod folder;
mod programs;
mod replication;
mod signals;

pub use cluster::Cluster;
pub use database::TestDatabase;
pub use replication::Pair;
