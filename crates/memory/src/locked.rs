//! Keys in locked pages.

use std::alloc::{Layout, handle_alloc_error};
use std::convert::Infallible;
use std::fmt;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zeroize::Zeroize;

use crate::page::LockedPage;

/// Hands out slots of `N` bytes in locked pages, many to a page: RLIMIT_MEMLOCK counts pages, and a
/// page for each key would use it up after a few thousand keys. Copies share the same pages.
///
/// Slots are used again after they were wiped. Pages go back to the system with the pool and its last
/// slot.
pub struct LockedPool<const N: usize>(Arc<Mutex<State<N>>>);

struct State<const N: usize> {
    free: Vec<Slot<N>>,
    // Only held: the slots point into them.
    pages: Vec<LockedPage>,
}

struct Slot<const N: usize> {
    bytes: NonNull<[u8; N]>,
    locked: bool,
}

// SAFETY: a slot is plain memory that one owner has at a time: the pool's list or one `LockedBytes`.
unsafe impl<const N: usize> Send for Slot<N> {}
// SAFETY: a shared slot only gives `&[u8; N]`.
unsafe impl<const N: usize> Sync for Slot<N> {}

impl<const N: usize> LockedPool<N> {
    /// A pool without pages; it maps the first one when it is needed.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State { free: Vec::new(), pages: Vec::new() })))
    }

    /// Copies these bytes into a slot. Wipe the source.
    #[must_use]
    pub fn store(&self, bytes: &[u8; N]) -> LockedBytes<N> {
        match self.fill(|slot| {
            *slot = *bytes;
            Ok::<_, Infallible>(())
        }) {
            Ok(stored) => stored,
        }
    }

    /// Makes bytes in their slot, so that they never stand anywhere else. The slot starts as zeros.
    ///
    /// # Errors
    /// Those of `fill`; the slot is wiped then.
    pub fn fill<E>(&self, fill: impl FnOnce(&mut [u8; N]) -> Result<(), E>) -> Result<LockedBytes<N>, E> {
        let slot = lock(&self.0).take();
        let mut made = LockedBytes { slot, pool: Arc::clone(&self.0) };
        // SAFETY: the slot is out of the pool's list, lives as long as the pool that `made` holds, is
        // initialised (zeros of a new page or of wiping), and `made` is not shared yet.
        fill(unsafe { made.slot.bytes.as_mut() })?;
        Ok(made)
    }
}

impl<const N: usize> Clone for LockedPool<N> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<const N: usize> Default for LockedPool<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for LockedPool<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockedPool(**)")
    }
}

impl<const N: usize> State<N> {
    fn take(&mut self) -> Slot<N> {
        const { assert!(N > 0 && N <= 4096, "a slot fits a page") };
        if let Some(slot) = self.free.pop() {
            return slot;
        }
        let Ok(page) = LockedPage::map() else {
            // The machine is out of memory: as when a `Vec` cannot grow.
            handle_alloc_error(Layout::new::<[u8; N]>())
        };
        let slot = |place: usize| Slot {
            // SAFETY: `place` counts whole slots within the page, and an array of bytes needs no alignment.
            bytes: unsafe { page.start().add(place * N) }.cast(),
            locked: page.is_locked(),
        };
        self.free.extend((1..page.size() / N).map(slot));
        let first = slot(0);
        self.pages.push(page);
        first
    }
}

/// `N` bytes, such as a key, in a locked page. Wiped on drop; prints as `LockedBytes(**)`.
pub struct LockedBytes<const N: usize> {
    slot: Slot<N>,
    pool: Arc<Mutex<State<N>>>,
}

impl<const N: usize> LockedBytes<N> {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; N] {
        // SAFETY: this value owns the slot, the slot is initialised, and the page lives as long as the
        // pool that this value holds.
        unsafe { self.slot.bytes.as_ref() }
    }

    /// Whether they are kept out of swap; not where RLIMIT_MEMLOCK is too low.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.slot.locked
    }
}

impl<const N: usize> Drop for LockedBytes<N> {
    fn drop(&mut self) {
        // SAFETY: as in `as_bytes`, and nobody else refers to a value that is dropped.
        unsafe { self.slot.bytes.as_mut() }.zeroize();
        let slot = Slot { bytes: self.slot.bytes, locked: self.slot.locked };
        lock(&self.pool).free.push(slot);
    }
}

impl<const N: usize> fmt::Debug for LockedBytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockedBytes(**)")
    }
}

/// The state is whole whenever the lock is free: a panic of another thread does not spoil it.
fn lock<const N: usize>(state: &Mutex<State<N>>) -> MutexGuard<'_, State<N>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_and_do_not_print() {
        let key = LockedPool::new().store(&[0xA5; 32]);
        assert_eq!(key.as_bytes(), &[0xA5; 32]);
        assert_eq!(format!("{key:?}"), "LockedBytes(**)");
    }

    #[test]
    fn ten_thousand_keys_share_pages_and_do_not_overlap() {
        let pool = LockedPool::<32>::new();
        let pattern = |number: u32| {
            let mut bytes = [0; 32];
            bytes.chunks_exact_mut(4).for_each(|chunk| chunk.copy_from_slice(&number.to_be_bytes()));
            bytes
        };
        let keys: Vec<_> = (0..10_000).map(|number| pool.store(&pattern(number))).collect();
        for (number, key) in (0..).zip(&keys) {
            assert_eq!(key.as_bytes(), &pattern(number));
        }
        let pages = lock(&pool.0).pages.len();
        assert_eq!(pages, (10_000 * 32usize).div_ceil(page_bytes(&pool)));
        drop(keys);
        let again: Vec<_> = (0..10_000).map(|number| pool.store(&pattern(number))).collect();
        assert_eq!(again.len(), 10_000);
        assert_eq!(lock(&pool.0).pages.len(), pages, "wiped slots are used again");
    }

    fn page_bytes<const N: usize>(pool: &LockedPool<N>) -> usize {
        lock(&pool.0).pages.first().map_or(0, LockedPage::size)
    }

    #[test]
    fn a_dropped_key_is_wiped() {
        let pool = LockedPool::<32>::new();
        let key = pool.store(&[0xA5; 32]);
        let place = key.slot.bytes;
        drop(key);
        // SAFETY: the pool keeps the page mapped, and no other thread has this pool.
        assert_eq!(unsafe { place.as_ref() }, &[0; 32]);
    }

    #[test]
    fn a_key_that_fails_to_be_made_is_wiped() {
        let pool = LockedPool::<32>::new();
        let mut place = None;
        let failed = pool.fill(|slot| {
            slot.fill(0xA5);
            place = Some(NonNull::from(slot));
            Err("no")
        });
        assert_eq!(failed.err(), Some("no"));
        // SAFETY: the pool keeps the page mapped, and no other thread has this pool.
        assert_eq!(unsafe { place.unwrap().as_ref() }, &[0; 32]);
    }

    #[test]
    fn a_key_outlives_the_handle_of_its_pool() {
        let pool = LockedPool::new();
        let key = pool.clone().store(&[1; 16]);
        drop(pool);
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(key.as_bytes(), &[1; 16]));
        });
    }
}
