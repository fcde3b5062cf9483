//! What the process asks of the kernel at its start.

use std::io;

/// What [`harden_process`] achieved. A failure is reported, not fatal: a container may forbid a call.
#[derive(Debug)]
#[must_use]
pub struct Hardening {
    /// Processes of the same user can neither trace this one nor read its memory, and it leaves no core
    /// file (`PR_SET_DUMPABLE` = 0).
    pub not_dumpable: io::Result<()>,
    /// Core files have no size (`RLIMIT_CORE` = 0), whatever is executed later.
    pub no_core_files: io::Result<()>,
}

/// Closes the process to core files and debuggers. Call it before any key is read.
pub fn harden_process() -> Hardening {
    // The kernel reads a whole word.
    let off: libc::c_ulong = 0;
    // SAFETY: sets an attribute of this process; takes no pointers.
    let dumpable = unsafe { libc::prctl(libc::PR_SET_DUMPABLE, off, off, off, off) };
    let not_dumpable = result_of(dumpable);
    let nothing = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: reads one `rlimit` that lives on this stack.
    let core = unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const nothing) };
    Hardening { not_dumpable, no_core_files: result_of(core) }
}

/// Keeps the kernel from backing memory with huge pages: one byte of a large allocation would cost 2 MiB, and
/// the buffers of a request that was large once would stay as large (`PR_SET_THP_DISABLE`).
///
/// # Errors
/// When the kernel refuses; only more memory is used then.
pub fn avoid_huge_pages() -> io::Result<()> {
    let (on, unused): (libc::c_ulong, libc::c_ulong) = (1, 0);
    // SAFETY: sets an attribute of this process; takes no pointers.
    result_of(unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, on, unused, unused, unused) })
}

/// Keeps all memory of the process, present and future, out of swap (`mlockall`).
///
/// # Errors
/// When RLIMIT_MEMLOCK is lower than what the process uses; under such a limit memory that is
/// allocated later may be refused too, so it should be unlimited.
pub fn lock_all_memory() -> io::Result<()> {
    // SAFETY: concerns paging only; takes no pointers.
    result_of(unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) })
}

/// Raises the number of files that may be open to the most that the system allows without privileges
/// (RLIMIT_NOFILE, soft to hard), and gives that number. Each connection is a file.
///
/// # Errors
/// When the kernel refuses, such as under a seccomp filter; the limit is unchanged then.
pub fn raise_file_limit() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes one `rlimit` that lives on this stack.
    result_of(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) })?;
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: reads one `rlimit` that lives on this stack.
    result_of(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) })?;
    Ok(limit.rlim_cur)
}

fn result_of(status: libc::c_int) -> io::Result<()> {
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_limit_rises_to_the_hard_limit() {
        let raised = raise_file_limit().unwrap();
        assert_eq!(raise_file_limit().unwrap(), raised);
    }
}
