//! What is sealed, and the details blob in it (design/security.md B.2, B.3).
//!
//! Laws: what is sealed opens as it was, where it was; altered in any way, moved, or under another key it never opens;
//! bytes that nobody sealed never open; a details blob that reads prints as the same bytes.
#![no_main]

use arbitrary::Arbitrary;
use keyholt_crypto::OpenError;
use keyholt_crypto::fuzzing::{decode_details, encode_details, key_id_of, open, open_key, seal};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    key: [u8; 32],
    key_id: i64,
    aad: &'a [u8],
    plaintext: &'a [u8],
    /// Another key, id and place, each of which may be the same.
    other_key: [u8; 32],
    other_id: i64,
    other_aad: &'a [u8],
    /// Bytes to change, by their distance from the start.
    flips: Vec<(u16, u8)>,
    /// How much is cut off at the end, and put there.
    cut: u8,
    tail: &'a [u8],
    /// Bytes that nobody sealed.
    made_up: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let Input { key, key_id, aad, plaintext, .. } = input;
    let sealed = seal(&key, key_id, aad, plaintext).expect("there are random numbers");
    assert_eq!(key_id_of(&sealed), Ok(key_id));
    assert_eq!(open(&key, key_id, aad, &sealed).expect("it opens").as_slice(), plaintext);
    assert_eq!(open_key(&key, key_id, aad, &sealed).ok().is_some(), plaintext.len() == 32);

    let mut altered = sealed.clone();
    for (place, bits) in &input.flips {
        let length = altered.len();
        altered[usize::from(*place) % length] ^= bits;
    }
    altered.truncate(altered.len().saturating_sub(usize::from(input.cut)));
    altered.extend_from_slice(input.tail);
    if altered != sealed {
        assert!(open(&key, key_id, aad, &altered).is_err(), "something altered opens");
        assert!(open_key(&key, key_id, aad, &altered).is_err());
    }
    if input.other_key != key || input.other_id != key_id {
        let opened = open(&input.other_key, input.other_id, aad, &sealed);
        assert_eq!(opened.map(drop), Err(OpenError::WrongKey));
    }
    if input.other_aad != aad {
        assert_eq!(open(&key, key_id, input.other_aad, &sealed).map(drop), Err(OpenError::Damaged));
    }

    // In the form of something sealed too, with an id that fits.
    let shaped = [&[1, 1], key_id.to_be_bytes().as_slice(), input.made_up].concat();
    for made_up in [input.made_up, &shaped] {
        assert!(open(&key, key_id, aad, made_up).is_err(), "something made up opens");
        assert!(open_key(&key, key_id, aad, made_up).is_err());
    }
    for bytes in [input.made_up, plaintext] {
        if let Ok(details) = decode_details(bytes) {
            assert_eq!(encode_details(&details).as_slice(), bytes);
        }
    }
});
