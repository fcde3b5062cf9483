//! The signals that end a server, and one that must not.

use anyhow::{Context, Result};
use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT, counted from when this is made.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// SIGXFSZ would end the process; taken note of by nobody, a limit on the size of files is an error of a write, as a
    /// full disk is.
    _file_size: Signal,
}

impl Signals {
    /// Begins to listen: from now on neither signal ends the process by itself.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn listen() -> Result<Self> {
        let of = |kind| signal(kind).context("signals cannot be waited for");
        Ok(Self {
            terminate: of(SignalKind::terminate())?,
            interrupt: of(SignalKind::interrupt())?,
            _file_size: of(SignalKind::from_raw(Number::XFSZ.as_raw()))?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
