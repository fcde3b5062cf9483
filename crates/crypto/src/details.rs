//! The plaintext of a details blob.
//!
//! ```text
//! 1 ‖ metadata ‖ description ‖ preview                 each preceded by its length, 4 bytes big endian
//! 2 ‖ metadata ‖ description ‖ preview ‖ bound to      where the value is bound to a destination
//! ```
//! Metadata and preview are empty when absent, else `=` and the text. Both formats are frozen.

use keyholt_types::{Details, Metadata};
use zeroize::Zeroizing;

use crate::OpenError;

const FORMAT: u8 = 1;
const FORMAT_BOUND: u8 = 2;
const PRESENT: u8 = b'=';

pub(crate) fn encode(details: &Details) -> Zeroizing<Vec<u8>> {
    let metadata = details.metadata.as_ref().map(Metadata::json);
    let preview = details.preview.as_deref();
    let length = |text: Option<&str>| text.map_or(0, |text| text.len() + 1);
    let bound_to = details.bound_to.as_deref();
    let room = 1
        + 3 * 4
        + length(metadata)
        + details.description.len()
        + length(preview)
        + bound_to.map_or(0, |text| text.len() + 4);
    // Room for everything, so that no copies are left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    bytes.push(if bound_to.is_some() { FORMAT_BOUND } else { FORMAT });
    put(&mut bytes, metadata.map(|_| PRESENT), metadata.unwrap_or_default());
    put(&mut bytes, None, &details.description);
    put(&mut bytes, preview.map(|_| PRESENT), preview.unwrap_or_default());
    if let Some(bound_to) = bound_to {
        put(&mut bytes, None, bound_to);
    }
    bytes
}

/// Reads what [`encode`] made; never panics.
pub(crate) fn decode(bytes: &[u8]) -> Result<Details, OpenError> {
    let (format, rest) = bytes.split_first().ok_or(OpenError::Damaged)?;
    if ![FORMAT, FORMAT_BOUND].contains(format) {
        return Err(OpenError::UnknownFormat);
    }
    let (metadata, rest) = take(rest)?;
    let (description, rest) = take(rest)?;
    let (preview, rest) = take(rest)?;
    let (bound_to, rest) = match *format {
        FORMAT_BOUND => take(rest).map(|(text, rest)| (Some(text), rest))?,
        _ => (None, rest),
    };
    if !rest.is_empty() {
        return Err(OpenError::Damaged);
    }
    Ok(Details {
        metadata: optional(metadata)?.map(Metadata::from_trusted_json),
        description: description.into(),
        preview: optional(preview)?.map(Into::into),
        bound_to: bound_to.map(Into::into),
    })
}

fn put(bytes: &mut Vec<u8>, mark: Option<u8>, text: &str) {
    let length = text.len() + usize::from(mark.is_some());
    // Each text is bounded to far less than 4 GiB; a longer one would only fail to decode.
    bytes.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(mark);
    bytes.extend_from_slice(text.as_bytes());
}

fn take(bytes: &[u8]) -> Result<(&str, &[u8]), OpenError> {
    let (length, rest) = bytes.split_first_chunk().ok_or(OpenError::Damaged)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| OpenError::Damaged)?;
    let (text, rest) = rest.split_at_checked(length).ok_or(OpenError::Damaged)?;
    Ok((std::str::from_utf8(text).map_err(|_| OpenError::Damaged)?, rest))
}

fn optional(text: &str) -> Result<Option<&str>, OpenError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.strip_prefix(char::from(PRESENT)).map(Some).ok_or(OpenError::Damaged)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn details(metadata: Option<String>, description: String, preview: Option<String>) -> Details {
        Details {
            metadata: metadata.as_deref().map(Metadata::from_trusted_json),
            description: description.into(),
            preview: preview.map(Into::into),
            bound_to: None,
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes(
            metadata: Option<String>,
            description: String,
            preview: Option<String>,
            bound_to: Option<String>,
        ) {
            let mut details = details(metadata, description, preview);
            details.bound_to = bound_to.map(Into::into);
            let encoded = encode(&details);
            prop_assert_eq!(encoded.len(), encoded.capacity());
            prop_assert_eq!(decode(&encoded), Ok(details));
        }

        #[test]
        fn any_bytes_decode_or_fail_without_a_panic(bytes: Vec<u8>) {
            if let Ok(details) = decode(&bytes) {
                prop_assert_eq!(&**encode(&details), &*bytes);
            }
        }

        #[test]
        fn a_length_that_lies_fails(place in 0usize..3, length: u32) {
            let encoded = encode(&details(Some("{}".into()), "about".into(), Some("********".into())));
            let start = [1, 1 + 4 + 3, 1 + 4 + 3 + 4 + 5][place];
            let mut changed = encoded.to_vec();
            changed[start..start + 4].copy_from_slice(&length.to_be_bytes());
            prop_assert!(changed == **encoded || decode(&changed).is_err());
        }
    }

    #[test]
    fn absent_and_empty_differ_and_anything_after_the_end_fails() {
        let absent = encode(&details(None, String::new(), None));
        let empty = encode(&details(Some(String::new()), String::new(), Some(String::new())));
        assert_ne!(*absent, *empty);
        assert_eq!(**absent, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let mut longer = absent.to_vec();
        longer.push(0);
        assert_eq!(decode(&longer), Err(OpenError::Damaged));
        longer[0] = 3;
        assert_eq!(decode(&longer), Err(OpenError::UnknownFormat));
    }
}
