//! The ways in which a value may be written.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use keyholt_types::SecretValue;

use super::needle::Needle;

/// Shorter values are too likely to occur by chance (design/decisions.md 23).
const SHORTEST: usize = 8;

/// How many bytes are compared before a needle is followed byte by byte.
const PREFIX: usize = 4;

/// What is left as it is by those who percent-encode, besides letters and digits, and whether a space becomes `+`.
const UNENCODED: &[(&[u8], bool)] = &[
    // RFC 3986 2.3.
    (b"-._~", false),
    // JavaScript's encodeURIComponent and encodeURI.
    (b"-._~!*'()", false),
    (b"-._~!*'();/?:@&=+$,#", false),
    // Python's quote.
    (b"-._~/", false),
    // Go's QueryEscape, Python's quote_plus, and forms by the URL standard.
    (b"-._~", true),
    (b"-._*", true),
];

/// All forms of some values. Cheap to clone; prints nothing of them.
#[derive(Clone)]
pub struct Forms(Arc<Known>);

struct Known {
    needles: Vec<Needle>,
    /// The bytes with which one begins.
    starts: [bool; 256],
    /// The first bytes of each, each once: ordinary text is full of single letters that begin one, and nearly free of
    /// these. None when a needle has not so many.
    prefixes: Option<Vec<[u8; PREFIX]>>,
}

impl std::fmt::Debug for Forms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Forms(**)")
    }
}

impl Forms {
    /// The forms of each value: as it is, escaped in JSON, percent-encoded, and in base64, where it may also stand
    /// in the middle of something longer. White space around a value does not count, since it is not sent either.
    /// Values of less than 8 bytes are left out.
    ///
    /// Takes time and memory in proportion to the values: about 100 bytes for each of theirs.
    #[must_use]
    pub fn of(values: &[&SecretValue]) -> Self {
        let mut all = Vec::new();
        for value in values {
            #[expect(
                clippy::disallowed_methods,
                reason = "EXPOSE: to be found, and taken out, it must be known"
            )]
            let text = value.expose().trim();
            if text.len() >= SHORTEST {
                all.extend(forms_of(text));
            }
        }
        all.sort_unstable();
        all.dedup();
        let needles: Vec<Needle> = all.into_iter().filter_map(Needle::new).collect();
        let mut starts = [false; 256];
        for [first] in needles.iter().filter_map(Needle::prefix) {
            if let Some(start) = starts.get_mut(usize::from(first)) {
                *start = true;
            }
        }
        // The needles are in order, so that equal ones stand side by side.
        let mut prefixes: Option<Vec<[u8; PREFIX]>> = needles.iter().map(Needle::prefix).collect();
        if let Some(prefixes) = &mut prefixes {
            prefixes.dedup();
        }
        Self(Arc::new(Known { needles, starts, prefixes }))
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.needles.is_empty()
    }

    pub(super) fn needles(&self) -> &[Needle] {
        &self.0.needles
    }

    /// How many bytes stand before the first place at which a form may begin: all of them when there is none. Near the
    /// end, where a prefix would not be whole, one byte is enough for a beginning.
    pub(super) fn before_start(&self, text: &[u8]) -> usize {
        let starts = |byte: &u8| self.0.starts.get(usize::from(*byte)).copied().unwrap_or(true);
        let mut from = 0;
        while let Some(rest) = text.get(from..)
            && let Some(next) = rest.iter().position(starts)
        {
            from += next;
            if self.may_begin(rest.get(next..).unwrap_or_default()) {
                return from;
            }
            from += 1;
        }
        text.len()
    }

    fn may_begin(&self, rest: &[u8]) -> bool {
        match (rest.first_chunk::<PREFIX>(), &self.0.prefixes) {
            (Some(first), Some(prefixes)) => prefixes.contains(first),
            (None, _) | (_, None) => true,
        }
    }
}

/// The forms of one value, some of them several times.
pub(super) fn forms_of(text: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![text.as_bytes().to_vec()];
    // Ordinary keys, whose forms are needed for each answer, are written in one way by all of these.
    if !text.bytes().all(is_written_as_it_is) {
        forms.extend(escaped_forms(text));
    }
    forms.extend(base64_forms(text.as_bytes()));
    forms
}

