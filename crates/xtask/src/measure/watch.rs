//! Real time.

use std::time::Instant;

/// Now, by the clock that measures.
#[expect(clippy::disallowed_methods, reason = "a measurement is of real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
