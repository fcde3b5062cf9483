//! What a token says of itself before anything is proven.

use std::fmt;

use keyholt_types::{Credential, JwtAlgorithm};
use serde_json::Value;

use super::parts::Parts;

/// Whose token a credential claims to be: used to choose the configuration and the keys that it is verified with,
/// and for nothing else. Comes from whoever sent it and does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct JwtHead {
    /// The algorithm of the signature; none when it is one that no issuer may use.
    pub algorithm: Option<JwtAlgorithm>,
    /// The name of the key.
    pub kid: Option<Box<str>>,
    /// The issuer.
    pub issuer: Box<str>,
}

impl JwtHead {
    /// Reads it; `None` when the credential has not the shape of a token with an issuer: three parts of base64url,
    /// 16 KiB at most in all, of which the first two are JSON objects.
    #[must_use]
    pub fn of(credential: &Credential) -> Option<Self> {
        let parts = Parts::of(credential)?;
        let (header, claims) = (parts.header()?, parts.claims()?);
        let kid = match header.get("kid") {
            None => None,
            Some(name) => Some(name.as_str()?.into()),
        };
        Some(Self {
            algorithm: header.get("alg").and_then(Value::as_str).and_then(JwtAlgorithm::parse),
            kid,
            issuer: claims.get("iss")?.as_str()?.into(),
        })
    }
}

impl fmt::Debug for JwtHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwtHead(**)")
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn head(header: &str, claims: &str) -> Option<JwtHead> {
        let encode = |part: &str| URL_SAFE_NO_PAD.encode(part);
        JwtHead::of(&Credential::new(format!("{}.{}.AAAA", encode(header), encode(claims))))
    }

    #[test]
    fn a_head_is_read_without_proof() {
        let read =
            head(r#"{"alg":"ES256","kid":"1","jku":7}"#, r#"{"iss":"https://a.example","n":1}"#).unwrap();
        assert_eq!(read.algorithm, Some(JwtAlgorithm::Es256));
        assert_eq!((read.kid.as_deref(), &*read.issuer), (Some("1"), "https://a.example"));
        assert_eq!(format!("{read:?}"), "JwtHead(**)");
        for unknown in [r#"{"alg":"none"}"#, r#"{"alg":"HS256"}"#, r#"{"alg":["RS256"]}"#, "{}"] {
            assert_eq!(head(unknown, r#"{"iss":"a"}"#).unwrap().algorithm, None, "{unknown}");
        }
    }

    #[test]
    fn what_has_no_issuer_is_no_token() {
        for (header, claims) in [
            ("{}", "{}"),
            ("{}", r#"{"iss":["a"]}"#),
            ("{}", r#"{"iss":"a","iss":"b"}"#),
            ("{}", "[]"),
            ("[]", r#"{"iss":"a"}"#),
            (r#"{"kid":1}"#, r#"{"iss":"a"}"#),
            (r#"{"kid":null}"#, r#"{"iss":"a"}"#),
            (r#"{"alg":"ES256","alg":"RS256"}"#, r#"{"iss":"a"}"#),
            ("x", "x"),
        ] {
            assert_eq!(head(header, claims), None, "{header} {claims}");
        }
    }
}
