//! A disk that fails as it is told: what SQLite believes to be files lies in memory, with what is on the platter apart
//! from what is not synced yet (design/security.md A1).
//!
//! [`Disk`] takes the place of one folder, for SQLite alone, below everything else that the process keeps in files: the
//! process's default VFS (`vfs`) looks a file's folder up and passes on what is not ours. A file is a `medium`; which
//! file has which name is durable for itself (`names`). A [`Plan`] says which operation fails, or with which one the power
//! is cut; what was not synced is then kept, dropped or torn, as a seed says (`fate`). A [`Gate`] lets a test decide when
//! another thread goes on, so that one seed always gives the same operations in the same order.

mod fate;
mod gate;
mod handle;
mod locks;
mod machine;
mod medium;
mod mount;
mod mounted;
mod names;
mod operation;
mod registry;
mod shared_memory;
#[cfg(test)]
mod tests;
mod vfs;

pub use gate::Gate;
pub use mounted::{Disk, Image};
pub use operation::{Kind, Lasting, Plan};
