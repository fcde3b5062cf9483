//! Whether any thread has panicked: the store's writer would do so where nobody looks.

use std::panic;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

static IS_WATCHED: AtomicBool = AtomicBool::new(false);
static PANICS: AtomicU64 = AtomicU64::new(0);

/// Counts panics of the process from now on; what is said of them is said as before.
pub(super) fn watch() {
    if IS_WATCHED.swap(true, Ordering::SeqCst) {
        return;
    }
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        before(panic);
    }));
}

/// Carries something out during which nothing may panic.
///
/// # Errors
/// Its own, and in words when something panicked.
pub(super) fn without<T>(act: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let before = PANICS.load(Ordering::SeqCst);
    let done = act()?;
    let panics = PANICS.load(Ordering::SeqCst) - before;
    if panics == 0 { Ok(done) } else { Err(format!("{panics} panics")) }
}
