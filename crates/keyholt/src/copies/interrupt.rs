//! Long work that a signal breaks off: it says what is left behind, and how to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::output;

/// How long a step may take after a signal before that is said.
const SILENCE: Duration = Duration::from_secs(1);

/// A signal ended the work before it was done.
#[derive(Debug, thiserror::Error)]
#[error("stopped: {left}")]
pub(crate) struct Stopped {
    left: String,
    /// The status to end with: 128 and the signal's number, as shells have it.
    pub(crate) status: u8,
}

/// Whether the work has begun to write.
#[derive(Debug, Clone, Default)]
pub(super) struct Begun(Arc<AtomicBool>);

impl Begun {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What is left behind when work is broken off, in words for people.
#[derive(Debug, Clone)]
pub(super) struct Left {
    /// Nothing was written yet.
    pub(super) before: String,
    /// In the middle, where it could tidy up.
    pub(super) midway: String,
    /// In the middle of a step, which a second signal cut off.
    pub(super) cut_off: String,
}

impl Left {
    /// Of a copy to this place, which goes on where it was cut off.
    pub(super) fn of_copy_to(place: &str, nothing: &str) -> Self {
        let unfinished = format!(
            "{place} is an unfinished copy, which no server starts on; give the same command again, and it goes on"
        );
        Self { before: nothing.to_owned(), midway: unfinished.clone(), cut_off: unfinished }
    }
}

/// Does work on a thread of its own until it is done, or until SIGINT or SIGTERM. Work that reads in place does not look
/// up in the middle of a long step: that is waited for, until a second signal.
///
/// # Errors
/// What the work ends with; [`Stopped`] after a signal.
pub(super) fn run<Work: Future<Output = Result<()>>>(
    work: impl FnOnce(Begun) -> Work + Send + 'static,
    left: Left,
) -> Result<()> {
    runtime()?.block_on(async {
        let mut signals = Signals::listen()?;
        let (begun, stop, (done, mut ended)) = (Begun::default(), CancellationToken::new(), oneshot::channel());
        let (has_begun, is_stopped) = (begun.clone(), stop.clone());
        let worker = thread::Builder::new().name("keyholt-copy".to_owned()).spawn(move || {
            // Dropped when the thread ends, however it does.
            let _done: oneshot::Sender<()> = done;
            runtime()?.block_on(async {
                tokio::select! {
                    biased;
                    outcome = work(has_begun) => outcome.map(Some),
                    () = is_stopped.cancelled() => Ok(None),
                }
            })
        })?;
        let signal = tokio::select! {
            biased;
            _ = &mut ended => None,
            status = signals.next() => Some(status),
        };
        stop.cancel();
        if let Some(status) = signal
            && !comes_to_its_end(ended, &mut signals).await
        {
            return Err(Stopped { left: left.cut_off, status }.into());
        }
        let outcome = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        match (outcome, signal) {
            (Some(()), _) => Ok(()),
            (None, status) => {
                let left = if begun.0.load(Ordering::SeqCst) { left.midway } else { left.before };
                Err(Stopped { left, status: status.unwrap_or(1) }.into())
            }
        }
    })
}

/// Waits for work that was told to stop; not when that is asked for again.
async fn comes_to_its_end(mut ended: oneshot::Receiver<()>, signals: &mut Signals) -> bool {
    let mut is_silent = true;
    loop {
        tokio::select! {
            biased;
            _ = &mut ended => return true,
            _ = signals.next() => return false,
            () = tokio::time::sleep(SILENCE), if is_silent => {
                output::note("stopping after this step; a second signal stops at once");
                is_silent = false;
            }
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// SIGINT and SIGTERM, neither of which ends the process by itself any more.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        let of = |kind| signal(kind).context("signals cannot be waited for");
        Ok(Self { interrupt: of(SignalKind::interrupt())?, terminate: of(SignalKind::terminate())? })
    }

    /// Waits for the next one; gives the status to end with.
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left() -> Left {
        Left { before: "before".into(), midway: "midway".into(), cut_off: "cut off".into() }
    }

    #[test]
    fn work_that_is_not_broken_off_ends_as_it_ends() {
        assert!(run(|_| async { Ok(()) }, left()).is_ok());
        let failed = run(|_| async { anyhow::bail!("it failed") }, left()).unwrap_err();
        assert_eq!(failed.to_string(), "it failed");
    }
}
