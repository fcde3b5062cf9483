//! What SQLite calls on an open file.

use std::ffi::{c_int, c_void};
use std::slice;

use rusqlite::ffi;

use crate::disk::handle::Handle;
use crate::disk::locks::Level;
use crate::disk::machine::Refused;

/// As on Linux: what a write does not touch, a cut leaves alone.
const CHARACTERISTICS: c_int = ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE | ffi::SQLITE_IOCAP_SUBPAGE_READ;
/// What SQLite's own VFS says of every disk.
const SECTOR: c_int = 4096;

/// What lies in the room that SQLite gives for a file.
#[repr(C)]
pub(super) struct OpenFile {
    base: ffi::sqlite3_file,
    handle: *mut Handle,
}

impl OpenFile {
    pub(super) fn new(handle: Handle) -> Self {
        let base = ffi::sqlite3_file { pMethods: &raw const METHODS };
        Self { base, handle: Box::into_raw(Box::new(handle)) }
    }

    /// A file that could not be opened: SQLite does not close it.
    pub(super) const fn none() -> Self {
        Self { base: ffi::sqlite3_file { pMethods: std::ptr::null() }, handle: std::ptr::null_mut() }
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(map_memory),
    xShmLock: Some(lock_memory),
    xShmBarrier: Some(barrier),
    xShmUnmap: Some(unmap_memory),
    xFetch: None,
    xUnfetch: None,
};

/// The handle of an open file.
///
/// # Safety
/// The file was opened by [`OpenFile::new`] and is not closed. SQLite uses a file on one thread at a time.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Handle {
    // SAFETY: as the caller says.
    unsafe { &mut *(*file.cast::<OpenFile>()).handle }
}

fn code(done: Result<(), Refused>) -> c_int {
    done.err().unwrap_or(ffi::SQLITE_OK)
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the file is open; the handle came from a box, and nobody uses it after this.
    unsafe { drop(Box::from_raw((*file.cast::<OpenFile>()).handle)) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, into: *mut c_void, amount: c_int, at: i64) -> c_int {
    let (Ok(amount), Ok(at)) = (usize::try_from(amount), usize::try_from(at)) else {
        return ffi::SQLITE_IOERR_READ;
    };
    // SAFETY: SQLite gives room for that many bytes. They need not be initialised, so zeros come first.
    let into = unsafe {
        into.cast::<u8>().write_bytes(0, amount);
        slice::from_raw_parts_mut(into.cast::<u8>(), amount)
    };
    // SAFETY: the file is open.
    match unsafe { handle(file) }.read(at, into) {
        Ok(length) if length == amount => ffi::SQLITE_OK,
        Ok(_) => ffi::SQLITE_IOERR_SHORT_READ,
        Err(code) => code,
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, amount: c_int, at: i64) -> c_int {
    let (Ok(amount), Ok(at)) = (usize::try_from(amount), usize::try_from(at)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    // SAFETY: SQLite gives that many bytes, and the file is open.
    code(unsafe { handle(file).write(at, slice::from_raw_parts(from.cast::<u8>(), amount)) })
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, to: i64) -> c_int {
    let Ok(to) = usize::try_from(to) else { return ffi::SQLITE_IOERR_TRUNCATE };
    // SAFETY: the file is open.
    code(unsafe { handle(file) }.truncate(to))
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: the file is open.
    code(unsafe { handle(file) }.sync())
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    // SAFETY: the file is open.
    match unsafe { handle(file) }.length().map(i64::try_from) {
        Ok(Ok(length)) => {
            // SAFETY: SQLite passes a place for the answer.
            unsafe { *out = length };
            ffi::SQLITE_OK
        }
        Ok(Err(_)) => ffi::SQLITE_IOERR_FSTAT,
        Err(code) => code,
    }
}

/// SQLite's number of a lock; none for no lock.
const fn level(number: c_int) -> Option<Level> {
    match number {
        ffi::SQLITE_LOCK_SHARED => Some(Level::Shared),
        ffi::SQLITE_LOCK_RESERVED => Some(Level::Reserved),
        ffi::SQLITE_LOCK_PENDING => Some(Level::Pending),
        ffi::SQLITE_LOCK_EXCLUSIVE => Some(Level::Exclusive),
        _ => None,
    }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    let Some(wanted) = level(wanted) else { return ffi::SQLITE_OK };
    // SAFETY: the file is open.
    code(unsafe { handle(file) }.lock(wanted))
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: the file is open.
    unsafe { handle(file) }.unlock(level(wanted));
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: the file is open.
    match unsafe { handle(file) }.is_reserved() {
        Ok(is_reserved) => {
            // SAFETY: SQLite passes a place for the answer.
            unsafe { *out = c_int::from(is_reserved) };
            ffi::SQLITE_OK
        }
        Err(code) => code,
    }
}

unsafe extern "C" fn file_control(_file: *mut ffi::sqlite3_file, _what: c_int, _with: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    SECTOR
}

unsafe extern "C" fn device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    CHARACTERISTICS
}

unsafe extern "C" fn map_memory(
    file: *mut ffi::sqlite3_file,
    number: c_int,
    bytes: c_int,
    extends: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let (Ok(number), Ok(bytes)) = (usize::try_from(number), usize::try_from(bytes)) else {
        return ffi::SQLITE_IOERR_SHMMAP;
    };
    // SAFETY: the file is open.
    let (region, code) = match unsafe { handle(file) }.region(number, bytes, extends != 0) {
        Ok(region) => (region, ffi::SQLITE_OK),
        Err(code) => (std::ptr::null_mut(), code),
    };
    // SAFETY: SQLite passes a place for the answer.
    unsafe { *out = region };
    code
}

unsafe extern "C" fn lock_memory(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    let all = |count: c_int| 1_u32.checked_shl(count.unsigned_abs()).unwrap_or_default().wrapping_sub(1);
    let bits = all(count).checked_shl(first.unsigned_abs()).unwrap_or_default();
    // SAFETY: the file is open.
    let handle = unsafe { handle(file) };
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        handle.unlock_memory(bits);
        return ffi::SQLITE_OK;
    }
    code(handle.lock_memory(bits, flags & ffi::SQLITE_SHM_EXCLUSIVE != 0))
}

unsafe extern "C" fn barrier(_file: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

unsafe extern "C" fn unmap_memory(file: *mut ffi::sqlite3_file, _deletes: c_int) -> c_int {
    // SAFETY: the file is open.
    unsafe { handle(file) }.give_back_memory();
    ffi::SQLITE_OK
}
