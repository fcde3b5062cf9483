//! One sequence of bytes that is looked for in a stream, by the method of Knuth, Morris and Pratt: each byte is looked
//! at once, whatever the sequence, and at each moment it is known how many bytes at the stream's end may be its
//! beginning.

use std::sync::OnceLock;

/// A sequence with its table.
pub(super) struct Needle {
    bytes: Box<[u8]>,
    /// For each prefix, by its last position, how long its longest own prefix is that is also its end. Made when it is
    /// first needed, since in most streams no needle begins.
    shorter: OnceLock<Box<[usize]>>,
}

impl Needle {
    /// None for nothing.
    pub(super) fn new(bytes: Vec<u8>) -> Option<Self> {
        (!bytes.is_empty()).then(|| Self { bytes: bytes.into(), shorter: OnceLock::new() })
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Its first bytes; none when it has not so many.
    pub(super) fn prefix<const N: usize>(&self) -> Option<[u8; N]> {
        self.bytes.first_chunk().copied()
    }

    /// How many bytes are matched after one more; all of them when the sequence is complete.
    pub(super) fn advance(&self, matched: usize, byte: u8) -> usize {
        if self.bytes.get(matched) == Some(&byte) {
            return matched + 1;
        }
        if matched == 0 { 0 } else { advance(&self.bytes, self.shorter(), matched, byte) }
    }

    /// Where to go on when the sequence is complete: another one may have begun within it.
    pub(super) fn after_complete(&self) -> usize {
        self.shorter().last().copied().unwrap_or(0)
    }

    fn shorter(&self) -> &[usize] {
        self.shorter.get_or_init(|| {
            let mut shorter = Vec::with_capacity(self.bytes.len());
            shorter.push(0);
            let mut matched = 0;
            for byte in self.bytes.iter().skip(1) {
                matched = advance(&self.bytes, &shorter, matched, *byte);
                shorter.push(matched);
            }
            shorter.into()
        })
    }
}

fn advance(bytes: &[u8], shorter: &[usize], mut matched: usize, byte: u8) -> usize {
    while bytes.get(matched) != Some(&byte) {
        let Some(last) = matched.checked_sub(1) else { return 0 };
        matched = shorter.get(last).copied().unwrap_or(0);
    }
    matched + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_is_found_also_where_they_overlap() {
        let needle = Needle::new(b"aabaa".to_vec()).unwrap();
        let (mut matched, mut ends) = (0, Vec::new());
        for (at, byte) in b"xaabaabaaxaabaaabaa".iter().enumerate() {
            matched = needle.advance(matched, *byte);
            if matched == needle.len() {
                ends.push(at + 1);
                matched = needle.after_complete();
            }
        }
        assert_eq!(ends, [6, 9, 15, 19]);
    }

    #[test]
    fn nothing_is_no_needle() {
        assert!(Needle::new(Vec::new()).is_none());
    }
}
