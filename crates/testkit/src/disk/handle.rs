//! An open file, in safe terms.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use rusqlite::ffi;

use super::locks::Level;
use super::machine::{Opened, Refused};
use super::mount::Mounted;
use super::shared_memory::SharedMemory;

/// The lock that whoever appends to the log holds (sqlite.org/walformat.html 2.3.1), as a bit.
const WRITE_LOCK: u32 = 1;

/// A file that a connection has open.
pub(super) struct Handle {
    mounted: Arc<Mounted>,
    opened: Opened,
    /// The folder is synced with the file's first sync: so it is with new journals.
    syncs_folder: bool,
    deletes: Option<Box<str>>,
    memory: Option<Arc<SharedMemory>>,
}

impl Handle {
    /// Opens a file with SQLite's flags; without a name it is one that nobody else sees.
    pub(super) fn open(mounted: Arc<Mounted>, name: Option<&str>, flags: c_int) -> Result<Self, Refused> {
        const JOURNALS: c_int =
            ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL | ffi::SQLITE_OPEN_WAL;
        mounted.gate.pass();
        let (opened, is_new) = mounted.machine().open(name, flags & ffi::SQLITE_OPEN_CREATE != 0)?;
        let deletes = name.filter(|_| flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0).map(Into::into);
        let syncs_folder = is_new && flags & JOURNALS != 0;
        Ok(Self { mounted, opened, syncs_folder, deletes, memory: None })
    }

    pub(super) fn read(&self, at: usize, into: &mut [u8]) -> Result<usize, Refused> {
        self.mounted.gate.pass();
        self.mounted.machine().read(self.opened, at, into)
    }

    pub(super) fn write(&self, at: usize, bytes: &[u8]) -> Result<(), Refused> {
        self.mounted.gate.pass();
        self.mounted.machine().write(self.opened, at, bytes)
    }

    pub(super) fn truncate(&self, to: usize) -> Result<(), Refused> {
        self.mounted.gate.pass();
        self.mounted.machine().truncate(self.opened, to)
    }

    pub(super) fn sync(&mut self) -> Result<(), Refused> {
        self.mounted.gate.pass();
        self.mounted.machine().sync(self.opened)?;
        if std::mem::take(&mut self.syncs_folder) {
            // SQLite's own VFS does not ask what came of that either.
            let _ = self.mounted.machine().sync_folder(ffi::SQLITE_IOERR_DIR_FSYNC);
        }
        Ok(())
    }

    pub(super) fn length(&self) -> Result<usize, Refused> {
        self.mounted.gate.pass();
        self.mounted.machine().length(self.opened)
    }

    pub(super) fn lock(&self, level: Level) -> Result<(), Refused> {
        self.mounted.gate.pass();
        self.mounted.machine().lock(self.opened, level)
    }

    pub(super) fn unlock(&self, level: Option<Level>) {
        self.mounted.machine().unlock(self.opened, level);
    }

    pub(super) fn is_reserved(&self) -> Result<bool, Refused> {
        self.mounted.gate.pass();
        self.mounted.machine().is_reserved(self.opened)
    }

    /// Where a region of the shared memory is; null when there is none and none is wanted.
    pub(super) fn region(
        &mut self,
        number: usize,
        bytes: usize,
        extends: bool,
    ) -> Result<*mut c_void, Refused> {
        self.mounted.gate.pass();
        let memory = self.mounted.machine().memory(self.opened, self.memory.is_none())?;
        let region = memory.region(number, bytes, extends);
        self.memory = Some(memory);
        Ok(region)
    }

    pub(super) fn lock_memory(&self, bits: u32, is_exclusive: bool) -> Result<(), Refused> {
        self.mounted.gate.pass();
        self.mounted.machine().lock_memory(self.opened, bits, is_exclusive)
    }

    pub(super) fn unlock_memory(&self, bits: u32) {
        self.mounted.machine().unlock_memory(self.opened, bits);
        if bits & WRITE_LOCK != 0 {
            self.mounted.gate.close_behind();
        }
    }

    pub(super) fn give_back_memory(&mut self) {
        if self.memory.take().is_some() {
            self.mounted.machine().give_back_memory(self.opened);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.give_back_memory();
        let mut machine = self.mounted.machine();
        machine.unlock(self.opened, None);
        if let Some(name) = &self.deletes {
            // A file that stays is not missed.
            let _ = machine.delete(name, false);
        }
    }
}
