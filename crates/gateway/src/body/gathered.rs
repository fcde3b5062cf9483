//! Pieces of a body that go to the caller together.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::task::yield_now;
use tokio::time::Instant;

/// From here on, what has been gathered goes, whatever else has come: one write of hyper's and of most sockets.
const ENOUGH: usize = 16 * 1024;

/// Pieces that come further apart are an upstream's own pace, and go one by one at once: there is nothing to gather.
const APART: Duration = Duration::from_millis(1);

/// What has come and has not been given to the server. Each write of the server's costs a system call, and each piece
/// by itself a chunk: an upstream that says many things at once should not cost as much as one that says them one by
/// one.
#[derive(Default)]
pub(super) struct Gathered {
    /// The only piece, which is not copied.
    first: Bytes,
    /// All of them, once there are two.
    all: BytesMut,
    /// The turn of the others since something was gathered.
    turn: Option<Arc<Turn>>,
    /// When the last went to the caller. None before the first, which goes at once, with the answer's head.
    last: Option<Instant>,
}

/// The turn of all other tasks that can go on: hyper hands a body over piece by piece, from a task of the connection,
/// which then has handed over all that has come. A flag, since hyper polls a body several times in one turn.
struct Turn {
    is_over: AtomicBool,
    waiting: Waker,
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.is_over.store(true, Ordering::Release);
        self.waiting.wake_by_ref();
    }
}

impl Turn {
    fn start(cx: &Context<'_>) -> Arc<Self> {
        let turn = Arc::new(Self { is_over: AtomicBool::new(false), waiting: cx.waker().clone() });
        // The runtime wakes it when no task is left to run, before it waits for anything.
        let _ = pin!(yield_now()).poll(&mut Context::from_waker(&Waker::from(Arc::clone(&turn))));
        turn
    }
}

impl Gathered {
    /// Adds a piece.
    pub(super) fn push(&mut self, piece: Bytes) {
        if piece.is_empty() {
            return;
        }
        if !self.all.is_empty() {
            self.all.extend_from_slice(&piece);
        } else if self.first.is_empty() {
            self.first = piece;
        } else {
            self.all.reserve(ENOUGH.max(self.first.len() + piece.len()));
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
            self.all.extend_from_slice(&piece);
        }
    }

    /// Whether it goes without asking for more.
    pub(super) fn is_full(&self) -> bool {
        self.first.len() + self.all.len() >= ENOUGH
    }

    /// What has been gathered: at once, or when the last went a moment ago, after one turn of the others.
    /// `Ready(None)` when there is nothing.
    pub(super) fn poll_take(&mut self, cx: &Context<'_>, now: Instant) -> Poll<Option<Bytes>> {
        let is_empty = self.first.is_empty() && self.all.is_empty();
        let is_alone = self.last.is_none_or(|last| now.saturating_duration_since(last) >= APART);
        if !is_empty && !is_alone {
            let turn = self.turn.get_or_insert_with(|| Turn::start(cx));
            if !turn.is_over.load(Ordering::Acquire) {
                if !turn.waiting.will_wake(cx.waker()) {
                    // Another task has taken the body over, and must be woken in place of the first.
                    *turn = Turn::start(cx);
                }
                return Poll::Pending;
            }
        }
        Poll::Ready(self.take(now))
    }

    /// All of it, if there is any.
    pub(super) fn take(&mut self, now: Instant) -> Option<Bytes> {
        let taken =
            if self.all.is_empty() { std::mem::take(&mut self.first) } else { self.all.split().freeze() };
        self.turn = None;
        if taken.is_empty() {
            return None;
        }
        self.last = Some(now);
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::{sleep, timeout};

    use super::*;

    #[tokio::test]
    async fn pieces_come_out_once_and_in_order() {
        let mut gathered = Gathered::default();
        for expected in [&["a"][..], &["b", "c", "d"], &["e"], &["f", "", "g"]] {
            expected.iter().for_each(|piece| gathered.push(Bytes::from(*piece)));
            assert_eq!(gathered.take(now()), Some(Bytes::from(expected.concat())));
            assert_eq!(gathered.take(now()), None);
        }
        gathered.push(Bytes::new());
        assert_eq!(gathered.take(now()), None);
    }

    #[tokio::test]
    async fn a_piece_alone_is_not_copied() {
        let piece = Bytes::from_static(b"data: a\n\n");
        let mut gathered = Gathered::default();
        gathered.push(piece.clone());
        assert_eq!(gathered.take(now()).unwrap().as_ptr(), piece.as_ptr());
    }

    fn now() -> Instant {
        sleep(Duration::ZERO).deadline()
    }

    #[tokio::test]
    async fn pieces_close_together_wait_for_one_turn_however_often_they_are_asked_for() {
        let mut gathered = Gathered::default();
        let start = now();
        assert_eq!(poll_twice(&mut gathered, start).await, [Poll::Ready(None), Poll::Ready(None)]);
        let at_once = |piece| [Poll::Ready(Some(Bytes::from(piece))), Poll::Ready(None)];
        gathered.push(Bytes::from("a"));
        assert_eq!(poll_twice(&mut gathered, start).await, at_once("a"));
        for after in [999, 1998] {
            let now = start + Duration::from_micros(after);
            gathered.push(Bytes::from("b"));
            assert_eq!(poll_twice(&mut gathered, now).await, [Poll::Pending, Poll::Pending]);
            gathered.push(Bytes::from("c"));
            // It is woken without anything else that comes.
            let taken = poll_fn(|cx| gathered.poll_take(cx, now)).await;
            assert_eq!(taken, Some(Bytes::from("bc")));
        }
        for after in [2998, 3998] {
            gathered.push(Bytes::from("d"));
            let now = start + Duration::from_micros(after);
            assert_eq!(poll_twice(&mut gathered, now).await, at_once("d"));
        }
    }

    /// What two polls in one turn give.
    async fn poll_twice(gathered: &mut Gathered, now: Instant) -> [Poll<Option<Bytes>>; 2] {
        poll_fn(|cx| Poll::Ready([gathered.poll_take(cx, now), gathered.poll_take(cx, now)])).await
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_it_over_is_woken() {
        let start = now();
        let mut gathered = Gathered { last: Some(start), ..Gathered::default() };
        gathered.push(Bytes::from("a"));
        assert!(gathered.poll_take(&Context::from_waker(Waker::noop()), start).is_pending());
        let taken = timeout(Duration::from_secs(1), poll_fn(|cx| gathered.poll_take(cx, start))).await;
        assert_eq!(taken, Ok(Some(Bytes::from("a"))));
        // Not by the time that ran out.
        assert_eq!(now(), start);
    }

    #[tokio::test]
    async fn no_more_is_gathered_than_one_write_takes() {
        let mut gathered = Gathered::default();
        gathered.push(Bytes::from(vec![0; ENOUGH - 1]));
        assert!(!gathered.is_full());
        gathered.push(Bytes::from("a"));
        assert!(gathered.is_full() && gathered.take(now()).is_some() && !gathered.is_full());
    }
}
