//! Memory that forgets: an allocator that wipes what is freed, locked pages for keys, and what the
//! process asks of the kernel so that others cannot look inside.
//!
//! **Invariant:** the only crate that ships with `unsafe` code; each block says why it is sound. Linux only.
//!
//! **What it does not promise:** moves leave copies on stacks and in registers. No secret stands in
//! freed heap memory, in a core file, in swap, or before another unprivileged process; that is all.
#![allow(
    unsafe_code,
    reason = "allocators, mlock, madvise and prctl have no safe interface; it all lives here"
)]
#![warn(clippy::undocumented_unsafe_blocks)]

mod allocator;
mod locked;
mod page;
mod process;

pub use allocator::WipingAllocator;
pub use locked::{LockedBytes, LockedPool};
pub use process::{Hardening, avoid_huge_pages, harden_process, lock_all_memory, raise_file_limit};
