//! How many hostile requests there were, for `cargo xtask hostile`.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use keyholt_testkit::text_setting;

/// Hostile requests of one test, and the longest that the server had to do with one of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    requests: u64,
    slowest: Duration,
}

impl Tally {
    /// With another request.
    pub(crate) fn with(self, taken: Duration) -> Self {
        Self { requests: self.requests + 1, slowest: self.slowest.max(taken) }
    }

    /// Writes it down where the environment says, each test a line of its own: the requests, and milliseconds. Server
    /// errors and hangs have none: a test fails by them.
    pub(crate) fn report(self) {
        let Some(path) = text_setting("KEYHOLT_HOSTILE_TALLY").filter(|_| self.requests > 0) else { return };
        let line = format!("{} {}\n", self.requests, self.slowest.as_millis());
        let written = OpenOptions::new().create(true).append(true).open(path);
        let written = written.and_then(|mut file| file.write_all(line.as_bytes()));
        assert!(written.is_ok() || std::thread::panicking(), "the tally cannot be written: {written:?}");
    }
}
