//! Percent-encoding (RFC 3986 2.1), read strictly.

/// The text that an encoded one stands for; none when a `%` stands without two hexadecimal digits behind it, or the
/// bytes are no UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
            decoded.push(high << 4 | low);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_rightly_is_read() {
        for (text, expected) in
            [("", Some("")), ("a%20b", Some("a b")), ("%C3%a9", Some("é")), ("%2525", Some("%25"))]
        {
            assert_eq!(decode(text).as_deref(), expected, "{text}");
        }
        for wrong in ["%", "%2", "%2g", "%%", "a%", "%-1", "%+1", "%ff", "%C3", "%ed%a0%80"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
