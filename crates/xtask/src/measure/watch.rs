//! Real time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Now, by the clock that measures.
#[expect(clippy::disallowed_methods, reason = "a measurement is of real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Nanoseconds since 1970, by the clock that all programs of this machine share.
#[expect(clippy::disallowed_methods, reason = "a measurement is of real time")]
pub(crate) fn stamp() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
