//! The pieces of a URL's text.

use super::BadUrl;

/// A port: digits only, 1 to 65535.
pub(super) fn port_in(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

/// Takes percent-encoding away. Control characters are refused: the protocol ends a text at its first zero.
pub(super) fn decode(part: &'static str, text: &str) -> Result<String, BadUrl> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => digit(rest.next())
                .zip(digit(rest.next()))
                .map(|(high, low)| high * 16 + low)
                .ok_or(BadUrl::NotText(part))?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control)).ok_or(BadUrl::NotText(part))
}

fn digit(byte: Option<u8>) -> Option<u8> {
    char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
