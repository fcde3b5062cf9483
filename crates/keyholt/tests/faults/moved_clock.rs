//! Servers whose time of day can be moved while they serve: libfaketime, which Debian has.

use std::fs;
use std::path::{Path, PathBuf};

use keyholt_testkit::{Setup, in_continuous_integration};

/// The library; none where it is not installed, and then that is said.
fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok);
    let found =
        folders.map(|entry| entry.path().join("faketime/libfaketimeMT.so.1")).find(|file| file.is_file());
    if found.is_none() {
        assert!(!in_continuous_integration(), "libfaketime is needed here");
        println!("skipped: there is no libfaketime");
    }
    found
}

/// The time of day of one server.
pub(crate) struct Clock(PathBuf);

impl Clock {
    /// Lets what this setup starts have a clock of its own; none where it cannot.
    pub(crate) fn of(setup: Setup) -> Option<(Setup, Self)> {
        let library = library()?;
        let clock = Self(setup.folder().join("clock"));
        clock.set(0);
        let setup = setup
            .variable("LD_PRELOAD", library.to_str()?)
            .variable("FAKETIME_TIMESTAMP_FILE", clock.0.to_str()?)
            .variable("FAKETIME_NO_CACHE", "1")
            // Only the time of day is moved by operators and by NTP.
            .variable("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .variable("DONT_FAKE_MONOTONIC", "1");
        Some((setup, clock))
    }

    /// Puts it so many seconds from the real one.
    pub(crate) fn set(&self, seconds: i64) {
        // In one go: nobody must read half a file.
        let new = Path::new(&self.0).with_extension("new");
        fs::write(&new, format!("{seconds:+}\n")).unwrap();
        fs::rename(new, &self.0).unwrap();
    }
}
