//! What an acknowledged write is worth: the server is killed at random moments under load, and after each
//! start every acknowledged write is there, whole, once in the audit log, and opens. And what is said of files that were
//! damaged since.
//!
//! `KEYHOLT_CRASH_ROUNDS` is how often it is killed, `KEYHOLT_DAMAGED_COPIES` how many copies of a store are damaged,
//! `KEYHOLT_SEED` repeats a run as far as threads allow.
#![cfg(test)]

mod backups;
mod damaged;
mod directory;
mod killed;
mod sync;
