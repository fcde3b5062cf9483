//! SQLite, driven directly: readers called in place, one writer thread that commits in groups.

mod database;
#[cfg(test)]
mod failing_disk;
mod integrity;
pub(crate) mod open;
mod readers;
mod writer;

pub(crate) use database::Sqlite;
