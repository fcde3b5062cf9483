//! Pieces of a body that go to the caller together.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

/// From here on, what has been gathered goes, whatever else has come: one write of hyper's and of most sockets.
const ENOUGH: usize = 16 * 1024;

/// For how long the upstream's connection gets turns while something is gathered. Far below what may be added to
/// a piece (design/security.md C: 10 ms), also when each turn comes late.
const TURNS: Duration = Duration::from_micros(500);

/// What has come and has not been given to the server. Each write of the server's costs a system call, and each piece
/// by itself a chunk: an upstream that says many things at once should not cost as much as one that says them one by
/// one.
#[derive(Default)]
pub(super) struct Gathered {
    /// The only piece, which is not copied.
    first: Bytes,
    /// All of them, once there are two.
    all: BytesMut,
    /// Whether the upstream's connection has had a turn to hand over more since the last piece.
    had_turn: bool,
    /// When the first turn was given since something went to the caller.
    since: Option<Instant>,
    /// Whether any has gone to the caller: the first goes at once, with the answer's head.
    is_under_way: bool,
}

impl Gathered {
    /// Adds a piece.
    pub(super) fn push(&mut self, piece: Bytes) {
        self.had_turn = false;
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

    /// Whether to give the upstream's connection its turn before [`take`](Self::take): once after each piece, for
    /// a short time.
    pub(super) fn wants_a_turn(&mut self, now: impl FnOnce() -> Instant) -> bool {
        let is_empty = self.first.is_empty() && self.all.is_empty();
        if is_empty || !self.is_under_way || std::mem::replace(&mut self.had_turn, true) {
            return false;
        }
        let now = now();
        now.saturating_duration_since(*self.since.get_or_insert(now)) < TURNS
    }

    /// All of it, if there is any.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        let taken =
            if self.all.is_empty() { std::mem::take(&mut self.first) } else { self.all.split().freeze() };
        self.since = None;
        self.is_under_way |= !taken.is_empty();
        (!taken.is_empty()).then_some(taken)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[test]
    fn pieces_come_out_once_and_in_order() {
        let mut gathered = Gathered::default();
        for expected in [&["a"][..], &["b", "c", "d"], &["e"], &["f", "", "g"]] {
            expected.iter().for_each(|piece| gathered.push(Bytes::from(*piece)));
            assert_eq!(gathered.take(), Some(Bytes::from(expected.concat())));
            assert_eq!(gathered.take(), None);
        }
        gathered.push(Bytes::new());
        assert_eq!(gathered.take(), None);
    }

    #[test]
    fn a_piece_alone_is_not_copied() {
        let piece = Bytes::from_static(b"data: a\n\n");
        let mut gathered = Gathered::default();
        gathered.push(piece.clone());
        assert_eq!(gathered.take().unwrap().as_ptr(), piece.as_ptr());
    }

    #[tokio::test(start_paused = true)]
    async fn each_piece_but_the_first_gives_one_turn_for_a_short_time() {
        let start = sleep(Duration::ZERO).deadline();
        let mut gathered = Gathered::default();
        assert!(!gathered.wants_a_turn(|| start));
        gathered.push(Bytes::from("a"));
        assert!(!gathered.wants_a_turn(|| start) && gathered.take().is_some());
        for after in [0, 499] {
            gathered.push(Bytes::from("a"));
            let now = start + Duration::from_micros(after);
            assert!(gathered.wants_a_turn(|| now) && !gathered.wants_a_turn(|| now));
        }
        gathered.push(Bytes::from("a"));
        let late = start + Duration::from_micros(500);
        assert!(!gathered.wants_a_turn(|| late));
        assert!(gathered.take().is_some() && !gathered.wants_a_turn(|| late));
        gathered.push(Bytes::from("a"));
        assert!(gathered.wants_a_turn(|| late));
    }

    #[test]
    fn no_more_is_gathered_than_one_write_takes() {
        let mut gathered = Gathered::default();
        gathered.push(Bytes::from(vec![0; ENOUGH - 1]));
        assert!(!gathered.is_full());
        gathered.push(Bytes::from("a"));
        assert!(gathered.is_full() && gathered.take().is_some() && !gathered.is_full());
    }
}
