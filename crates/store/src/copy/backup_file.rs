//! A backup while it is written: under a name of its own, until it is whole.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::CopyError;
use super::sqlite::SqliteTarget;

/// What SQLite adds to the name of a database for the files beside it.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A backup that is not whole yet; what there is of it goes when this goes.
pub(super) struct BackupFile {
    target: Option<SqliteTarget>,
    file: PathBuf,
    overwrite: bool,
    unfinished: Unfinished,
}

/// The file under its temporary name, removed at the end unless it has been renamed by then.
struct Unfinished {
    path: PathBuf,
    /// Tells other processes that this one writes it.
    _lock: File,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        for path in BESIDE.iter().map(|end| with_end(&self.path, end)).chain([self.path.clone()]) {
            // What is left is removed by the next backup of this name.
            let _removed = std::fs::remove_file(path);
        }
    }
}

impl BackupFile {
    /// Begins a backup; what an earlier one left that did not come to its end is removed.
    pub(super) fn create(file: &Path, overwrite: bool) -> Result<Self, CopyError> {
        refuse_what_is_there(file, overwrite)?;
        let path = with_end(file, ".unfinished");
        let cannot = |problem| CopyError::File { path: path.clone(), problem };
        let opened =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = opened.map_err(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(CopyError::FileBusy(file.into())),
            Err(TryLockError::Error(problem)) => return Err(cannot(problem)),
        }
        // The mode counts for a new file only.
        let owners = std::fs::Permissions::from_mode(0o600);
        lock.set_permissions(owners).and_then(|()| lock.set_len(0)).map_err(cannot)?;
        for beside in BESIDE.iter().map(|end| with_end(&path, end)) {
            match std::fs::remove_file(&beside) {
                Err(problem) if problem.kind() != io::ErrorKind::NotFound => {
                    return Err(CopyError::File { path: beside, problem });
                }
                Ok(()) | Err(_) => {}
            }
        }
        let unfinished = Unfinished { path, _lock: lock };
        let target = Some(SqliteTarget::in_file(&unfinished.path)?);
        Ok(Self { target, file: file.into(), overwrite, unfinished })
    }

    /// What is written.
    ///
    /// # Errors
    /// Never before [`finish`](Self::finish).
    pub(super) fn target(&self) -> Result<&SqliteTarget, CopyError> {
        self.target.as_ref().ok_or_else(|| CopyError::FileBusy(self.file.clone()))
    }

    /// Gives it its name, on stable storage.
    pub(super) fn finish(mut self) -> Result<(), CopyError> {
        if let Some(target) = self.target.take() {
            target.end_copy()?;
            target.close_to_one_file()?;
        }
        // Looked at again: it may have come since the beginning.
        refuse_what_is_there(&self.file, self.overwrite)?;
        let parent = self.file.parent().filter(|parent| !parent.as_os_str().is_empty());
        let renamed = std::fs::rename(&self.unfinished.path, &self.file)
            .and_then(|()| File::open(parent.unwrap_or(Path::new("."))))
            .and_then(|parent| parent.sync_all());
        renamed.map_err(|problem| CopyError::File { path: self.file.clone(), problem })
    }
}

fn refuse_what_is_there(file: &Path, overwrite: bool) -> Result<(), CopyError> {
    // A link that leads nowhere is something too.
    let is_there = file.symlink_metadata().is_ok();
    if is_there && !overwrite { Err(CopyError::FileThere(file.into())) } else { Ok(()) }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
