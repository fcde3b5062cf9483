//! Alone in its process: it lowers a limit.
#![cfg(test)]
#![allow(unsafe_code, reason = "lowers a limit of the process")]

use keyholt_memory::LockedPool;

#[test]
fn without_the_right_to_lock_memory_keys_still_work_and_say_so() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: reads one `rlimit` that lives on this stack.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const none) }, 0);
    let key = LockedPool::new().store(&[7; 32]);
    assert_eq!(key.as_bytes(), &[7; 32]);
    // SAFETY: asks who runs this process.
    let superuser = unsafe { libc::geteuid() } == 0;
    // The limit does not bind the superuser.
    assert!(superuser || !key.is_locked());
}
