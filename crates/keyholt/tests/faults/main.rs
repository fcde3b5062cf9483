//! What goes wrong with disks, clocks and PostgreSQL, at the start and later: it is said in one line, nothing that was
//! acknowledged is lost, and whoever cannot tell whether a caller is let in says 503, never 401 (design/security.md A1 to
//! A3, A7 to A9).
//!
//! `KEYHOLT_SEED` repeats a run under load as far as threads allow.
#![cfg(test)]

mod audit_unwritable;
mod clocks;
mod disk_full;
mod files;
mod moved_clock;
mod postgres_away;
mod postgres_connections;
mod postgres_durability;
mod postgres_load;
mod postgres_locks;
mod postgres_migrations;
mod postgres_paused;
mod postgres_refused;
mod postgres_tls;
mod read_only;
mod setting;
