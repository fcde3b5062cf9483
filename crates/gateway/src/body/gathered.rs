//! Pieces of a body that go to the caller together.

use bytes::{Bytes, BytesMut};

/// From here on, what has been gathered goes, whatever else has come: one write of hyper's and of most sockets.
const ENOUGH: usize = 16 * 1024;

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

    /// Whether to give the upstream's connection its turn before [`take`](Self::take); true once after each piece.
    pub(super) fn wants_a_turn(&mut self) -> bool {
        let has_any = !self.first.is_empty() || !self.all.is_empty();
        has_any && self.is_under_way && !std::mem::replace(&mut self.had_turn, true)
    }

    /// All of it, if there is any.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        let taken =
            if self.all.is_empty() { std::mem::take(&mut self.first) } else { self.all.split().freeze() };
        self.is_under_way |= !taken.is_empty();
        (!taken.is_empty()).then_some(taken)
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn each_piece_but_the_first_gives_one_turn() {
        let mut gathered = Gathered::default();
        assert!(!gathered.wants_a_turn());
        gathered.push(Bytes::from("a"));
        assert!(!gathered.wants_a_turn() && gathered.take().is_some());
        for _ in 0..2 {
            gathered.push(Bytes::from("a"));
            assert!(gathered.wants_a_turn() && !gathered.wants_a_turn());
        }
        assert!(gathered.take().is_some() && !gathered.wants_a_turn());
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
