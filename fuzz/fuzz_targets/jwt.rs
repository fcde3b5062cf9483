//! JSON Web Tokens and key sets (design/security.md B.8).
//!
//! Laws: a token that was altered anywhere is refused, whatever it says of itself; what verifies has the shape of a token
//! and claims that RFC 7519 allows; a token is taken only between its times; nothing of either is printed.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use keyholt_crypto::{JwtHead, JwtKeys, verify_jwt};
use keyholt_types::{Credential, JwksPlace, JwtAlgorithm, JwtIssuer, Timestamp};
use libfuzzer_sys::fuzz_target;

/// One for each algorithm, in their order, of keys that were thrown away.
static TOKENS: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("../samples/tokens.txt").lines().collect());
static KEYS: LazyLock<JwtKeys> =
    LazyLock::new(|| JwtKeys::parse(include_bytes!("../samples/jwks.json")).expect("a key set"));
static ISSUER: LazyLock<JwtIssuer> = LazyLock::new(|| JwtIssuer {
    issuer: "https://issuer.example".into(),
    audiences: vec!["keyholt".into()],
    algorithms: JwtAlgorithm::ALL.to_vec(),
    keys: JwksPlace::File("keys.json".into()),
    max_age_seconds: 3600,
    rules: Vec::new(),
});
/// Between these the tokens are taken, with the leeway: from 60 s before they were issued to 60 s after their end.
const TAKEN: std::ops::Range<i64> = 1_795_253_330..1_795_254_060;

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    /// A genuine token with some bytes in other's place, or some of another's parts.
    Altered { token: u8, edits: Vec<(u16, u8)>, parts: [u8; 3], at: i16 },
    /// A text of any parts, which are encoded; the signature may be a genuine one's.
    MadeUp { header: &'a [u8], claims: &'a [u8], signature: &'a [u8], token: u8 },
    /// Any text.
    Text(&'a str),
    /// A key set.
    Keys(&'a [u8]),
}

fuzz_target!(|input: Input<'_>| match input {
    Input::Altered { token, edits, parts, at } => {
        let genuine = TOKENS[usize::from(token) % TOKENS.len()];
        let part_of = |place: usize| {
            // Mostly its own.
            let from = parts[place]
                .checked_sub(250)
                .map_or(genuine, |other| TOKENS[usize::from(other) % TOKENS.len()]);
            from.split('.').nth(place).expect("a part")
        };
        let mut text = format!("{}.{}.{}", part_of(0), part_of(1), part_of(2)).into_bytes();
        for (place, byte) in edits {
            let length = text.len();
            text[usize::from(place) % length] = byte;
        }
        let Ok(text) = String::from_utf8(text) else { return };
        let is_genuine = TOKENS.contains(&text.as_str());
        let verified = verify_jwt(&Credential::new(text), &KEYS, &JwtAlgorithm::ALL);
        assert_eq!(verified.is_ok(), is_genuine, "a token that was altered is taken, or a genuine one refused");
        if let Ok(claims) = verified {
            assert_eq!((claims.issuer(), claims.subject()), (Some(&*ISSUER.issuer), Some("repo:acme/evals")));
            let second = TAKEN.start + i64::from(at);
            let now = Timestamp::from_micros(second * 1_000_000);
            let until = claims.taken_until(&ISSUER, now);
            assert_eq!(until.is_some(), TAKEN.contains(&second));
            assert!(until.is_none_or(|until| until > now));
        }
    }
    Input::MadeUp { header, claims, signature, token } => {
        let genuine = TOKENS[usize::from(token) % TOKENS.len()];
        let encoded = encode(signature);
        let signature =
            if signature.is_empty() { genuine.rsplit('.').next().expect("a part") } else { encoded.as_str() };
        let text = format!("{}.{}.{signature}", encode(header), encode(claims));
        if !TOKENS.contains(&text.as_str()) {
            refused(&text);
        }
    }
    Input::Text(text) if !TOKENS.contains(&text) => refused(text),
    Input::Text(_) => {}
    Input::Keys(json) => {
        if let Ok(keys) = JwtKeys::parse(json) {
            assert!(keys.hold_all_of(&keys));
            assert!(serde_json::from_slice::<serde_json::Value>(json).is_ok());
            assert!(format!("{keys:?}").starts_with("JwtKeys("));
            let of_another = verify_jwt(&Credential::new(TOKENS[3].to_owned()), &keys, &JwtAlgorithm::ALL);
            assert!(of_another.is_err() || KEYS.hold_all_of(&keys) || json.windows(43).any(is_its_key));
        }
    }
});

/// The point of the Ed25519 key, as it stands in a set.
fn is_its_key(part: &[u8]) -> bool {
    let set = include_str!("../samples/jwks.json");
    let point = set.rsplit("\"x\":\"").next().and_then(|rest| rest.split('"').next()).expect("a point");
    part == point.as_bytes()
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn refused(text: &str) {
    let credential = Credential::new(text.to_owned());
    if let Some(head) = JwtHead::of(&credential) {
        assert_eq!(text.split('.').count(), 3);
        assert_eq!(format!("{head:?}"), "JwtHead(**)");
    }
    assert!(verify_jwt(&credential, &KEYS, &JwtAlgorithm::ALL).is_err(), "a token that nobody signed is taken");
    assert!(verify_jwt(&credential, &KEYS, &[]).is_err());
}
