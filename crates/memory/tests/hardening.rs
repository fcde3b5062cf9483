//! Alone in its process: it cannot be undone.
#![cfg(test)]
#![allow(unsafe_code, reason = "asks the kernel what was set")]

use keyholt_memory::{Hardening, harden_process};

#[test]
fn a_hardened_process_leaves_no_core_and_is_closed_to_debuggers() {
    let Hardening { not_dumpable, no_core_files } = harden_process();
    assert!(not_dumpable.is_ok() && no_core_files.is_ok());
    // SAFETY: reads an attribute of this process.
    assert_eq!(unsafe { libc::prctl(libc::PR_GET_DUMPABLE) }, 0);
    let mut core = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
    // SAFETY: writes one `rlimit` that lives on this stack.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut core) }, 0);
    assert_eq!((core.rlim_cur, core.rlim_max), (0, 0));
}
