//! Why there is no copy. Nothing here can carry a row's content.

use std::path::PathBuf;

use crate::{OpenError, StoreError};

/// Why a store was not copied: one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Source or target cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Source or target does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row of the source is not of the form that rows are written in.
    #[error("a row of {table} cannot be copied: {problem}; `keyholt doctor` says more")]
    Row {
        /// The table.
        table: &'static str,
        /// What is wrong with the row.
        problem: StoreError,
    },
    /// A file of the source is damaged, which was found on the way through it.
    #[error("{} is damaged ({problem}); use a backup that `keyholt verify` finds whole", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        problem: String,
    },
    /// The target's file is damaged or no database.
    #[error(
        "{} is damaged or not a database ({problem}), and nothing is overwritten: give an empty directory", path.display()
    )]
    TargetDamaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        problem: String,
    },
    /// There is nothing in the source.
    #[error("there is no installation in {0}: nothing is copied")]
    NothingThere(String),
    /// The source is itself a copy that did not come to its end.
    #[error("{0} is an unfinished copy: finish it first, with the same command that began it")]
    SourceUnfinished(String),
    /// The target holds an installation that is in use.
    #[error(
        "{0} holds an installation already, and nothing is overwritten: give an empty directory or an empty database"
    )]
    TargetTaken(String),
    /// The target is an unfinished copy of another installation.
    #[error(
        "{0} is an unfinished copy of another installation: go on from that one, or give an empty directory or database"
    )]
    TargetOfAnother(String),
    /// Another process copies into the target now.
    #[error("{0} is being written by another copy")]
    TargetBusy(String),
    /// A file is in the way.
    #[error("{} is there already, and nothing is overwritten: choose another name, or give --force", .0.display())]
    FileThere(PathBuf),
    /// Another process writes the same file now.
    #[error("{} is being written by another process", .0.display())]
    FileBusy(PathBuf),
    /// A file cannot be written.
    #[error("cannot write {}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        problem: std::io::Error,
    },
    /// The target is not equal to the source, though all was written.
    #[error("{rows} rows of {table} differ between source and target: do not use this copy")]
    Differs {
        /// The table.
        table: &'static str,
        /// How many rows.
        rows: u64,
    },
}

impl CopyError {
    /// The same of a backup that is copied from.
    pub(super) fn of_backup(self) -> Self {
        if let Self::Open(problem) = self { Self::Open(problem.of_backup()) } else { self }
    }

    /// The same of a directory that is copied into: it is not what should be brought back.
    pub(super) fn of_target(self) -> Self {
        if let Self::Open(OpenError::Damaged { path, problem }) | Self::Damaged { path, problem } = self {
            Self::TargetDamaged { path, problem }
        } else {
            self
        }
    }
}
