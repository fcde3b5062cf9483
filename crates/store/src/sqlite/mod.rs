//! SQLite, driven directly: readers called in place, one writer thread that commits in groups.

mod database;
pub(crate) mod open;
mod readers;
mod writer;

pub(crate) use database::Sqlite;
