//! A body in chunks (RFC 9112 7.1), read as it comes.

use anyhow::ensure;

use crate::measure::find;

/// How much may be kept of a line or a chunk that is not whole.
const MOST: usize = 1 << 20;

/// Takes the marks of chunks out of what comes.
#[derive(Default)]
pub(super) struct Unchunk {
    /// What has come and is not yet understood.
    kept: Vec<u8>,
    /// How much of the present chunk is still to come, the line end after it included.
    left: usize,
    is_last: bool,
}

impl Unchunk {
    /// Whether the last chunk has come, with the line end after it.
    pub(super) const fn has_ended(&self) -> bool {
        self.is_last && self.left == 0
    }

    /// Adds what of these bytes is body, as soon as it has come, even where its chunk has not come whole.
    ///
    /// # Errors
    /// When it is not in chunks, or goes on after the last one.
    pub(super) fn push(&mut self, bytes: &[u8], to: &mut Vec<u8>) -> anyhow::Result<()> {
        self.kept.extend_from_slice(bytes);
        ensure!(self.kept.len() <= MOST, "too much that is not understood");
        let mut at = 0;
        loop {
            let rest = self.kept.get(at..).unwrap_or_default();
            if self.left > 0 {
                // The line end is no body.
                let body = self.left.saturating_sub(2).min(rest.len());
                to.extend_from_slice(rest.get(..body).unwrap_or_default());
                let taken = self.left.min(rest.len());
                (at, self.left) = (at + taken, self.left - taken);
                if self.left > 0 {
                    break;
                }
                continue;
            }
            if self.is_last {
                ensure!(rest.is_empty(), "something comes after the last chunk");
                break;
            }
            let Some(line) = find(rest, b"\r\n") else { break };
            let size = std::str::from_utf8(rest.get(..line).unwrap_or_default())?;
            let size = usize::from_str_radix(size, 16)?;
            (at, self.left, self.is_last) = (at + line + 2, size + 2, size == 0);
        }
        self.kept.drain(..at.min(self.kept.len()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"3\r\nabc\r\nc\r\n0123456789\r\n\r\n0\r\n\r\n";

    #[test]
    fn a_body_is_the_same_however_it_is_cut() {
        for step in 1..=BODY.len() {
            let (mut unchunk, mut body) = (Unchunk::default(), Vec::new());
            for piece in BODY.chunks(step) {
                assert!(!unchunk.has_ended(), "{step}");
                unchunk.push(piece, &mut body).unwrap();
            }
            assert_eq!(body, b"abc0123456789\r\n", "{step}");
            assert!(unchunk.has_ended());
        }
    }

    #[test]
    fn a_part_of_a_chunk_is_given_at_once() {
        let (mut unchunk, mut body) = (Unchunk::default(), Vec::new());
        unchunk.push(b"5\r\nab", &mut body).unwrap();
        assert_eq!(body, b"ab");
    }

    #[test]
    fn what_is_not_in_chunks_is_refused() {
        for bytes in [b"x\r\n".as_slice(), b"0\r\n\r\n0\r\n", b"-1\r\n"] {
            assert!(Unchunk::default().push(bytes, &mut Vec::new()).is_err(), "{bytes:?}");
        }
    }
}
