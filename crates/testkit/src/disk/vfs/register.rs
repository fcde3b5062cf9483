//! The VFS of the process: files on mounted disks are ours, all others go to the system as before.

use std::ffi::{CStr, c_char, c_int};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::ffi;

use super::file::OpenFile;
use crate::disk::handle::Handle;
use crate::disk::registry;

/// The longest pause, in microseconds: what is waited for is in the same process and comes soon, or never.
const PAUSE: c_int = 100;

/// Makes ours the VFS that SQLite takes unless told otherwise; once is enough.
///
/// # Errors
/// When SQLite does not take it.
pub(in crate::disk) fn register() -> io::Result<()> {
    static IS_REGISTERED: Mutex<bool> = Mutex::new(false);
    let mut is_registered = IS_REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    if *is_registered {
        return Ok(());
    }
    // SAFETY: asks for the default; what comes back is null or lives as long as the process.
    let system = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
    // SAFETY: as above, and nobody writes to it.
    let Some(template) = (unsafe { system.as_ref() }) else {
        return Err(io::Error::other("SQLite has no VFS"));
    };
    let room = c_int::try_from(size_of::<OpenFile>()).map_err(io::Error::other)?;
    // What is not replaced does not look at the VFS that it is called with.
    let ours = ffi::sqlite3_vfs {
        szOsFile: template.szOsFile.max(room),
        pNext: std::ptr::null_mut(),
        zName: c"keyholt-disk".as_ptr(),
        pAppData: system.cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xSleep: Some(sleep),
        ..*template
    };
    // SAFETY: it is complete and lives as long as the process.
    let code = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 1) };
    if code != ffi::SQLITE_OK {
        return Err(io::Error::other(format!("SQLite refused the VFS with {code}")));
    }
    *is_registered = true;
    Ok(())
}

/// The VFS that was there before.
///
/// # Safety
/// The pointer is to the VFS that [`register`] made.
unsafe fn system<'a>(vfs: *mut ffi::sqlite3_vfs) -> &'a mut ffi::sqlite3_vfs {
    // SAFETY: `register` put a pointer there that lives as long as the process.
    unsafe { &mut *(*vfs).pAppData.cast() }
}

/// A path as text; none when there is none, or it is no text, which no path of ours is.
///
/// # Safety
/// The pointer is null or to a text with a zero at its end, which lives as long as the result is used.
unsafe fn text<'a>(path: *const c_char) -> Option<&'a str> {
    if path.is_null() {
        return None;
    }
    // SAFETY: as the caller says.
    unsafe { CStr::from_ptr(path) }.to_str().ok()
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    mut flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite keeps the path while the file is open.
    let path_text = unsafe { text(path) };
    let Some((path_text, (mounted, name))) = path_text.and_then(|path| Some((path, registry::find(path)?)))
    else {
        // SAFETY: the VFS is ours; the rest is passed on as it came, with room for the system's file.
        return unsafe {
            let system = system(vfs);
            system.xOpen.map_or(ffi::SQLITE_CANTOPEN, |open| open(system, path, file, flags, out_flags))
        };
    };
    if Path::new(path_text).exists() {
        // The store made the file itself before it told SQLite; to SQLite it is as if it were new.
        flags |= ffi::SQLITE_OPEN_CREATE;
    }
    let opened = Handle::open(mounted, Some(name), flags);
    // SAFETY: SQLite gives as much room as the VFS asks for, and a place for the flags or null.
    unsafe {
        let place = file.cast::<OpenFile>();
        match opened {
            Ok(handle) => {
                if let Some(out_flags) = out_flags.as_mut() {
                    *out_flags = flags;
                }
                place.write(OpenFile::new(handle));
                ffi::SQLITE_OK
            }
            Err(code) => {
                place.write(OpenFile::none());
                code
            }
        }
    }
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, path: *const c_char, syncs_folder: c_int) -> c_int {
    // SAFETY: SQLite passes a path.
    match unsafe { text(path) }.and_then(registry::find) {
        Some((mounted, name)) => {
            mounted.gate.pass();
            let deleted = mounted.machine().delete(name, syncs_folder & 1 != 0);
            deleted.err().unwrap_or(ffi::SQLITE_OK)
        }
        // SAFETY: the VFS is ours; the rest is passed on as it came.
        None => unsafe {
            let system = system(vfs);
            system.xDelete.map_or(ffi::SQLITE_IOERR_DELETE, |delete| delete(system, path, syncs_folder))
        },
    }
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes a path.
    match unsafe { text(path) }.and_then(registry::find) {
        Some((mounted, name)) => {
            mounted.gate.pass();
            match mounted.machine().exists(name, flags != ffi::SQLITE_ACCESS_EXISTS) {
                Ok(exists) => {
                    // SAFETY: SQLite passes a place for the answer.
                    unsafe { *out = c_int::from(exists) };
                    ffi::SQLITE_OK
                }
                Err(code) => code,
            }
        }
        // SAFETY: the VFS is ours; the rest is passed on as it came.
        None => unsafe {
            let system = system(vfs);
            system.xAccess.map_or(ffi::SQLITE_IOERR_ACCESS, |access| access(system, path, flags, out))
        },
    }
}

unsafe extern "C" fn sleep(vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    // SAFETY: the VFS is ours.
    unsafe {
        let system = system(vfs);
        if let Some(sleep) = system.xSleep {
            sleep(system, microseconds.min(PAUSE));
        }
    }
    microseconds
}
