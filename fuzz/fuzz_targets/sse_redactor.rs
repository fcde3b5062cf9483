//! The scrubber of the gateway's answers (design/security.md C, "Provider echoes the key").
//!
//! Laws: however a stream is cut into chunks, the same comes out; no way in which JSON, URLs and base64 write a value is
//! left in it; without a value nothing changes; something is counted if and only if something was replaced.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use keyholt_gateway::scrub::{Forms, Scrubber};
use keyholt_types::SecretValue;
use libfuzzer_sys::fuzz_target;

const MARK: &str = "[redacted]";
/// Shorter values are not looked for (design/decisions.md 23).
const SHORTEST: usize = 8;

#[derive(Debug, Arbitrary)]
enum Piece<'a> {
    Raw(&'a [u8]),
    Plain(u8),
    Json(u8),
    Percent(u8),
    Base64(u8, &'a str, &'a str),
    UrlSafe(u8),
    Beginning(u8, u8),
    End(u8, u8),
    Event,
}

fuzz_target!(|data: &[u8]| {
    let _ended_early = check(&mut Unstructured::new(data));
});

fn check(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut texts: Vec<String> = Vec::new();
    for _ in 0..u.int_in_range(1..=3)? {
        texts.push(text(u)?);
    }
    // What the mark itself is, or has in it, cannot be told from a value that was left.
    let is_of_mark = |text: &String| text.contains(['[', ']']) || MARK.contains(text.trim());
    if texts.iter().any(is_of_mark) {
        return Ok(());
    }
    let known: Vec<&str> = texts.iter().map(|text| text.trim()).filter(|text| text.len() >= SHORTEST).collect();
    let body = body(u, &texts)?;
    let values: Vec<SecretValue> =
        texts.iter().filter_map(|text| SecretValue::parse(text.clone()).ok()).collect();
    let forms = Forms::of(&values.iter().collect::<Vec<_>>());

    let (whole, found) = scrub(&forms, [body.as_slice()]);
    let mut cuts: Vec<usize> = Vec::new();
    for _ in 0..u.int_in_range(0..=12)? {
        cuts.push(u.choose_index(body.len() + 1).unwrap_or(0));
    }
    cuts.extend([0, body.len()]);
    cuts.sort_unstable();
    let (chunked, found_in_chunks) = scrub(&forms, cuts.windows(2).map(|pair| &body[pair[0]..pair[1]]));
    assert_eq!(chunked, whole, "chunks change what comes out");
    assert_eq!(scrub(&forms, body.chunks(1)).0, whole, "single bytes change what comes out");
    assert_eq!(found, found_in_chunks);
    assert_eq!(found > 0, whole != body);
    assert_eq!(forms.redact(&body).is_some(), found > 0);
    for value in &known {
        for written in [
            value.to_string(),
            json(value),
            percent(value),
            STANDARD.encode(value),
            URL_SAFE_NO_PAD.encode(value),
        ] {
            let written = written.as_bytes();
            assert!(!whole.windows(written.len()).any(|part| part == written), "a value is left");
        }
    }
    if known.is_empty() {
        assert_eq!(whole, body);
    }
    Ok(())
}

/// Values that overlap themselves and each other, and any others.
fn text(u: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    let length = u.int_in_range(7..=24)?;
    Ok(match u.int_in_range(0..=2)? {
        0 => (0..length).map(|_| u.choose(&['a', 'b'])).collect::<arbitrary::Result<_>>()?,
        1 => (0..length)
            .map(|_| {
                u.choose(&['s', 'k', '-', '0', 'Z', '+', '/', '"', '\\', ' ', '<', '\n', 'é', '\u{1f511}'])
            })
            .collect::<arbitrary::Result<_>>()?,
        _ => u.arbitrary::<&str>()?.chars().take(64).collect(),
    })
}

fn body(u: &mut Unstructured<'_>, texts: &[String]) -> arbitrary::Result<Vec<u8>> {
    let of = |number: u8| texts[usize::from(number) % texts.len()].trim();
    let mut body = Vec::new();
    for _ in 0..u.int_in_range(0..=8)? {
        match u.arbitrary::<Piece<'_>>()? {
            Piece::Raw(bytes) => body.extend_from_slice(bytes),
            Piece::Plain(number) => body.extend_from_slice(of(number).as_bytes()),
            Piece::Json(number) => body.extend_from_slice(json(of(number)).as_bytes()),
            Piece::Percent(number) => body.extend_from_slice(percent(of(number)).as_bytes()),
            Piece::Base64(number, before, after) => {
                body.extend_from_slice(STANDARD.encode(format!("{before}{}{after}", of(number))).as_bytes());
            }
            Piece::UrlSafe(number) => body.extend_from_slice(URL_SAFE_NO_PAD.encode(of(number)).as_bytes()),
            Piece::Beginning(number, length) => {
                let text = of(number).as_bytes();
                body.extend_from_slice(&text[..usize::from(length) % (text.len() + 1)]);
            }
            Piece::End(number, length) => {
                let text = of(number).as_bytes();
                body.extend_from_slice(&text[usize::from(length) % (text.len() + 1)..]);
            }
            Piece::Event => body.extend_from_slice(b"\n\ndata: "),
        }
    }
    Ok(body)
}

fn scrub<'a>(forms: &Forms, chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, u64) {
    let mut scrubber = Scrubber::of(forms.clone());
    let mut out = Vec::new();
    for chunk in chunks {
        out.extend_from_slice(&scrubber.push(Bytes::copy_from_slice(chunk)));
    }
    out.extend_from_slice(&scrubber.finish());
    (out, scrubber.found())
}

/// As serde_json writes it, without the quotes around it.
fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As forms write it.
fn percent(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
