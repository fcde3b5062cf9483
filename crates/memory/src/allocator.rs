//! An allocator that wipes what it frees.

use std::alloc::{GlobalAlloc, Layout};
use std::slice;

use mimalloc::MiMalloc;
use zeroize::optimization_barrier;

/// Wipes every block before it goes back to the allocator underneath.
///
/// Values pass through the buffers of libraries that do not know of them: HTTP, JSON, TLS, the
/// database. What they free is overwritten here, so it does not wait in the heap for the next reader.
///
/// A block that grows or shrinks always moves and its old place is wiped: `realloc` is deliberately
/// left to [`GlobalAlloc`], which allocates, copies and frees.
///
/// ```
/// use keyholt_memory::WipingAllocator;
///
/// #[global_allocator]
/// static ALLOCATOR: WipingAllocator = WipingAllocator::new();
/// ```
#[derive(Debug)]
pub struct WipingAllocator<A = MiMalloc>(A);

impl WipingAllocator {
    /// On top of mimalloc.
    #[must_use]
    pub const fn new() -> Self {
        Self(MiMalloc)
    }
}

impl Default for WipingAllocator {
    fn default() -> Self {
        Self::new()
    }
}

impl<A> WipingAllocator<A> {
    /// On top of another allocator.
    #[must_use]
    pub const fn over(inner: A) -> Self {
        Self(inner)
    }
}

// SAFETY: every call is passed on unchanged to an allocator that keeps the contract; wiping touches
// only the block that the caller gives up.
unsafe impl<A: GlobalAlloc> GlobalAlloc for WipingAllocator<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`, which is the same here.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is the same here.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller gives up a live block of `layout.size()` bytes, so it may be written, and
        // after that it is initialised and nobody else refers to it.
        let wiped = unsafe {
            block.write_bytes(0, layout.size());
            slice::from_raw_parts(block, layout.size())
        };
        // Without it the compiler may leave out writes to memory that nobody reads again.
        optimization_barrier(wiped);
        // SAFETY: the caller keeps the contract of `dealloc`; the block came from the same allocator.
        unsafe { self.0.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    use std::alloc::System;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Looks at each block in the moment in which it is freed.
    #[derive(Default)]
    struct Inspector {
        freed: AtomicUsize,
        bytes_left: AtomicUsize,
    }

    // SAFETY: `System` does the work.
    unsafe impl GlobalAlloc for Inspector {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: passed on.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: the block is live until the next call, and `WipingAllocator` has written it whole.
            let bytes = unsafe { slice::from_raw_parts(block, layout.size()) };
            let left = bytes.iter().filter(|byte| **byte != 0).count();
            self.freed.fetch_add(1, Ordering::SeqCst);
            self.bytes_left.fetch_add(left, Ordering::SeqCst);
            // SAFETY: passed on.
            unsafe { System.dealloc(block, layout) }
        }
    }

    fn seen(allocator: &WipingAllocator<Inspector>) -> (usize, usize) {
        (allocator.0.freed.load(Ordering::SeqCst), allocator.0.bytes_left.load(Ordering::SeqCst))
    }

    #[test]
    fn a_freed_block_holds_only_zeros() {
        let allocator = WipingAllocator::over(Inspector::default());
        for size in [1, 7, 64, 4096, 1 << 20] {
            let layout = Layout::from_size_align(size, 8).unwrap();
            // SAFETY: the layout is not empty; the block is written within its size and freed once.
            unsafe {
                let block = allocator.alloc(layout);
                assert!(!block.is_null());
                block.write_bytes(0xA5, size);
                allocator.dealloc(block, layout);
            }
        }
        assert_eq!(seen(&allocator), (5, 0));
    }

    #[test]
    fn a_block_that_grows_or_shrinks_keeps_its_bytes_and_leaves_zeros_behind() {
        let allocator = WipingAllocator::over(Inspector::default());
        let layout = |size| Layout::from_size_align(size, 8).unwrap();
        // SAFETY: sizes are not zero, each layout is the one of the block's last call, and the block is
        // read within the bytes that were written.
        unsafe {
            let small = allocator.alloc(layout(100));
            small.write_bytes(0xA5, 100);
            let large = allocator.realloc(small, layout(100), 10_000);
            assert_eq!(slice::from_raw_parts(large, 100), [0xA5; 100]);
            large.write_bytes(0xA5, 10_000);
            let smaller = allocator.realloc(large, layout(10_000), 10);
            assert_eq!(slice::from_raw_parts(smaller, 10), [0xA5; 10]);
            allocator.dealloc(smaller, layout(10));
        }
        assert_eq!(seen(&allocator), (3, 0));
    }

    #[test]
    fn zeroed_blocks_are_zero_on_mimalloc() {
        let allocator = WipingAllocator::new();
        let layout = Layout::from_size_align(512, 64).unwrap();
        for _ in 0..100 {
            // SAFETY: the layout is not empty; the block is read and written within its size.
            unsafe {
                let block = allocator.alloc_zeroed(layout);
                assert_eq!(block.align_offset(64), 0);
                assert_eq!(slice::from_raw_parts(block, 512), [0; 512]);
                block.write_bytes(0xA5, 512);
                allocator.dealloc(block, layout);
            }
        }
    }
}
