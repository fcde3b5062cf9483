//! What reads what is sealed, opened to the targets in `fuzz/`. Not part of any build that is shipped: the feature
//! `fuzzing` is turned on there alone.

use keyholt_types::Details;
use zeroize::Zeroizing;

use crate::{OpenError, SealError, details, seal};

/// Seals under a key that has this id.
///
/// # Errors
/// When there are no random numbers, or the library refuses.
pub fn seal(key: &[u8; 32], key_id: i64, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    seal::seal(key, key_id, aad, plaintext)
}

/// Opens what [`seal`](seal()) made.
///
/// # Errors
/// When anything of it differs.
pub fn open(key: &[u8; 32], key_id: i64, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    seal::open(key, key_id, aad, sealed)
}

/// Opens a sealed key.
///
/// # Errors
/// When anything of it differs, or it is no key.
pub fn open_key(key: &[u8; 32], key_id: i64, aad: &[u8], sealed: &[u8]) -> Result<[u8; 32], OpenError> {
    let mut opened = [0; 32];
    seal::open_key(key, key_id, aad, sealed, &mut opened).map(|()| opened)
}

/// The id of the key that something is sealed under, as it says itself.
///
/// # Errors
/// When it has not the form.
pub fn key_id_of(sealed: &[u8]) -> Result<i64, OpenError> {
    seal::key_id_of(sealed)
}

/// The plaintext of a details blob.
#[must_use]
pub fn encode_details(details: &Details) -> Zeroizing<Vec<u8>> {
    details::encode(details)
}

/// Reads the plaintext of a details blob.
///
/// # Errors
/// When it is none.
pub fn decode_details(bytes: &[u8]) -> Result<Details, OpenError> {
    details::decode(bytes)
}
