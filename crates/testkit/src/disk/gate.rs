//! Two threads that take turns: the one that a test runs on, and whatever thread of the store's does the writing.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::Deadline;

/// How long a test waits for the other thread to do something that shows. Longer is a hang.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it waits for the rest when some of what it waits for is so.
const SHORT_PATIENCE: Duration = Duration::from_millis(50);

/// Lets the store's writer go on only when it is told to. Then the same changes wait for it each time, and it takes the
/// same ones together.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    /// The thread that decides; while there is none, all may pass.
    keeper: Option<ThreadId>,
    /// Whether another thread may pass.
    is_open: bool,
    /// Whether one waits.
    is_waiting: bool,
}

impl Gate {
    /// From now on other threads pass only when this one lets them.
    pub fn keep(&self) {
        let mut state = self.state();
        *state = State { keeper: Some(thread::current().id()), is_open: false, is_waiting: state.is_waiting };
    }

    /// From now on all may pass.
    pub fn leave_open(&self) {
        *self.state() = State::default();
        self.0.1.notify_all();
    }

    /// Lets whoever waits pass, until it has committed or waits again.
    pub(crate) fn let_pass(&self) {
        let mut state = self.state();
        state.is_open = true;
        state.is_waiting = false;
        self.0.1.notify_all();
    }

    /// Waits until another thread waits to pass, or all of something is so; a short time only when some of it is. Then
    /// nobody passes any more. False when nothing comes about.
    pub(crate) fn wait_until(&self, is_all: impl Fn() -> bool, is_some: impl Fn() -> bool) -> bool {
        let (deadline, soon) = (Deadline::after(PATIENCE), Deadline::after(SHORT_PATIENCE));
        let mut state = self.state();
        while !(state.is_waiting || is_all() || soon.has_passed() && is_some()) {
            if deadline.has_passed() {
                return false;
            }
            let left = if soon.has_passed() { deadline.left() } else { soon.left() };
            let waited = self.0.1.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.is_open = false;
        true
    }

    /// Called when something may have become so that somebody waits for.
    pub(crate) fn look_again(&self) {
        // Held for a moment, so that nobody is just between looking and waiting.
        drop(self.state());
        self.0.1.notify_all();
    }

    /// Called before each operation.
    pub(super) fn pass(&self) {
        let mut state = self.state();
        while state.keeper.is_some_and(|keeper| keeper != thread::current().id()) && !state.is_open {
            state.is_waiting = true;
            self.0.1.notify_all();
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Called when a thread has ended a change: whatever it begins next waits.
    pub(super) fn close_behind(&self) {
        let mut state = self.state();
        if state.keeper.is_some_and(|keeper| keeper != thread::current().id()) {
            state.is_open = false;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
