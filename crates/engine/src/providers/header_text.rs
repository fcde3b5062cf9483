//! What may stand in a header.

/// The text without spaces, tabs and line breaks at its end, if nothing but U+0020..U+007E is left
/// (wire/braintrust.md 6.2, header-safe). May be empty.
pub(super) fn header_text(text: &str) -> Option<&str> {
    let text = text.trim_end_matches([' ', '\t', '\r', '\n']);
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)).then_some(text)
}

/// Whether this is a token (RFC 9110, 5.6.2), as the names of headers are.
pub(super) fn is_token(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_holds_visible_ascii_and_spaces() {
        for (text, expected) in [
            ("sk-x", Some("sk-x")),
            (" sk x", Some(" sk x")),
            ("sk-x \t\r\n\n", Some("sk-x")),
            (" \n", Some("")),
            ("~!@#$%^&*()", Some("~!@#$%^&*()")),
            ("a\nb", None),
            ("a\r\nX-Evil: 1", None),
            ("a\tb", None),
            ("a\0", None),
            ("a\u{7f}", None),
            ("\u{b}a", None),
            ("schlüssel", None),
            ("a\u{a0}", None),
            ("🔑", None),
        ] {
            assert_eq!(header_text(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_token_has_no_separators() {
        for token in ["x", "X-Custom", "x_custom", "a.b", "!#$%&'*+-.^_`|~09azAZ"] {
            assert!(is_token(token), "{token}");
        }
        for other in
            ["", " ", "a b", "a:", "a/b", "a,b", "a\n", "a\0", "é", "(a)", "a=b", "\"a\"", "a@b", "[a]", "{a}"]
        {
            assert!(!is_token(other), "{other:?}");
        }
    }
}
