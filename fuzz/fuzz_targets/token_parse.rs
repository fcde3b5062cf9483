//! API keys, root keys and the headers that credentials come in (design/security.md B.8).
//!
//! Laws: a checksum that is right for us is so for an independent CRC-32; of a credential at most eight characters of an
//! API key of our form are shown; a root key's text is refused without a piece of it; a credential that is taken from a
//! header stood there.
#![no_main]

use keyholt_crypto::{LocalRootKey, has_valid_checksum, shown_prefix};
use keyholt_engine::{credential_from_gateway_headers, credential_from_headers};
use keyholt_fuzz::canary::{check_message, plant};
use keyholt_types::Credential;
use libfuzzer_sys::fuzz_target;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fuzz_target!(|data: &[u8]| {
    let planted = plant(data);
    let Ok(text) = std::str::from_utf8(&planted) else {
        return check_headers(&planted);
    };
    check_key(text);
    check_root_key(text);
    // The same with the checksum that belongs there, which the fuzzer would not find.
    let with_checksum = format!("{text}{}", checksum(text));
    check_key(&with_checksum);
    check_root_key(&with_checksum);
    check_headers(&planted);
});

/// CRC-32 bit by bit (ISO 3309), in base 62.
fn checksum(text: &str) -> String {
    let mut remainder = u32::MAX;
    for byte in text.bytes() {
        remainder ^= u32::from(byte);
        for _ in 0..8 {
            remainder = if remainder & 1 == 1 { remainder >> 1 ^ 0xEDB8_8320 } else { remainder >> 1 };
        }
    }
    let mut number = !remainder;
    let mut characters = ['0'; 6];
    for character in characters.iter_mut().rev() {
        *character = char::from(DIGITS[(number % 62) as usize]);
        number /= 62;
    }
    characters.iter().collect()
}

fn check_key(text: &str) {
    let is_ours = text.len() == 52
        && text.strip_prefix("khk_").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let is_right = is_ours.then(|| text[46..] == checksum(&text[..46]));
    assert_eq!(has_valid_checksum(text), is_right, "{text}");
    let shown = shown_prefix(&Credential::new(text.to_owned()));
    assert_eq!(shown, if is_ours { &text[..8] } else { "" });
}

fn check_root_key(text: &str) {
    match LocalRootKey::parse(text, "the test") {
        Ok(root) => {
            let trimmed = text.trim_ascii();
            assert!(trimmed.len() == 57 && trimmed.starts_with("khroot1_"));
            assert_eq!(trimmed[51..], checksum(&trimmed[..51]));
            assert_eq!(format!("{root:?}"), "LocalRootKey(the test)");
        }
        Err(problem) => {
            let said = problem.to_string();
            check_message(&said);
            assert_eq!(
                said,
                "the root key from the test is malformed: it must be `khroot1_` and 49 more characters, as it was made"
            );
        }
    }
}

fn check_headers(data: &[u8]) {
    let headers: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let stood_there = |credential: &Credential| {
        let text = credential.expose().as_bytes();
        assert!(!text.is_empty());
        assert!(headers.iter().any(|header| header.windows(text.len()).any(|part| part == text)));
        assert_eq!(format!("{credential:?}"), "Credential(**)");
    };
    if let Some(credential) = credential_from_headers(headers.iter().copied()) {
        stood_there(&credential);
        assert_eq!(headers.len(), 1, "two credentials are none");
    }
    let (first, rest) = headers.split_at(usize::from(data.first() == Some(&b'B')).min(headers.len()));
    if let Some(credential) = credential_from_gateway_headers(first.iter().copied(), rest.iter().copied()) {
        stood_there(&credential);
        assert_eq!(headers.len(), 1, "two credentials are none");
    }
}
