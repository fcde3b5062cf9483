//! Copies of a store: backups, what is restored from them, and moves from one database to another.
//!
//! One mechanism: a target is made equal to a snapshot of a source, table by table ([`tables`]) and row by row in the
//! order of the keys ([`rows`]), and compared with it afterwards ([`copying`]); [`course`] tells how far it is. What is sealed is copied as it is: no
//! key is needed, and none is in a copy.
//! **Invariant:** a target that is not whole says so (table `unfinished_copies`), from before the first row is written
//! until after the last one was compared.

mod backup_file;
mod copying;
mod course;
mod edit;
mod error;
mod postgres;
mod rows;
mod source;
mod sql;
mod sqlite;
mod tables;
mod target;
mod unfinished;

pub use copying::{CopiedTable, CopyReport, copy};
pub use course::{CopyProgress, CopyStage};
pub use error::CopyError;
pub use source::CopySource;
pub use target::CopyTarget;
