//! SQLite's interface to a system (sqlite.org/vfs.html), as far as it must be spoken in pointers.
//!
//! **Invariant:** the only unsafe code of what is not shipped. Each function turns pointers into safe values, calls
//! [`Handle`](super::handle::Handle) or the machine, and nothing else.
#![expect(unsafe_code, reason = "SQLite calls a VFS through pointers; all of that is here")]
#![warn(clippy::undocumented_unsafe_blocks)]

mod file;
mod register;

pub(super) use register::register;
