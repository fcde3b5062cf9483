//! What this disk takes for one sync.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use super::watch::now;

/// As much as a small transaction writes into a write-ahead log.
const PAGE: usize = 4096;
/// The size of the file, in pages; it has it before anything is timed, as a log has that is written again.
const PAGES: u64 = 256;

/// The times of so many `fdatasync`s in this folder, each after one page was written.
///
/// # Errors
/// When nothing can be written there.
pub(crate) fn sync_times(folder: &Path, count: u64) -> anyhow::Result<Vec<Duration>> {
    let file = tempfile::tempfile_in(folder)?;
    let page = [0x5A; PAGE];
    let write = |file: &File, number: u64| file.write_all_at(&page, number % PAGES * PAGE as u64);
    (0..PAGES).try_for_each(|number| write(&file, number))?;
    file.sync_all()?;
    let mut times = Vec::new();
    for number in 0..count {
        let start = now();
        write(&file, number)?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sync_takes_its_time() {
        let times = sync_times(&std::env::temp_dir(), 3).unwrap();
        assert!(times.len() == 3 && times.iter().all(|time| !time.is_zero()));
    }
}
