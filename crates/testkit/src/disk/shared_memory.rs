//! The memory that connections to one database share: the index of its write-ahead log.

use std::ffi::c_void;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

/// Regions that stay where they are as long as anybody has them. SQLite writes them through pointers, from all threads;
/// whole words that may change behind a shared reference are what such memory is.
#[derive(Default, Debug)]
pub(super) struct SharedMemory(Mutex<Vec<Box<[AtomicU64]>>>);

impl SharedMemory {
    /// Where a region of so many bytes begins; null when there is none and none is wanted.
    pub(super) fn region(&self, number: usize, bytes: usize, extends: bool) -> *mut c_void {
        let mut regions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while extends && regions.len() <= number {
            regions.push((0..bytes.div_ceil(8)).map(|_| AtomicU64::new(0)).collect());
        }
        regions.get(number).map_or(std::ptr::null_mut(), |region| region.as_ptr().cast_mut().cast())
    }
}
