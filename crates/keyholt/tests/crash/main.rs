//! What an acknowledged write is worth: the server is killed at random moments under load, and after each
//! start every acknowledged write is there, whole, once in the audit log, and opens.
//!
//! `KEYHOLT_CRASH_ROUNDS` is how often it is killed, `KEYHOLT_SEED` repeats a run as far as threads allow.
#![cfg(test)]

mod audit_log;
mod directory;
mod model;
mod rounds;
mod survey;
mod sync;
mod worker;