/// Whether neither JSON nor any percent-encoding changes it.
const fn is_written_as_it_is(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// How JSON and percent-encodings write it.
fn escaped_forms(text: &str) -> Vec<Vec<u8>> {
    let mut forms = Vec::with_capacity(JSON_WRITERS.len() + 2 * UNENCODED.len());
    for escape in JSON_WRITERS {
        forms.push(json(text, *escape).into_bytes());
    }
    for (unencoded, plus_for_space) in UNENCODED {
        for upper_case in [true, false] {
            forms.push(percent(text, unencoded, *plus_for_space, upper_case).into_bytes());
        }
    }
    forms
}

/// What a writer of JSON escapes beyond what it must (RFC 8259 7).
#[derive(Clone, Copy)]
struct JsonWriter {
    /// `/` as `\/`: PHP.
    slash: bool,
    /// Everything beyond ASCII: Python.
    beyond_ascii: bool,
    /// `<`, `>`, `&`: Go.
    html: bool,
    /// Hexadecimal digits above 9 as capitals.
    capitals: bool,
}

const JSON_WRITERS: &[JsonWriter] = &[
    JsonWriter { slash: false, beyond_ascii: false, html: false, capitals: false },
    JsonWriter { slash: false, beyond_ascii: false, html: false, capitals: true },
    JsonWriter { slash: true, beyond_ascii: false, html: false, capitals: false },
    JsonWriter { slash: false, beyond_ascii: true, html: false, capitals: false },
    JsonWriter { slash: false, beyond_ascii: true, html: false, capitals: true },
    JsonWriter { slash: true, beyond_ascii: true, html: false, capitals: false },
    JsonWriter { slash: false, beyond_ascii: false, html: true, capitals: false },
    JsonWriter { slash: false, beyond_ascii: true, html: true, capitals: true },
];

fn json(text: &str, writer: JsonWriter) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '\u{8}' => written.push_str("\\b"),
            '\u{c}' => written.push_str("\\f"),
            '/' if writer.slash => written.push_str("\\/"),
            _ if character < ' '
                || character > '\u{7e}' && writer.beyond_ascii
                || matches!(character, '<' | '>' | '&') && writer.html =>
            {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a string does not fail.
                    let _ = match writer.capitals {
                        true => write!(written, "\\u{unit:04X}"),
                        false => write!(written, "\\u{unit:04x}"),
                    };
                }
            }
            _ => written.push(character),
        }
    }
    written
}

fn percent(text: &str, unencoded: &[u8], plus_for_space: bool, upper_case: bool) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || unencoded.contains(&byte) {
            written.push(char::from(byte));
        } else if byte == b' ' && plus_for_space {
            written.push('+');
        } else {
            // Writing to a string does not fail.
            let _ = match upper_case {
                true => write!(written, "%{byte:02X}"),
                false => write!(written, "%{byte:02x}"),
            };
        }
    }
    written
}

/// The value by itself, with and without padding, and within something longer: then the bytes around it share
/// its first and its last character, and only those between are its own. There are three ways to stand among the
/// groups of three bytes. The alphabet that is safe in URLs has two other characters (RFC 4648 5).
fn base64_forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![STANDARD.encode(bytes).into_bytes(), STANDARD_NO_PAD.encode(bytes).into_bytes()];
    // What stands before, whatever it is, and how many characters hold bits of it.
    let ways: [(&[u8], usize); 3] = [(b"", 0), (b"a", 2), (b"aa", 3)];
    for (before, shared) in ways {
        let encoded = STANDARD_NO_PAD.encode([before, bytes].concat());
        let whole = (before.len() + bytes.len()) * 8 / 6;
        forms.extend(encoded.get(shared..whole).map(|own| own.as_bytes().to_vec()));
    }
    let safe_in_urls: Vec<Vec<u8>> = forms.iter().filter_map(|form| safe_in_url(form)).collect();
    forms.extend(safe_in_urls);
    forms
}

