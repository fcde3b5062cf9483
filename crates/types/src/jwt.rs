//! JSON Web Tokens as credentials: whose are taken, and what they stand for (design/security.md B.8).

use std::path::PathBuf;

use serde_json::Value;

use crate::{FieldProblem, NamePattern, OrgName, Restriction, Rights, parse_label};

/// A signature algorithm of tokens (RFC 7518 3.1, RFC 8037 3.1). There is no other: none without a signature,
/// none with a key that both sides have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JwtAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl JwtAlgorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// The word for it, as in a token's header.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads the word; its case counts (RFC 7515 4.1.1).
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.word() == word)
    }
}

/// Where a claim is in a token: a claim's name, or a JSON pointer (RFC 6901) when it begins with a slash, such as
/// `/kubernetes.io/namespace`. 1 to 256 characters, no control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ClaimName(Box<str>);

impl ClaimName {
    /// Reads it.
    ///
    /// # Errors
    /// When it is empty, longer, holds a control character, or begins with a slash and is no JSON pointer.
    pub fn parse(text: &str) -> Result<Self, FieldProblem> {
        let name = parse_label(text, 256, "256 characters")?;
        let is_escape = |after: &str| after.starts_with(['0', '1']);
        if name.starts_with('/') && !name.split('~').skip(1).all(is_escape) {
            return Err(FieldProblem::MustBe("a JSON pointer, with ~0 for ~ and ~1 for /"));
        }
        Ok(Self(name))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The claim in a token's claims.
    #[must_use]
    pub fn find_in<'a>(&self, claims: &'a Value) -> Option<&'a Value> {
        if self.0.starts_with('/') { claims.pointer(&self.0) } else { claims.get(&*self.0) }
    }
}

/// Where an issuer's public keys are, as a JSON Web Key Set (RFC 7517 5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JwksPlace {
    /// On a server, over https.
    Url {
        /// The URL, which begins with `https://`.
        url: Box<str>,
        /// Certificates (PEM) of the authorities that the server is trusted by, in place of the public ones.
        ca_file: Option<PathBuf>,
    },
    /// In a file.
    File(PathBuf),
}

/// An issuer whose tokens are taken. An empty list takes none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JwtIssuer {
    /// Its name: the claim `iss`, exactly.
    pub issuer: Box<str>,
    /// The claim `aud` must hold one of these.
    pub audiences: Vec<Box<str>>,
    /// The algorithms that it signs with.
    pub algorithms: Vec<JwtAlgorithm>,
    /// Its keys.
    pub keys: JwksPlace,
    /// How old a token may be: 1 to [`MAX_AGE_SECONDS`](Self::MAX_AGE_SECONDS).
    pub max_age_seconds: u32,
    /// What its tokens stand for: the first rule that fits decides, and without one a token is refused.
    pub rules: Vec<JwtRule>,
}

impl JwtIssuer {
    /// A day: no token may be older, whatever else is configured.
    pub const MAX_AGE_SECONDS: u32 = 86_400;

    /// The first rule that fits a token's claims, which are asked for one by one.
    #[must_use]
    pub fn rule_for<'a>(&self, claim: impl Fn(&ClaimName) -> Option<&'a Value>) -> Option<&JwtRule> {
        self.rules.iter().find(|rule| rule.fits(&claim))
    }
}

/// What tokens with certain claims stand for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JwtRule {
    /// Claims that must all be there and match: a text of the pattern, or a list with one in it. With none of
    /// them the rule fits whomever the issuer knows.
    pub claims: Vec<(ClaimName, NamePattern)>,
    /// The organisation they belong to.
    pub org: OrgName,
    /// The name of their project there; the organisation's first when none is named.
    pub project: Option<Box<str>>,
    /// What they may do there.
    pub rights: Rights,
    /// Which secrets they may touch, and from where they may be used.
    pub restriction: Restriction,
}

