//! What can go wrong below the engine. Nothing here can carry a row's content.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why a store was not opened: one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process serves the directory.
    #[error(
        "{dir} is in use by another keyholt process ({holder}); stop it first, or choose another --data-dir"
    )]
    Locked {
        /// The data directory.
        dir: PathBuf,
        /// What is known of the holder, such as `pid 4711`.
        holder: String,
    },
    /// The directory or a file in it cannot be used.
    #[error(
        "cannot use {path}: {problem}; check that it exists and belongs to the user who runs keyholt, and that its disk has room"
    )]
    Unusable {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system or SQLite said.
        problem: std::io::Error,
    },
    /// The schema is of a later version of Keyholt.
    #[error("the database has schema version {found}, this keyholt knows up to {known}; use the newer keyholt")]
    SchemaNewer {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The SQLite library has a bug that loses data.
    #[error("SQLite {found} is too old, at least 3.51.3 is needed")]
    SqliteTooOld {
        /// The version linked.
        found: &'static str,
    },
    /// The shared database cannot be used.
    #[error("the database cannot be used: {problem}")]
    Database {
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The file is not a database or is damaged.
    #[error("the database in {path} is damaged or not a database ({problem}); restore it from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        problem: String,
    },
    /// The file is no backup or is damaged.
    #[error("{path} is damaged or no backup ({problem}); use another backup")]
    DamagedBackup {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        problem: String,
    },
}

impl OpenError {
    /// What SQLite said of a database's file: that it is damaged, or cannot be used now.
    pub(crate) fn of_sqlite(path: &Path, problem: &rusqlite::Error) -> Self {
        let is_unusable = matches!(
            problem.sqlite_error_code(),
            Some(
                ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::DiskFull
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::OutOfMemory
                    | ErrorCode::ReadOnly
                    | ErrorCode::PermissionDenied
                    | ErrorCode::CannotOpen
            )
        );
        let (path, problem) = (path.into(), problem.to_string());
        if is_unusable {
            Self::Unusable { path, problem: std::io::Error::other(problem) }
        } else {
            Self::Damaged { path, problem }
        }
    }

    /// The same of a backup, which nobody restores from a backup.
    pub(crate) fn of_backup(self) -> Self {
        if let Self::Damaged { path, problem } = self { Self::DamagedBackup { path, problem } } else { self }
    }
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The storage cannot serve now.
    #[error("the storage is unavailable: {0}")]
    Unavailable(String),
    /// A stored row is not of the form it was written in.
    #[error("a stored row has an unusable {0}")]
    Malformed(&'static str),
    /// A fault of ours or of the database.
    #[error("the database refused: {0}")]
    Fault(String),
}

/// Why a change was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A statement did not have the rows it needs; nothing was changed.
    #[error("not as expected: {0:?}")]
    Unmet(Unmet),
    /// The storage cannot serve now; nothing was changed.
    #[error("the storage is unavailable: {0}")]
    Unavailable(String),
    /// Whether it was committed cannot be told.
    #[error("the outcome of a commit is unknown")]
    OutcomeUnknown,
    /// A fault of ours or of the database; nothing was changed.
    #[error("the database refused: {0}")]
    Fault(String),
}

/// What a statement found that its maker did not expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmet {
    /// Another row has the name or id.
    Taken,
    /// The row has changed, or is gone, since it was read.
    Stale,
    /// There would be no operator's API key any more.
    NoOperator,
    /// There would be no owner's API key of an organisation any more.
    NoOwner,
}
