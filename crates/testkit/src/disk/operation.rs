//! What is asked of a disk, and which of it fails.

use std::ffi::c_int;

use rusqlite::ffi;

/// What SQLite asks of a disk and what may fail. Giving something back, such as a lock, does not count and never fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operation {
    Open,
    Delete,
    Exists,
    Read,
    Write,
    Truncate,
    Sync,
    Size,
    Lock,
    MapMemory,
    LockMemory,
}

impl Operation {
    /// What SQLite's own VFS answers when the system refuses this.
    pub(super) const fn code(self) -> c_int {
        match self {
            Self::Open => ffi::SQLITE_CANTOPEN,
            Self::Delete => ffi::SQLITE_IOERR_DELETE,
            Self::Exists => ffi::SQLITE_IOERR_ACCESS,
            Self::Read => ffi::SQLITE_IOERR_READ,
            Self::Write => ffi::SQLITE_IOERR_WRITE,
            Self::Truncate => ffi::SQLITE_IOERR_TRUNCATE,
            Self::Sync => ffi::SQLITE_IOERR_FSYNC,
            Self::Size => ffi::SQLITE_IOERR_FSTAT,
            Self::Lock => ffi::SQLITE_IOERR_LOCK,
            Self::MapMemory => ffi::SQLITE_IOERR_SHMMAP,
            Self::LockMemory => ffi::SQLITE_IOERR_SHMLOCK,
        }
    }
}

/// How long operations fail once they do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lasting {
    /// One operation.
    Once,
    /// That one and all after it.
    ForEver,
}

/// Operations that can be told to fail by themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Bringing a file to the platter.
    Sync,
    /// Getting at the memory that connections share, for the first time or for more of it.
    MapMemory,
}

/// What goes wrong. Operations are counted from 1 since the disk was last switched on or given a plan.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Plan {
    /// With this operation, which is still begun, the power is cut.
    pub cut_at: Option<u64>,
    /// This operation fails.
    pub fail_at: Option<(u64, Lasting)>,
    /// The so manieth operation of this kind fails, counted from 1 likewise.
    pub fail_kind: Option<(Kind, u64)>,
    /// Writes that fail say that the disk is full.
    pub is_full: bool,
    /// Syncs do nothing and say that they did: no store can be safe on such a disk.
    pub lies: bool,
}

/// What becomes of one operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Course {
    /// It is carried out.
    Done,
    /// It is begun, and the power is cut: whoever asked gets an error, but runs on a machine that is off.
    Cut,
    /// It fails with this code.
    Fails(c_int),
}

impl Plan {
    /// Whether an operation is of the kind that fails by itself.
    pub(super) fn counts(&self, operation: Operation) -> bool {
        match self.fail_kind {
            Some((Kind::Sync, _)) => operation == Operation::Sync,
            Some((Kind::MapMemory, _)) => operation == Operation::MapMemory,
            None => false,
        }
    }

    /// What becomes of an operation, by its number among all, and among those that [`counts`](Self::counts) counts.
    pub(super) fn course(&self, number: u64, of_kind: u64, operation: Operation) -> Course {
        let fails = |(at, lasting): (u64, Lasting)| match lasting {
            Lasting::Once => number == at,
            Lasting::ForEver => number >= at,
        };
        let fails_by_kind = self.counts(operation) && self.fail_kind.is_some_and(|(_, at)| at == of_kind);
        if self.cut_at == Some(number) {
            Course::Cut
        } else if self.fail_at.is_some_and(fails) || fails_by_kind {
            let is_full = self.is_full && operation == Operation::Write;
            Course::Fails(if is_full { ffi::SQLITE_FULL } else { operation.code() })
        } else {
            Course::Done
        }
    }
}