impl JwtRule {
    fn fits<'a>(&self, claim: &impl Fn(&ClaimName) -> Option<&'a Value>) -> bool {
        let matches = |pattern: &NamePattern, value: &Value| match value {
            Value::String(text) => pattern.matches(text),
            Value::Array(list) => list.iter().filter_map(Value::as_str).any(|text| pattern.matches(text)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        };
        self.claims.iter().all(|(name, pattern)| claim(name).is_some_and(|value| matches(pattern, value)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Role;

    fn rule(claims: &[(&str, &str)], role: Role) -> JwtRule {
        let claim = |(name, pattern): &(&str, &str)| {
            (ClaimName::parse(name).unwrap(), NamePattern::parse(pattern).unwrap())
        };
        JwtRule {
            claims: claims.iter().map(claim).collect(),
            org: OrgName::parse("acme").unwrap(),
            project: None,
            rights: role.rights(),
            restriction: Restriction::default(),
        }
    }

    fn fits(claims: &[(&str, &str)], token: &Value) -> bool {
        rule(claims, Role::App).fits(&|name: &ClaimName| name.find_in(token))
    }

    #[test]
    fn an_algorithm_is_one_of_four_words_in_their_case() {
        for algorithm in JwtAlgorithm::ALL {
            assert_eq!(JwtAlgorithm::parse(algorithm.word()), Some(algorithm));
        }
        for other in ["", "none", "None", "HS256", "RS384", "ES384", "rs256", "EDDSA", "RS256 ", "RSA-OAEP"] {
            assert_eq!(JwtAlgorithm::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_claim_is_named_or_pointed_at() {
        let token = json!({
            "sub": "a", "a/b": "b", "/c": "c", "https://example.com/d": "d",
            "kubernetes.io": {"namespace": "ml", "x~/y": "e"}, "list": ["f"]
        });
        let found = |name: &str| ClaimName::parse(name).unwrap().find_in(&token).and_then(Value::as_str);
        for (name, value) in [
            ("sub", "a"),
            ("a/b", "b"),
            ("/~1c", "c"),
            ("https://example.com/d", "d"),
            ("/kubernetes.io/namespace", "ml"),
            ("/kubernetes.io/x~0~1y", "e"),
            ("/list/0", "f"),
        ] {
            assert_eq!(found(name), Some(value), "{name}");
        }
        for nowhere in ["Sub", "kubernetes.io.namespace", "/kubernetes.io/", "/", "/sub/x", "list/0", "~2"] {
            assert_eq!(found(nowhere), None, "{nowhere}");
        }
        for wrong in ["", "a\0", "/~", "/a~2", "/~~0", &"x".repeat(257)] {
            assert!(ClaimName::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rule_fits_when_each_of_its_claims_matches() {
        let token =
            json!({"repository": "acme/evals", "ref": "refs/heads/main", "groups": ["dev", "ops", 7], "n": 1});
        assert!(fits(&[("repository", "acme/evals"), ("ref", "refs/heads/*")], &token));
        assert!(fits(&[("groups", "ops")], &token) && fits(&[("groups", "d*")], &token) && fits(&[], &token));
        for other in [
            [("repository", "acme/evals"), ("ref", "refs/tags/*")],
            [("repository", "acme/evals"), ("actor", "*")],
            [("repository", "acme/eval"), ("ref", "*")],
            [("groups", "sec"), ("ref", "*")],
            [("groups", "7"), ("ref", "*")],
            [("n", "1"), ("ref", "*")],
            [("n", "*"), ("ref", "*")],
        ] {
            assert!(!fits(&other, &token), "{other:?}");
        }
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let issuer = JwtIssuer {
            issuer: "https://issuer.example".into(),
            audiences: vec!["keyholt".into()],
            algorithms: vec![JwtAlgorithm::Es256],
            keys: JwksPlace::File("keys.json".into()),
            max_age_seconds: 60,
            rules: vec![rule(&[("sub", "ci-*")], Role::App), rule(&[("sub", "*")], Role::Viewer)],
        };
        let rights = |token: Value| issuer.rule_for(|name| name.find_in(&token)).map(|rule| rule.rights);
        assert_eq!(rights(json!({"sub": "ci-7"})), Some(Role::App.rights()));
        assert_eq!(rights(json!({"sub": "ann"})), Some(Role::Viewer.rights()));
        assert_eq!(rights(json!({"name": "ann"})), None);
    }
}
