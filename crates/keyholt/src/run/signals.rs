//! Signals while a command runs: none ends this program, those that are meant for the command reach it.

use std::fs::File;
use std::future::poll_fn;
use std::task::Poll;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgrp, kill_process, waitid};
use rustix::termios::tcgetpgrp;
use tokio::signal::unix::{Signal as Heard, SignalKind, signal};

/// What others send to a program to end it or to tell it something.
const PASSED_ON: [Signal; 6] =
    [Signal::INT, Signal::QUIT, Signal::TERM, Signal::HUP, Signal::USR1, Signal::USR2];

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A child has ended, or was stopped.
    Child,
    /// The terminal has another size.
    Size,
    /// This program goes on after it was stopped.
    Resumed,
    /// A signal that is meant for the command.
    Meant(Signal),
}

/// All of them, counted from when this is made.
pub(super) struct Signals {
    child: Heard,
    size: Heard,
    resumed: Heard,
    passed_on: Vec<(Signal, Heard)>,
}

impl Signals {
    /// Begins to listen: from now on none of them ends the process. To be called before a child is started, so that
    /// its end is not missed.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn listen() -> Result<Self> {
        let of = |kind| signal(kind).context("signals cannot be waited for");
        let meant = |meant: Signal| Ok((meant, of(SignalKind::from_raw(meant.as_raw()))?));
        Ok(Self {
            child: of(SignalKind::child())?,
            size: of(SignalKind::window_change())?,
            resumed: of(SignalKind::from_raw(Signal::CONT.as_raw()))?,
            passed_on: PASSED_ON.into_iter().map(meant).collect::<Result<_>>()?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Event {
        let mut others = [
            (Event::Child, &mut self.child),
            (Event::Size, &mut self.size),
            (Event::Resumed, &mut self.resumed),
        ];
        let passed_on = &mut self.passed_on;
        poll_fn(|context| {
            for (event, heard) in &mut others {
                if heard.poll_recv(context).is_ready() {
                    return Poll::Ready(*event);
                }
            }
            for (meant, heard) in passed_on.iter_mut() {
                if heard.poll_recv(context).is_ready() {
                    return Poll::Ready(Event::Meant(*meant));
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Passes a signal on to the command. Ctrl-C and Ctrl-\ on a terminal that it shares with this program have reached
/// it already, and twice is more than once: many programs take a second Ctrl-C for an order to drop everything.
pub(super) fn pass_on(signal: Signal, command: Pid, shares_terminal: bool) {
    let is_typed = [Signal::INT, Signal::QUIT].contains(&signal);
    if is_typed && shares_terminal && is_in_foreground() {
        return;
    }
    // One that ended just now needs no signal any more.
    let _ = kill_process(command, signal);
}

/// Whether a child was stopped since this was asked last.
pub(super) fn has_stopped(child: Pid) -> bool {
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
    waitid(WaitId::Pid(child), options).is_ok_and(|status| status.is_some())
}

/// Whether what is typed on the process's terminal, if it has one, is meant for this process and its children.
pub(super) fn is_in_foreground() -> bool {
    let terminal = File::open("/dev/tty");
    terminal.is_ok_and(|terminal| tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp()))
}