/// None when it is the same.
fn safe_in_url(base64: &[u8]) -> Option<Vec<u8>> {
    let other = |byte: &u8| match byte {
        b'+' => b'-',
        b'/' => b'_',
        _ => *byte,
    };
    base64.iter().any(|byte| matches!(byte, b'+' | b'/')).then(|| base64.iter().map(other).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use base64::engine::general_purpose::URL_SAFE;
    use proptest::prelude::*;

    use super::*;

    fn has(text: &str, form: &str) -> bool {
        forms_of(text).contains(&form.as_bytes().to_vec())
    }

    #[test]
    fn an_ordinary_key_has_few_forms() {
        let forms: BTreeSet<Vec<u8>> = forms_of("sk-proj-0123456789abcdef").into_iter().collect();
        assert!(forms.len() <= 8, "{}", forms.len());
    }

    #[test]
    fn a_value_is_known_as_json_writes_it() {
        let value = "a\"b\\c/d\n\té\u{1}<\u{1f511}";
        for form in [
            "a\\\"b\\\\c/d\\n\\té\\u0001<\u{1f511}",
            "a\\\"b\\\\c\\/d\\n\\té\\u0001<\u{1f511}",
            "a\\\"b\\\\c/d\\n\\t\\u00e9\\u0001<\\ud83d\\udd11",
            "a\\\"b\\\\c/d\\n\\t\\u00E9\\u0001<\\uD83D\\uDD11",
            "a\\\"b\\\\c\\/d\\n\\t\\u00e9\\u0001<\\ud83d\\udd11",
            "a\\\"b\\\\c/d\\n\\té\\u0001\\u003c\u{1f511}",
        ] {
            assert!(has(value, form), "{form}");
        }
    }

    #[test]
    fn a_value_is_known_as_urls_and_forms_write_it() {
        let value = "a b+c/d~é!*";
        for form in [
            "a%20b%2Bc%2Fd~%C3%A9%21%2A",
            "a%20b%2bc%2fd~%c3%a9%21%2a",
            "a%20b%2Bc%2Fd~%C3%A9!*",
            "a%20b+c/d~%C3%A9!*",
            "a+b%2Bc%2Fd~%C3%A9%21%2A",
            "a+b%2Bc%2Fd%7E%C3%A9%21*",
            "a%20b%2Bc/d~%C3%A9%21%2A",
        ] {
            assert!(has(value, form), "{form}");
        }
    }

    #[test]
    fn a_value_is_known_in_base64_wherever_it_stands() {
        // All 64 characters come up, so that the alphabets differ.
        let value = "key\u{3ff}\u{7bf}>>>???~~~0123456789";
        for (engine, name) in [(&STANDARD, "standard"), (&URL_SAFE, "url-safe")] {
            assert!(has(value, &engine.encode(value)), "{name}");
            assert!(has(value, engine.encode(value).trim_end_matches('=')), "{name}");
            for before in ["", "u", "us", "user", "user:", "user::"] {
                for after in ["", "x", "xy", "xyz"] {
                    let whole = engine.encode(format!("{before}{value}{after}"));
                    let found = forms_of(value)
                        .into_iter()
                        .filter_map(|form| String::from_utf8(form).ok())
                        .find(|form| form.len() * 6 >= (value.len() - 2) * 8 && whole.contains(form));
                    assert!(found.is_some(), "{name}: {before} {after}");
                }
            }
        }
    }

    #[test]
    fn what_is_left_out_of_an_ordinary_keys_forms_is_the_key_itself() {
        let text =
            String::from_utf8((0..=u8::MAX).filter(|byte| is_written_as_it_is(*byte)).collect()).unwrap();
        assert!(text.len() >= 64);
        for form in escaped_forms(&text) {
            assert_eq!(form, text.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn both_alphabets_of_base64_are_known(text in "[ -~\u{80}-\u{7ff}]{8,40}") {
            for whole in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                prop_assert!(has(&text, &whole) && has(&text, whole.trim_end_matches('=')));
            }
        }

        #[test]
        fn no_form_begins_in_what_is_skipped(text in "sk-[ab]{6,9}", body in "[abcks2Nz3J-]{0,24}") {
            let forms = Forms::of(&[&SecretValue::parse(text.clone()).unwrap()]);
            let before = forms.before_start(body.as_bytes());
            for start in 0..before {
                let rest = &body.as_bytes()[start..];
                for form in forms_of(&text) {
                    prop_assert!(!form.starts_with(&rest[..rest.len().min(form.len())]), "{} {}", start, body);
                }
            }
        }
    }

    #[test]
    fn one_letter_of_a_value_is_not_looked_at_twice() {
        let forms = Forms::of(&[&SecretValue::parse("sk-0123456789".to_owned()).unwrap()]);
        let text = b"so she said skis, sk_0, and sk";
        assert_eq!(forms.before_start(text), text.len() - 2);
        assert_eq!(forms.before_start(b"a sk-0"), 2);
        assert_eq!(forms.before_start(b""), 0);
    }

    #[test]
    fn short_values_and_white_space_are_left_out() {
        let of = |text: &str| Forms::of(&[&SecretValue::parse(text.to_owned()).unwrap()]);
        assert!(of("1234567").is_empty() && of(" 1234567 \n").is_empty() && !of("12345678").is_empty());
        assert_eq!(of(" 12345678\n").needles().len(), of("12345678").needles().len());
        assert_eq!(format!("{:?}", of("very-private")), "Forms(**)");
    }
}
