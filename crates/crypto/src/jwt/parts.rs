//! The three parts of a token in its compact form (RFC 7515 7.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyholt_types::Credential;
use serde_json::{Map, Value};

use super::json::read_object;

/// A token that is longer is none: more than an issuer that signs its groups into them needs.
const MOST_BYTES: usize = 16 * 1024;

/// A text of three parts in the alphabet of tokens, none of them empty.
pub(super) struct Parts<'a> {
    header: &'a str,
    claims: &'a str,
    /// The signature, not decoded.
    pub(super) signature: &'a str,
    /// What is signed: the first two parts as they are.
    pub(super) signed: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits a credential; `None` when it has not the shape of a token.
    pub(super) fn of(credential: &'a Credential) -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "EXPOSE: a token is taken apart to be verified")]
        let text = credential.expose();
        if text.len() > MOST_BYTES {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        [header, claims, signature].into_iter().all(is_part).then_some(Self {
            header,
            claims,
            signature,
            signed,
        })
    }

    /// The header's members.
    pub(super) fn header(&self) -> Option<Map<String, Value>> {
        read_object(&decode(self.header)?)
    }

    /// The claims, which nobody vouches for before the signature is verified.
    pub(super) fn claims(&self) -> Option<Map<String, Value>> {
        read_object(&decode(self.claims)?)
    }
}

fn is_part(part: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !part.is_empty() && part.bytes().all(is_digit)
}

/// Decodes base64url without padding (RFC 7515 2). Bits that stand for nothing must be zero, so that no part has
/// two spellings.
pub(super) fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_three_parts_of_its_alphabet() {
        let is_token = |text: &str| Parts::of(&Credential::new(text.to_owned())).is_some();
        assert!(is_token("a.b.c") && is_token("-_0.A.z"));
        assert!(is_token(&format!("a.b.{}", "c".repeat(MOST_BYTES - 4))));
        for other in [
            "",
            "a",
            "a.b",
            "a.b.",
            ".b.c",
            "a..c",
            "..",
            "a.b.c.d",
            "a.b.c.d.e",
            "a.b.c=",
            "a.b.c ",
            " a.b.c",
            "a.b.c\n",
            "a.b+.c",
            "a.b/.c",
            "a.b\0.c",
            "ä.b.c",
            "My API Key",
            "khk_a.b",
            &format!("a.b.{}", "c".repeat(MOST_BYTES - 3)),
        ] {
            assert!(!is_token(other), "{other:.40}");
        }
    }

    #[test]
    fn a_part_has_one_spelling() {
        assert_eq!(decode("e30").as_deref(), Some(&b"{}"[..]));
        for other in ["e31", "e3", "e", "e30=", "e3-~"] {
            assert!(decode(other).is_none_or(|bytes| bytes != b"{}"), "{other}");
        }
        assert_eq!(decode("e31"), None);
    }
}
