//! Several servers on one PostgreSQL database: they are one store (design/security.md A2), and what is revoked on
//! one of them is refused by all within a second (A7). The same laws on one server with the embedded database.
//!
//! `KEYHOLT_HISTORY_OPERATIONS` is how many operations a history has, `KEYHOLT_SEED` repeats a run as far as threads
//! allow.
#![cfg(test)]

mod first_start;
mod fixture;
mod histories;
mod races;
mod revocation;
