//! Runs callers at the same time, each in its turn.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::disk::Gate;

/// One that is run.
pub(super) type Turn<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

struct Awake {
    is_awake: AtomicBool,
    gate: Gate,
}

impl Wake for Awake {
    fn wake(self: Arc<Self>) {
        self.is_awake.store(true, Ordering::SeqCst);
        self.gate.look_again();
    }
}

struct Runner<'a> {
    turn: Turn<'a>,
    awake: Arc<Awake>,
}

impl Runner<'_> {
    fn is_awake(&self) -> bool {
        self.awake.is_awake.load(Ordering::SeqCst)
    }
}

/// Runs all of them to their end. The store's writer goes on only when all of them wait, so that whatever they asked for
/// by then waits for it too. Who waits for another one, and not for the writer, is waited for in vain for a moment; that is
/// rare.
///
/// # Errors
/// In words, when nothing goes on: a hang.
pub(super) fn run_all(gate: &Gate, turns: Vec<Turn<'_>>) -> Result<(), String> {
    let mut runners: Vec<Option<Runner<'_>>> = turns
        .into_iter()
        .map(|turn| {
            let awake = Arc::new(Awake { is_awake: AtomicBool::new(true), gate: gate.clone() });
            Some(Runner { turn, awake })
        })
        .collect();
    gate.keep();
    let result = take_turns(gate, &mut runners);
    gate.leave_open();
    result
}

fn take_turns(gate: &Gate, runners: &mut [Option<Runner<'_>>]) -> Result<(), String> {
    let awakes: Vec<_> = runners.iter().flatten().map(|runner| Arc::clone(&runner.awake)).collect();
    while runners.iter().any(Option::is_some) {
        let mut went_on = false;
        for place in &mut *runners {
            let Some(runner) = place else { continue };
            if !runner.awake.is_awake.swap(false, Ordering::SeqCst) {
                continue;
            }
            went_on = true;
            let waker = Waker::from(Arc::clone(&runner.awake));
            match runner.turn.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(()) => *place = None,
                // The writer takes what it finds: it must have found this before there is more. Or this waits for a caller
                // who has been answered already and comes next.
                Poll::Pending => wait(
                    gate,
                    || runner.is_awake(),
                    || awakes.iter().any(|awake| awake.is_awake.load(Ordering::SeqCst)),
                )?,
            }
        }
        if !went_on {
            gate.let_pass();
            let waiting = || runners.iter().flatten();
            wait(gate, || waiting().all(Runner::is_awake), || waiting().any(Runner::is_awake))?;
        }
    }
    Ok(())
}

fn wait(gate: &Gate, is_all: impl Fn() -> bool, is_some: impl Fn() -> bool) -> Result<(), String> {
    let went_on = gate.wait_until(is_all, is_some);
    if went_on { Ok(()) } else { Err("it hangs: neither a caller nor the writer goes on".into()) }
}
