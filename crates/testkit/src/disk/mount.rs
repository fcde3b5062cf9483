//! A folder's disk, as all that use it share it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::gate::Gate;
use super::machine::Machine;

/// What the files of a mounted folder share.
pub(super) struct Mounted {
    pub(super) machine: Mutex<Machine>,
    pub(super) gate: Gate,
}

impl Mounted {
    pub(super) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
