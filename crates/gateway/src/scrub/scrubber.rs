//! The stream without the values.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use keyholt_types::SecretValue;

use super::forms::Forms;

/// What stands in a value's place.
const MARK: &[u8] = b"[redacted]";

/// Replaces each run of bytes that belong to a form of a value, be it one form or several that overlap, by
/// `[redacted]`. How the stream is cut into chunks changes nothing of what comes out in all.
pub struct Scrubber {
    forms: Forms,
    /// Of each needle, how many of its bytes stand at the stream's end.
    matched: Vec<usize>,
    /// The end of the stream, which may be the beginning of a form.
    held: Bytes,
    /// Which parts of what is held belong to a form; in order, and not overlapping.
    covered: Vec<Range<usize>>,
    /// Whether the last byte let go belonged to a form: then its run may go on.
    in_run: bool,
    found: u64,
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scrubber(**)")
    }
}

impl Scrubber {
    /// Takes out these values, in all forms that [`Forms`] knows.
    #[must_use]
    pub fn new(values: &[&SecretValue]) -> Self {
        Self::of(Forms::of(values))
    }

    /// Takes out these forms.
    #[must_use]
    pub fn of(forms: Forms) -> Self {
        let matched = vec![0; forms.needles().len()];
        Self { forms, matched, held: Bytes::new(), covered: Vec::new(), in_run: false, found: 0 }
    }

    /// The next chunk goes in; what comes out is all that cannot be the beginning of a form. No form's time is
    /// quadratic: each byte costs at most a few steps for each form.
    pub fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.forms.is_empty() {
            return chunk;
        }
        self.look_at(&chunk);
        let all = if self.held.is_empty() {
            chunk
        } else {
            let mut all = BytesMut::with_capacity(self.held.len() + chunk.len());
            all.extend_from_slice(&self.held);
            all.extend_from_slice(&chunk);
            all.freeze()
        };
        let open = self.matched.iter().max().copied().unwrap_or(0);
        let settled = all.len().saturating_sub(open);
        self.let_go(all, settled)
    }

    /// Lets go of what is held, if no more than so many bytes may be the beginning of a form, with those of it that were
    /// let go before: for somebody who watches a terminal and waits for the
    /// letter that they typed. Should a form go on from there, the rest of it is replaced.
    pub fn release(&mut self, most: usize) -> Bytes {
        // Counted from where a form may have begun: of what is written letter by letter no more is let go in all.
        let begun = self.matched.iter().max().copied().unwrap_or(0);
        if self.held.is_empty() || begun > most || !self.covered.is_empty() {
            return Bytes::new();
        }
        self.in_run = false;
        std::mem::take(&mut self.held)
    }

    /// The stream has ended: the rest. Afterwards another stream may begin.
    pub fn finish(&mut self) -> Bytes {
        self.matched.fill(0);
        let all = std::mem::take(&mut self.held);
        let settled = all.len();
        let rest = self.let_go(all, settled);
        self.in_run = false;
        rest
    }

    /// How many runs have been replaced so far.
    #[must_use]
    pub const fn found(&self) -> u64 {
        self.found
    }

    /// Follows every needle through a chunk, which stands behind what is held.
    fn look_at(&mut self, chunk: &[u8]) {
        let before = self.held.len();
        let mut is_idle = self.matched.iter().all(|matched| *matched == 0);
        let mut rest = chunk;
        loop {
            if is_idle {
                // No needle has begun, nor does one begin there: they all stay as they are.
                rest = rest.get(self.forms.before_start(rest)..).unwrap_or_default();
            }
            let Some((byte, after)) = rest.split_first() else { return };
            rest = after;
            is_idle = true;
            let end = before + chunk.len() - rest.len();
            let mut longest = 0;
            for (needle, matched) in self.forms.needles().iter().zip(&mut self.matched) {
                *matched = needle.advance(*matched, *byte);
                if *matched == needle.len() {
                    longest = longest.max(needle.len());
                    *matched = needle.after_complete();
                }
                is_idle &= *matched == 0;
            }
            if longest > 0 {
                cover(&mut self.covered, end.saturating_sub(longest)..end);
            }
        }
    }

    /// Gives what is settled, with a mark in place of each run, and holds the rest.
    fn let_go(&mut self, mut all: Bytes, settled: usize) -> Bytes {
        self.held = all.split_off(settled);
        if self.covered.is_empty() {
            self.in_run &= all.is_empty();
            return all;
        }
        let mut written = BytesMut::with_capacity(all.len());
        let mut at = 0;
        for range in self.covered.iter().filter(|range| range.start < settled) {
            let plain = all.get(at..range.start).unwrap_or_default();
            written.extend_from_slice(plain);
            if !(self.in_run && plain.is_empty()) {
                written.extend_from_slice(MARK);
                self.found += 1;
            }
            self.in_run = true;
            at = range.end.min(settled);
        }
        let plain = all.get(at..).unwrap_or_default();
        written.extend_from_slice(plain);
        self.in_run &= plain.is_empty();
        self.covered.retain(|range| range.end > settled);
        for range in &mut self.covered {
            *range = range.start.saturating_sub(settled)..range.end - settled;
        }
        written.freeze()
    }
}

