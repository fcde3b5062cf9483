//! Copies of a store: `keyholt backup`, `restore`, `verify` and `migrate-store`.
//!
//! They work on the disk or the database, beside a server or without one. [`place`] opens what is copied and where it
//! goes, [`progress`] shows how far it is, [`report`] what was done, [`interrupt`] what is left when a signal breaks it off.

mod backup;
mod interrupt;
mod migrate_store;
mod options;
mod place;
mod progress;
mod report;
mod restore;
mod verify;

pub(crate) use backup::Backup;
pub(crate) use interrupt::Stopped;
pub(crate) use migrate_store::MigrateStore;
pub(crate) use restore::Restore;
pub(crate) use verify::Verify;
