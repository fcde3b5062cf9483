//! One page of memory that stays out of swap, core files and forks.

use std::io;
use std::ptr::{self, NonNull};

/// A page between two pages that nobody may touch, so that running over either end is a fault and not
/// a leak. Starts as zeros; unmapped on drop.
pub(crate) struct LockedPage {
    base: NonNull<u8>,
    size: usize,
    locked: bool,
}

// SAFETY: the page belongs to this value alone; it is plain memory, not tied to a thread.
unsafe impl Send for LockedPage {}

impl LockedPage {
    /// Maps a page.
    ///
    /// # Errors
    /// When the kernel has no memory or address space left. That it could not be locked is no error
    /// (see [`is_locked`](Self::is_locked)).
    pub(crate) fn map() -> io::Result<Self> {
        let size = page_size();
        // SAFETY: a new anonymous mapping at an address that the kernel chooses touches nothing of ours.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                3 * size,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        let mut page = Self { base, size, locked: false };
        let start = page.start().as_ptr().cast();
        // SAFETY: `start` is the middle one of the three pages mapped above, which only `page` knows.
        unsafe {
            if libc::mprotect(start, size, libc::PROT_READ | libc::PROT_WRITE) != 0 {
                return Err(io::Error::last_os_error());
            }
            // Both are refused only by kernels older than 4.14; the page is of use without them.
            libc::madvise(start, size, libc::MADV_DONTDUMP);
            libc::madvise(start, size, libc::MADV_WIPEONFORK);
            // Fails where RLIMIT_MEMLOCK is too low.
            page.locked = libc::mlock(start, size) == 0;
        }
        Ok(page)
    }

    /// The first byte that may be used.
    pub(crate) fn start(&self) -> NonNull<u8> {
        // SAFETY: the mapping has three pages; this is the start of the second.
        unsafe { self.base.add(self.size) }
    }

    /// How many bytes may be used from [`start`](Self::start) on.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Whether the page is kept out of swap.
    pub(crate) fn is_locked(&self) -> bool {
        self.locked
    }
}

impl Drop for LockedPage {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping that `map` made; nothing refers to it any more.
        unsafe { libc::munmap(self.base.as_ptr().cast(), 3 * self.size) };
    }
}

fn page_size() -> usize {
    // SAFETY: reads a constant of the system.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    // Never fails for this constant; no system has smaller pages.
    usize::try_from(size).unwrap_or(4096)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The flags that the kernel shows for the mapping which holds this address.
    fn flags_of(address: usize) -> String {
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in smaps.lines() {
            if let Some((range, _)) = line.split_once(' ')
                && let Some((from, to)) = range.split_once('-')
                && let (Ok(from), Ok(to)) = (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16))
            {
                inside = (from..to).contains(&address);
            } else if let Some(flags) = line.strip_prefix("VmFlags:")
                && inside
            {
                return flags.to_owned();
            }
        }
        panic!("no mapping holds the address");
    }

    #[test]
    fn the_kernel_keeps_the_page_out_of_core_files_forks_and_swap() {
        let page = LockedPage::map().unwrap();
        let flags = flags_of(page.start().as_ptr().addr());
        let has = |flag: &str| flags.split_whitespace().any(|word| word == flag);
        assert!(has("dd") && has("wf") && has("rd") && has("wr"), "{flags}");
        assert_eq!(has("lo"), page.is_locked(), "{flags}");
    }

    #[test]
    fn the_neighbouring_pages_cannot_be_touched() {
        let page = LockedPage::map().unwrap();
        let start = page.start().as_ptr().addr();
        for neighbour in [start - 1, start + page.size()] {
            let flags = flags_of(neighbour);
            assert!(!flags.split_whitespace().any(|flag| flag == "rd" || flag == "wr"), "{flags}");
        }
    }
}
