//! Letters and digits: the alphabet of API keys, and the checksum that lets scanners know ours.

/// In the order of their values.
pub(crate) const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How many characters a checksum has.
pub(crate) const CHECKSUM_CHARS: usize = 6;

/// CRC-32 of a text (the polynomial of zip and gzip) as 6 characters, most significant first.
///
/// No security check: it lets a scanner of public code tell our keys from look-alikes without asking us.
pub(crate) fn checksum_of(text: &str) -> [char; CHECKSUM_CHARS] {
    let mut number = crc32fast::hash(text.as_bytes());
    let mut characters = ['0'; CHECKSUM_CHARS];
    for character in characters.iter_mut().rev() {
        *character = digit(number % 62);
        number /= 62;
    }
    characters
}

/// The text before the checksum, if what follows it is its checksum.
pub(crate) fn checked(text: &str) -> Option<&str> {
    let (body, sum) = text.split_at_checked(text.len().checked_sub(CHECKSUM_CHARS)?)?;
    sum.chars().eq(checksum_of(body)).then_some(body)
}

/// The character for a value below 62.
pub(crate) fn digit(value: u32) -> char {
    usize::try_from(value).ok().and_then(|value| ALPHABET.get(value)).map_or('0', |byte| char::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_crc_32_in_six_characters() {
        let number = checksum_of("123456789")
            .into_iter()
            .map(|character| ALPHABET.iter().position(|byte| char::from(*byte) == character).unwrap())
            .fold(0, |number, value| number * 62 + value);
        assert_eq!(number, 0xCBF4_3926, "the check value that every CRC-32/ISO-HDLC gives");
        assert_eq!(checksum_of(""), ['0'; 6]);
        assert_eq!(checked("000000"), Some(""));
    }
}