impl Forms {
    /// A short text without the values; none when there was none of them in it.
    #[must_use]
    pub fn redact(&self, text: &[u8]) -> Option<Vec<u8>> {
        if self.before_start(text) == text.len() {
            return None;
        }
        let mut scrubber = Scrubber::of(self.clone());
        let mut clean = scrubber.push(Bytes::copy_from_slice(text)).to_vec();
        clean.extend_from_slice(&scrubber.finish());
        (scrubber.found() > 0).then_some(clean)
    }
}

/// Adds a range that ends behind all others, and makes one of those that meet.
fn cover(covered: &mut Vec<Range<usize>>, mut new: Range<usize>) {
    while let Some(last) = covered.pop_if(|last| last.end >= new.start) {
        new.start = new.start.min(last.start);
    }
    covered.push(new);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::forms::forms_of;
    use super::*;

    fn value(text: &str) -> SecretValue {
        SecretValue::parse(text.to_owned()).unwrap()
    }

    fn scrubber(texts: &[&str]) -> Scrubber {
        let values: Vec<SecretValue> = texts.iter().map(|text| value(text)).collect();
        Scrubber::new(&values.iter().collect::<Vec<_>>())
    }

    fn scrub(texts: &[&str], chunks: &[&[u8]]) -> (Vec<u8>, u64) {
        let mut scrubber = scrubber(texts);
        let mut out = Vec::new();
        for chunk in chunks {
            out.extend_from_slice(&scrubber.push(Bytes::copy_from_slice(chunk)));
        }
        out.extend_from_slice(&scrubber.finish());
        (out, scrubber.found())
    }

    fn scrub_text(texts: &[&str], text: &str) -> String {
        String::from_utf8(scrub(texts, &[text.as_bytes()]).0).unwrap()
    }

    /// Looks for every form at every place.
    fn by_hand(texts: &[&str], body: &[u8]) -> Vec<u8> {
        let mut is_covered = vec![false; body.len()];
        for form in texts.iter().flat_map(|text| forms_of(text)) {
            for start in 0..body.len() {
                if body[start..].starts_with(&form) {
                    is_covered[start..start + form.len()].fill(true);
                }
            }
        }
        let mut out = Vec::new();
        for (at, byte) in body.iter().enumerate() {
            if !is_covered[at] {
                out.push(*byte);
            } else if at == 0 || !is_covered[at - 1] {
                out.extend_from_slice(MARK);
            }
        }
        out
    }

    #[test]
    fn a_value_is_replaced_in_every_form() {
        const KEY: &str = "sk-ant/0123 \"456\"+789";
        for (said, expected) in [
            ("key: sk-ant/0123 \"456\"+789.", "key: [redacted]."),
            (r#"{"e":"bad key sk-ant/0123 \"456\"+789"}"#, r#"{"e":"bad key [redacted]"}"#),
            (r#"{"e":"bad key sk-ant\/0123 \"456\"+789"}"#, r#"{"e":"bad key [redacted]"}"#),
            ("?key=sk-ant%2F0123%20%22456%22%2B789&a=b", "?key=[redacted]&a=b"),
            ("?key=sk-ant%2f0123+%22456%22%2b789&a=b", "?key=[redacted]&a=b"),
            // base64 of the key, and of "key:" before and "!" behind it.
            ("c2stYW50LzAxMjMgIjQ1NiIrNzg5", "[redacted]"),
            ("a2V5OnNrLWFudC8wMTIzICI0NTYiKzc4OSE=", "a2V5On[redacted]SE="),
        ] {
            assert_eq!(scrub_text(&[KEY], said), expected, "{said}");
        }
    }

    #[test]
    fn the_longer_of_two_values_goes_as_a_whole() {
        assert_eq!(
            scrub_text(&["abcdefgh", "abcdefghijkl"], "-abcdefghijkl-abcdefghij"),
            "-[redacted]-[redacted]ij"
        );
        assert_eq!(scrub_text(&["abcdefgh", "efghijkl"], "abcdefghijkl"), "[redacted]");
        assert_eq!(scrub_text(&["abababab"], "ababababababx"), "[redacted]x");
        assert_eq!(scrub_text(&["abcdefgh"], "abcdefghabcdefgh"), "[redacted]");
    }

    #[test]
    fn each_place_is_counted_once() {
        let (out, found) = scrub(&["abcdefgh"], &[b"abcdefgh abcd", b"efgh-abcdefg"]);
        assert_eq!((out.as_slice(), found), (&b"[redacted] [redacted]-abcdefg"[..], 2));
        assert_eq!(scrub(&[], &[b"abc", b"def"]), (b"abcdef".to_vec(), 0));
    }

    #[test]
    fn only_what_may_be_a_beginning_is_held_back() {
        let mut scrubber = scrubber(&["secret-value"]);
        for (chunk, expected) in [
            ("data: a\n\n", "data: a\n\n"),
            ("data: sec", "data: "),
            ("ond\n\n", "second\n\n"),
            ("secretsecret-", "secret"),
            ("values", "[redacted]"),
            ("!", "s!"),
        ] {
            assert_eq!(scrubber.push(Bytes::from(chunk)), expected, "{chunk}");
        }
        assert_eq!(scrubber.finish(), "");
        assert_eq!(scrubber.found(), 1);
    }

    #[test]
    fn a_beginning_that_is_let_go_is_not_forgotten() {
        let mut scrubber = scrubber(&["secret-value"]);
        assert_eq!(scrubber.push(Bytes::from("a sec")), "a ");
        assert_eq!(scrubber.release(2), "");
        assert_eq!(scrubber.release(3), "sec");
        assert_eq!(scrubber.release(3), "");
        assert_eq!(scrubber.push(Bytes::from("ret-val")), "");
        assert_eq!(scrubber.push(Bytes::from("ue!")), "[redacted]!");
        assert_eq!(scrubber.push(Bytes::from("se")), "");
        assert_eq!(scrubber.release(3), "se");
        assert_eq!(scrubber.push(Bytes::from("ed")), "ed");
        assert_eq!((scrubber.finish(), scrubber.found()), (Bytes::new(), 1));
    }

    #[test]
    fn a_chunk_without_a_value_is_passed_on_without_a_copy() {
        let mut scrubber = scrubber(&["secret-value"]);
        let chunk = Bytes::from("nothing in here\n");
        assert_eq!(scrubber.push(chunk.clone()).as_ptr(), chunk.as_ptr());
    }

    #[test]
    fn a_value_cut_at_every_place_is_found() {
        let body = b"before secret-value-1 c2VjcmV0LXZhbHVlLTE= after".as_slice();
        for at in 0..body.len() {
            let (out, found) = scrub(&["secret-value-1"], &[&body[..at], &body[at..]]);
            assert_eq!((out.as_slice(), found), (&b"before [redacted] [redacted] after"[..], 2), "{at}");
        }
        let single: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(scrub(&["secret-value-1"], &single).0, b"before [redacted] [redacted] after");
    }

    #[test]
    fn a_hostile_stream_takes_no_longer_than_another() {
        // Quadratic work would be 4 thousand million steps, and would not end here.
        let text = format!("{}b", "a".repeat(60_000));
        let (out, found) = scrub(&[&text], &[&[b'a'; 120_000], b"b"]);
        assert_eq!((out.len(), found), (60_000 + MARK.len(), 1));
    }

    #[test]
    fn it_prints_nothing_of_a_value() {
        let mut scrubber = scrubber(&["secret-value"]);
        scrubber.push(Bytes::from("secret-"));
        assert_eq!(format!("{scrubber:?}"), "Scrubber(**)");
    }

    /// Values that overlap themselves and each other, and ones with all sorts of characters.
    fn values() -> impl Strategy<Value = Vec<String>> {
        let own = "[ab]{8,14}|[ a-c/+\"\\\\<é\u{1f511}]{8,12}|sk-[a-zA-Z0-9]{8,20}";
        prop::collection::vec(own.prop_filter("long enough", |text| text.trim().len() >= 8), 1..4)
    }

    /// Text in which forms, their beginnings and their ends come up often.
    fn body(texts: Vec<String>) -> impl Strategy<Value = (Vec<String>, Vec<u8>)> {
        let forms: Vec<Vec<u8>> = texts.iter().flat_map(|text| forms_of(text.trim())).collect();
        let form = prop::sample::select(forms);
        let piece = prop_oneof![
            form.clone(),
            (form.clone(), any::<prop::sample::Index>())
                .prop_map(|(form, at)| form[..at.index(form.len())].to_vec()),
            (form, any::<prop::sample::Index>()).prop_map(|(form, at)| form[at.index(form.len())..].to_vec()),
            "[abc ,{}\"]{0,6}".prop_map(String::into_bytes),
        ];
        prop::collection::vec(piece, 0..12).prop_map(move |pieces| (texts.clone(), pieces.concat()))
    }

    proptest! {
        #[test]
        fn chunks_change_nothing_and_no_form_is_left(
            (texts, body) in values().prop_flat_map(body),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let texts: Vec<&str> = texts.iter().map(|text| text.trim()).collect();
            let expected = by_hand(&texts, &body);
            prop_assert_eq!(&scrub(&texts, &[&body]).0, &expected);
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
            places.extend([0, body.len()]);
            places.sort_unstable();
            let chunks: Vec<&[u8]> = places.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect();
            let (out, found) = scrub(&texts, &chunks);
            prop_assert_eq!(&out, &expected);
            prop_assert_eq!(found > 0, out != body);
            for form in texts.iter().flat_map(|text| forms_of(text)) {
                prop_assert!(!out.windows(form.len()).any(|window| window == form));
            }
        }
    }
}
