//! A machine and its disk: files, names, locks, and the count of operations. All of it is behind one lock.

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::sync::Arc;

use rusqlite::ffi;

use super::fate::Fate;
use super::locks::{FileLocks, Level, MemoryLocks, OwnerId};
use super::medium::Medium;
use super::names::{FileId, Names};
use super::operation::{Course, Operation, Plan};
use super::shared_memory::SharedMemory;
use crate::Random;

/// An operation that came to nothing, with SQLite's code.
pub(super) type Refused = c_int;

/// Who asks: an open file of some run of the machine. What was opened before the power was cut is void.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened {
    pub(super) file: FileId,
    pub(super) owner: OwnerId,
    pub(super) run: u64,
}

/// A file that is there.
#[derive(Default, Debug)]
struct File {
    medium: Medium,
    locks: FileLocks,
    memory: Option<Arc<SharedMemory>>,
    memory_users: usize,
    memory_locks: MemoryLocks,
}

/// Files by their names, whole.
pub(super) type Files = BTreeMap<Box<str>, Vec<u8>>;

#[derive(Debug)]
pub(super) struct Machine {
    run: u64,
    is_on: bool,
    plan: Plan,
    operations: u64,
    operations_of_kind: u64,
    /// What was asked, in one number: equal when all operations were.
    trace: u64,
    has_failed_to_sync: bool,
    files: BTreeMap<FileId, File>,
    names: Names,
    last_id: u64,
    random: Random,
}

impl Machine {
    pub(super) fn new(files: Files, seed: u64) -> Self {
        let mut machine = Self {
            run: 0,
            is_on: true,
            plan: Plan::default(),
            operations: 0,
            operations_of_kind: 0,
            trace: 0,
            has_failed_to_sync: false,
            files: BTreeMap::new(),
            names: Names::default(),
            last_id: 0,
            random: Random::new(seed),
        };
        machine.put_on_platter(files);
        machine
    }

