//! Backups, what is restored from them, moves to another database, and proofs that a store is whole; by the commands,
//! beside servers under load.
//!
//! `KEYHOLT_BACKUP_ROUNDS` is how many backups are taken under load.
#![cfg(test)]

mod fixture;
mod killed;
mod moved;
mod restored;
mod stopped;
mod under_load;
mod verified;