    fn put_on_platter(&mut self, files: Files) {
        self.files.clear();
        let mut entries = BTreeMap::new();
        for (name, content) in files {
            let id = self.next_id();
            self.files.insert(id, File { medium: Medium::on_platter(content), ..File::default() });
            entries.insert(name, id);
        }
        self.names = Names::on_platter(entries);
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn set_plan(&mut self, plan: Plan) {
        (self.plan, self.operations, self.operations_of_kind, self.trace) = (plan, 0, 0, 0);
    }

    pub(super) const fn is_on(&self) -> bool {
        self.is_on
    }

    pub(super) const fn operations(&self) -> u64 {
        self.operations
    }

    pub(super) const fn trace(&self) -> u64 {
        self.trace
    }

    pub(super) const fn has_failed_to_sync(&self) -> bool {
        self.has_failed_to_sync
    }

    pub(super) const fn cut(&mut self) {
        self.is_on = false;
    }

    /// What would be found if the power were cut now.
    pub(super) fn after_cut(&self, seed: u64) -> Files {
        let mut random = Random::new(seed);
        let fate = Fate::draw(&mut random);
        let entries = self.names.clone().after_cut(fate, &mut random);
        entries
            .into_iter()
            .filter_map(|(name, id)| {
                let medium = self.files.get(&id)?.medium.clone();
                Some((name, medium.after_cut(fate, &mut random)))
            })
            .collect()
    }

    /// Cuts the power if it is on, and switches the machine on again.
    pub(super) fn restart(&mut self, seed: u64) {
        let files = self.after_cut(seed);
        self.put_on_platter(files);
        self.run += 1;
        self.is_on = true;
        self.has_failed_to_sync = false;
        self.set_plan(Plan::default());
    }

    /// Counts an operation and tells what becomes of it.
    fn begin(&mut self, operation: Operation, detail: u64) -> Result<Course, Refused> {
        if !self.is_on {
            return Err(operation.code());
        }
        self.operations += 1;
        self.operations_of_kind += u64::from(self.plan.counts(operation));
        self.trace = Random::new(self.trace ^ ((operation as u64) << 56) ^ detail).next_u64();
        let course = self.plan.course(self.operations, self.operations_of_kind, operation);
        if course == Course::Cut {
            self.is_on = false;
        }
        Ok(course)
    }

    /// The same for what changes nothing.
    fn begin_to_look(&mut self, operation: Operation, detail: u64) -> Result<(), Refused> {
        match self.begin(operation, detail)? {
            Course::Done => Ok(()),
            Course::Cut => Err(operation.code()),
            Course::Fails(code) => Err(code),
        }
    }

    fn file(&mut self, opened: Opened, operation: Operation) -> Result<&mut File, Refused> {
        let is_void = opened.run != self.run;
        self.files.get_mut(&opened.file).filter(|_| !is_void).ok_or(operation.code())
    }

    /// Opens a file. One that is to be made and is not there has a name from then on, but not durably.
    pub(super) fn open(&mut self, name: Option<&str>, makes: bool) -> Result<(Opened, bool), Refused> {
        let course = self.begin(Operation::Open, 0)?;
        if let Course::Fails(code) = course {
            return Err(code);
        }
        let found = name.and_then(|name| self.names.find(name));
        let file = match (found, name) {
            (Some(file), _) => file,
            (None, Some(_)) if !makes => return Err(ffi::SQLITE_CANTOPEN),
            (None, name) => {
                let file = self.next_id();
                self.files.insert(file, File::default());
                if let Some(name) = name {
                    self.names.set(name, Some(file));
                }
                file
            }
        };
        let opened = Opened { file, owner: self.next_id(), run: self.run };
        self.finish(course, Operation::Open).map(|()| (opened, found.is_none()))
    }

    /// Whoever asked for what was cut off gets an error, which nobody hears any more.
    fn finish(&self, course: Course, operation: Operation) -> Result<(), Refused> {
        if course == Course::Cut { Err(operation.code()) } else { Ok(()) }
    }

    pub(super) fn delete(&mut self, name: &str, syncs_folder: bool) -> Result<(), Refused> {
        let course = self.begin(Operation::Delete, 0)?;
        if let Course::Fails(code) = course {
            return Err(code);
        }
        if self.names.find(name).is_none() {
            return Err(ffi::SQLITE_IOERR_DELETE_NOENT);
        }
        self.names.set(name, None);
        self.finish(course, Operation::Delete)?;
        if syncs_folder { self.sync_folder(ffi::SQLITE_IOERR_DIR_FSYNC) } else { Ok(()) }
    }

    /// Syncs the folder; an error has this code.
    pub(super) fn sync_folder(&mut self, code: c_int) -> Result<(), Refused> {
        match self.begin(Operation::Sync, 1)? {
            Course::Done if self.plan.lies => Ok(()),
            Course::Done => {
                self.names.sync();
                Ok(())
            }
            Course::Cut | Course::Fails(_) => Err(code),
        }
    }

    /// Whether there is a file of this name; as SQLite's own VFS has it, an empty one is none.
    pub(super) fn exists(&mut self, name: &str, even_empty: bool) -> Result<bool, Refused> {
        self.begin_to_look(Operation::Exists, 0)?;
        let file = self.names.find(name).and_then(|file| self.files.get(&file));
        Ok(file.is_some_and(|file| even_empty || file.medium.length() > 0))
    }

    /// Reads, and tells how many bytes were there.
    pub(super) fn read(&mut self, opened: Opened, at: usize, into: &mut [u8]) -> Result<usize, Refused> {
        self.begin_to_look(Operation::Read, at as u64)?;
        Ok(self.file(opened, Operation::Read)?.medium.read(at, into))
    }

    pub(super) fn write(&mut self, opened: Opened, at: usize, bytes: &[u8]) -> Result<(), Refused> {
        let course = self.begin(Operation::Write, ((at as u64) << 20) | bytes.len() as u64)?;
        let mut random = self.random.fork();
        let medium = &mut self.file(opened, Operation::Write)?.medium;
        if let Course::Fails(code) = course {
            medium.write_some(at, bytes, &mut random);
            return Err(code);
        }
        medium.write(at, bytes);
        self.finish(course, Operation::Write)
    }

    pub(super) fn truncate(&mut self, opened: Opened, to: usize) -> Result<(), Refused> {
        let course = self.begin(Operation::Truncate, to as u64)?;
        if let Course::Fails(code) = course {
            return Err(code);
        }
        self.file(opened, Operation::Truncate)?.medium.truncate(to);
        self.finish(course, Operation::Truncate)
    }

    pub(super) fn sync(&mut self, opened: Opened) -> Result<(), Refused> {
        let course = self.begin(Operation::Sync, 0)?;
        let lies = self.plan.lies;
        let mut random = self.random.fork();
        let medium = &mut self.file(opened, Operation::Sync)?.medium;
        match course {
            Course::Done if lies => Ok(()),
            Course::Done => {
                medium.sync();
                Ok(())
            }
            // What it would have done is with the rest that is not synced.
            Course::Cut => Err(Operation::Sync.code()),
            Course::Fails(code) => {
                medium.fail_to_sync(&mut random);
                self.has_failed_to_sync = true;
                Err(code)
            }
        }
    }

    pub(super) fn length(&mut self, opened: Opened) -> Result<usize, Refused> {
        self.begin_to_look(Operation::Size, 0)?;
        Ok(self.file(opened, Operation::Size)?.medium.length())
    }

    pub(super) fn lock(&mut self, opened: Opened, level: Level) -> Result<(), Refused> {
        self.begin_to_look(Operation::Lock, level as u64)?;
        let is_taken = self.file(opened, Operation::Lock)?.locks.take(opened.owner, level);
        if is_taken { Ok(()) } else { Err(ffi::SQLITE_BUSY) }
    }

    pub(super) fn unlock(&mut self, opened: Opened, level: Option<Level>) {
        if let Ok(file) = self.file(opened, Operation::Lock) {
            file.locks.release_to(opened.owner, level);
        }
    }

    pub(super) fn is_reserved(&mut self, opened: Opened) -> Result<bool, Refused> {
        self.begin_to_look(Operation::Lock, 0)?;
        Ok(self.file(opened, Operation::Lock)?.locks.is_reserved())
    }

    /// The shared memory of a file. Who has it gives it back once.
    pub(super) fn memory(&mut self, opened: Opened, is_new_user: bool) -> Result<Arc<SharedMemory>, Refused> {
        self.begin_to_look(Operation::MapMemory, 0)?;
        let file = self.file(opened, Operation::MapMemory)?;
        file.memory_users += usize::from(is_new_user);
        Ok(Arc::clone(file.memory.get_or_insert_default()))
    }

    pub(super) fn give_back_memory(&mut self, opened: Opened) {
        if let Ok(file) = self.file(opened, Operation::MapMemory) {
            file.memory_locks.release_all(opened.owner);
            file.memory_users = file.memory_users.saturating_sub(1);
            if file.memory_users == 0 {
                file.memory = None;
            }
        }
    }

    pub(super) fn lock_memory(&mut self, opened: Opened, bits: u32, is_exclusive: bool) -> Result<(), Refused> {
        self.begin_to_look(Operation::LockMemory, u64::from(bits))?;
        let file = self.file(opened, Operation::LockMemory)?;
        let is_taken = file.memory_locks.take(opened.owner, bits, is_exclusive);
        if is_taken { Ok(()) } else { Err(ffi::SQLITE_BUSY) }
    }

    pub(super) fn unlock_memory(&mut self, opened: Opened, bits: u32) {
        if let Ok(file) = self.file(opened, Operation::LockMemory) {
            file.memory_locks.release(opened.owner, bits);
        }
    }
}
