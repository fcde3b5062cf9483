//! Issuers of tokens, from a file of their own (design/security.md B.8).

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use keyholt_types::{
    AddressRange, ClaimName, FieldProblem, JwksPlace, JwtAlgorithm, JwtIssuer, JwtRule, NamePattern, OrgName,
    Restriction, Right, Rights, Role, SecretType, parse_label,
};
use reqwest::Url;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{UsageError, file};

/// The most issuers, rules of an issuer, and elements of any list.
const MOST: usize = Restriction::MOST;

/// Reads the issuers in a file.
///
/// # Errors
/// When it cannot be read, or says what cannot be: one line that names the file, and the line or the issuer and
/// its field.
pub(super) fn issuers_in(path: &Path) -> Result<Vec<JwtIssuer>, UsageError> {
    let shown = path.display();
    let file: File = file::read("the file of token issuers", path)?;
    if file.issuer.is_empty() {
        return Err(UsageError(format!("{shown}: names no issuer; begin one with [[issuer]]")));
    }
    let mut issuers: Vec<JwtIssuer> = Vec::with_capacity(file.issuer.len());
    for entry in file.issuer {
        let name = entry.issuer.clone();
        let read =
            entry.read().and_then(|issuer| match issuers.iter().any(|other| other.issuer == issuer.issuer) {
                true => Err(Wrong::new("issuer", "stands in the file twice")),
                false => Ok(issuer),
            });
        // As a debug text, so that a control character does not reach the terminal.
        issuers.push(read.map_err(|wrong| UsageError(format!("{shown}, issuer {name:?}: {wrong}")))?);
    }
    if issuers.len() > MOST {
        return Err(UsageError(format!("{shown}: must not have more than {MOST} issuers")));
    }
    Ok(issuers)
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    issuer: Vec<Issuer>,
}

/// An issuer, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Issuer {
    issuer: String,
    #[serde(deserialize_with = "one_or_more")]
    audience: Vec<String>,
    algorithms: Vec<String>,
    jwks_url: Option<String>,
    jwks_file: Option<PathBuf>,
    jwks_ca_file: Option<PathBuf>,
    max_age_seconds: Option<u32>,
    #[serde(default)]
    rule: Vec<Rule>,
}

/// A rule, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    claims: Option<BTreeMap<String, String>>,
    #[serde(default)]
    anyone: bool,
    org: String,
    project: Option<String>,
    role: Option<String>,
    rights: Option<Vec<String>>,
    names: Option<Vec<String>>,
    types: Option<Vec<String>>,
    addresses: Option<Vec<String>>,
}

/// What is wrong with which field.
struct Wrong {
    field: String,
    problem: String,
}

impl Wrong {
    fn new(field: &str, problem: impl Display) -> Self {
        Self { field: field.to_owned(), problem: problem.to_string() }
    }

    fn in_rule(self, number: usize) -> Self {
        Self { field: format!("rule {number}, {}", self.field), ..self }
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}

impl Issuer {
    fn read(self) -> Result<JwtIssuer, Wrong> {
        let label = |field: &str, text: &str| {
            parse_label(text, 512, "512 characters").map_err(|problem| Wrong::new(field, problem))
        };
        let algorithm = |word: &String| {
            JwtAlgorithm::parse(word)
                .ok_or_else(|| Wrong::new("algorithms", "must be of RS256, PS256, ES256 and EdDSA"))
        };
        Ok(JwtIssuer {
            issuer: label("issuer", &self.issuer)?,
            audiences: each("audience", &self.audience, |text| label("audience", text))?,
            algorithms: each("algorithms", &self.algorithms, algorithm)?,
            keys: place(self.jwks_url, self.jwks_file, self.jwks_ca_file)?,
            max_age_seconds: match self.max_age_seconds.unwrap_or(JwtIssuer::MAX_AGE_SECONDS) {
                seconds @ 1..=JwtIssuer::MAX_AGE_SECONDS => seconds,
                _ => return Err(Wrong::new("max_age_seconds", "must be 1 to 86400")),
            },
            rules: {
                let numbered: Vec<_> = (1..).zip(self.rule).collect();
                each("rule", &numbered, |(number, rule)| rule.read().map_err(|wrong| wrong.in_rule(*number)))?
            },
        })
    }
}

impl Rule {
    fn read(&self) -> Result<JwtRule, Wrong> {
        Ok(JwtRule {
            claims: self.claims()?,
            org: OrgName::parse(&self.org).map_err(|problem| Wrong::new("org", problem))?,
            project: match &self.project {
                Some(name) => Some(
                    OrgName::parse(name).map_err(|problem| Wrong::new("project", problem))?.as_str().into(),
                ),
                None => None,
            },
            rights: self.rights()?,
            restriction: Restriction {
                names: list("names", self.names.as_ref(), NamePattern::parse)?,
                types: list("types", self.types.as_ref(), SecretType::parse)?,
                addresses: list("addresses", self.addresses.as_ref(), str::parse::<AddressRange>)?,
            },
        })
    }

    /// A rule without claims would let everyone in whom the issuer knows: that must be said in so many words.
    fn claims(&self) -> Result<Vec<(ClaimName, NamePattern)>, Wrong> {
        let wrong = |name: &str, problem: FieldProblem| Wrong::new(&format!("claims, {name:?}"), problem);
        match (&self.claims, self.anyone) {
            (None, true) => Ok(Vec::new()),
            (Some(_), true) => Err(Wrong::new("anyone", "must not stand beside claims")),
            (None, false) => Err(Wrong::new(
                "claims",
                "is required; to let everyone in whom the issuer knows, write anyone = true",
            )),
            (Some(claims), false) => {
                let claims: Vec<_> = claims.iter().collect();
                each("claims", &claims, |(name, pattern)| {
                    let place = ClaimName::parse(name).map_err(|problem| wrong(name, problem))?;
                    Ok((place, NamePattern::parse(pattern).map_err(|problem| wrong(name, problem))?))
                })
            }
        }
    }

    fn rights(&self) -> Result<Rights, Wrong> {
        match (&self.role, &self.rights) {
            (Some(word), None) => Role::parse(word)
                .map(Role::rights)
                .ok_or_else(|| Wrong::new("role", "must be owner, engineer, viewer, app or resolver")),
            (None, Some(words)) => {
                let right = |word: &String| {
                    let found = Right::ALL.into_iter().find(|right| right.word() == word);
                    found.ok_or_else(|| Wrong::new("rights", "must be of read, write, use, reveal and admin"))
                };
                each("rights", words, right).map(|rights| Rights::of(&rights))
            }
            (None, None) | (Some(_), Some(_)) => {
                Err(Wrong::new("role", "or rights is required, and one of them only"))
            }
        }
    }
}

fn place(url: Option<String>, file: Option<PathBuf>, ca_file: Option<PathBuf>) -> Result<JwksPlace, Wrong> {
    match (url, file, ca_file) {
        (Some(url), None, ca_file) if is_https(&url) => Ok(JwksPlace::Url { url: url.into(), ca_file }),
        (Some(_), None, _) => Err(Wrong::new(
            "jwks_url",
            "must be a URL such as https://issuer.example/jwks.json, without a user",
        )),
        (None, Some(file), None) => Ok(JwksPlace::File(file)),
        (None, Some(_), Some(_)) => Err(Wrong::new("jwks_ca_file", "goes with jwks_url only")),
        (Some(_), Some(_), _) | (None, None, _) => {
            Err(Wrong::new("jwks_url", "or jwks_file is required, and one of them only"))
        }
    }
}

fn is_https(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        url.scheme() == "https"
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    })
}

/// Reads each element of a list that must have one.
fn each<T, U>(field: &str, list: &[T], read: impl Fn(&T) -> Result<U, Wrong>) -> Result<Vec<U>, Wrong> {
    match list.len() {
        0 => Err(Wrong::new(field, FieldProblem::Empty)),
        1..=MOST => list.iter().map(read).collect(),
        _ => Err(Wrong::new(field, FieldProblem::TooLong("100 elements"))),
    }
}

/// Reads a list of a restriction, which may be absent but not empty: an empty one would restrict nothing.
fn list<T, E: Display>(
    field: &str,
    list: Option<&Vec<String>>,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, Wrong> {
    let read = |text: &String| read(text).map_err(|problem| Wrong::new(field, problem));
    list.map_or_else(|| Ok(Vec::new()), |list| each(field, list, read))
}

/// Reads a text, or a list of texts.
fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct OneOrMore;

    impl<'de> Visitor<'de> for OneOrMore {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string or a list of strings")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(vec![text.to_owned()])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vec<String>, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(list))
        }
    }

    from.deserialize_any(OneOrMore)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    const HEAD: &str = r#"
        [[issuer]]
        issuer = "https://issuer.example"
        audience = "https://keyholt.example"
        algorithms = ["RS256"]
        jwks_url = "https://issuer.example/jwks"
    "#;
    const RULE: &str = r#"
        [[issuer.rule]]
        claims = { sub = "*" }
        org = "default"
        role = "app"
    "#;

    fn read(text: &str) -> Result<Vec<JwtIssuer>, UsageError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("issuers.toml");
        fs::write(&path, text).unwrap();
        issuers_in(&path)
    }

    #[track_caller]
    fn refused(text: &str) -> String {
        let message = read(text).unwrap_err().to_string();
        assert!(message.contains("issuers.toml") && !message.contains('\n'), "{message}");
        message
    }

    /// What is said of an issuer with this line in place of one of the same name.
    fn refused_with(name: &str, line: &str) -> String {
        let is_other = |other: &&str| !other.trim_start().starts_with(&format!("{name} ="));
        let lines: Vec<&str> = HEAD.lines().chain([line]).chain(RULE.lines()).collect();
        let text: Vec<&str> = lines.into_iter().filter(|other| *other == line || is_other(other)).collect();
        refused(&text.join("\n"))
    }

    #[test]
    fn an_issuer_is_read_with_its_rules() {
        let text = r#"
            [[issuer]]
            issuer = "https://token.actions.example"
            audience = ["a", "b"]
            algorithms = ["RS256", "ES256"]
            jwks_url = "https://token.actions.example/.well-known/jwks"
            jwks_ca_file = "/etc/ssl/cluster-ca.pem"
            max_age_seconds = 3600

            [[issuer.rule]]
            claims = { repository = "acme/evals", "/kubernetes.io/namespace" = "ml-*" }
            org = "acme"
            project = "evals"
            rights = ["use", "read"]
            names = ["OPENAI_*"]
            types = ["openai"]
            addresses = ["10.0.0.0/8"]

            [[issuer.rule]]
            anyone = true
            org = "default"
            role = "viewer"

            [[issuer]]
            issuer = "other"
            audience = "c"
            algorithms = ["EdDSA"]
            jwks_file = "keys.json"
            [[issuer.rule]]
            claims = { sub = "ann" }
            org = "default"
            role = "owner"
        "#;
        let issuers = read(text).unwrap();
        let [first, second] = &issuers[..] else { panic!("{issuers:?}") };
        assert_eq!(first.audiences, ["a".into(), "b".into()]);
        assert_eq!(first.algorithms, [JwtAlgorithm::Rs256, JwtAlgorithm::Es256]);
        let ca_file = Some(PathBuf::from("/etc/ssl/cluster-ca.pem"));
        let url = "https://token.actions.example/.well-known/jwks".into();
        assert_eq!((&first.keys, first.max_age_seconds), (&JwksPlace::Url { url, ca_file }, 3600));
        let [narrow, anyone] = &first.rules[..] else { panic!("{issuers:?}") };
        assert_eq!((narrow.org.as_str(), narrow.project.as_deref()), ("acme", Some("evals")));
        assert_eq!(narrow.rights, Rights::of(&[Right::Read, Right::Use]));
        let Restriction { names, types, addresses } = &narrow.restriction;
        assert_eq!((names.len(), types.len(), addresses.len()), (1, 1, 1));
        let token = json!({"repository": "acme/evals", "kubernetes.io": {"namespace": "ml-1"}});
        let found = first.rule_for(|name| name.find_in(&token)).unwrap();
        assert_eq!(found, narrow);
        assert!(anyone.claims.is_empty() && anyone.restriction.is_empty());
        assert_eq!(anyone.rights, Role::Viewer.rights());
        assert_eq!((&second.keys, second.max_age_seconds), (&JwksPlace::File("keys.json".into()), 86_400));
    }

    #[test]
    fn what_is_wrong_with_an_issuer_is_said_with_its_name_and_field() {
        read(&format!("{HEAD}{RULE}")).unwrap();
        for (name, line) in [
            ("audience", "audience = []"),
            ("audience", "audience = ['']"),
            ("algorithms", "algorithms = []"),
            ("algorithms", "algorithms = ['HS256']"),
            ("algorithms", "algorithms = ['none']"),
            ("algorithms", "algorithms = ['RS256', 'rs256']"),
            ("jwks_url", "jwks_url = 'http://issuer.example/jwks'"),
            ("jwks_url", "jwks_url = 'https://me:word@issuer.example/jwks'"),
            ("jwks_url", "jwks_url = 'https://'"),
            ("jwks_url", "jwks_url = 'file:///etc/passwd'"),
            ("jwks_url", ""),
            ("jwks_file", "jwks_file = 'keys.json'"),
            ("max_age_seconds", "max_age_seconds = 0"),
            ("max_age_seconds", "max_age_seconds = 86401"),
        ] {
            let message = refused_with(name, line);
            assert!(message.contains("issuer \"https://issuer.example\": "), "{message}");
            assert!(message.contains(name) && !message.contains("word"), "{message}");
        }
        let ca = refused_with("jwks_url", "jwks_file = 'a'\njwks_ca_file = 'b'");
        assert!(ca.contains("jwks_ca_file goes with jwks_url only"), "{ca}");
        let empty = refused_with("issuer", "issuer = ''");
        assert!(empty.contains("issuer \"\": issuer must not be empty"), "{empty}");
        let twice = refused(&format!("{HEAD}{RULE}{HEAD}{RULE}"));
        assert!(twice.contains("\"https://issuer.example\": issuer stands in the file twice"), "{twice}");
        let without_rule = refused(HEAD);
        assert!(without_rule.contains("rule must not be empty"), "{without_rule}");
        assert!(refused("").contains("names no issuer"));
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_said_with_its_number_and_field() {
        for (rule, expected) in [
            ("org = 'a'\nrole = 'app'", "rule 2, claims is required"),
            ("claims = {}\norg = 'a'\nrole = 'app'", "rule 2, claims must not be empty"),
            ("claims = {}\nanyone = true\norg = 'a'\nrole = 'app'", "rule 2, anyone must not"),
            ("anyone = false\norg = 'a'\nrole = 'app'", "rule 2, claims is required"),
            ("claims = { sub = '' }\norg = 'a'\nrole = 'app'", "rule 2, claims, \"sub\" must not be empty"),
            ("claims = { '/~' = 'x' }\norg = 'a'\nrole = 'app'", "must be a JSON pointer"),
            ("anyone = true\norg = ''\nrole = 'app'", "rule 2, org must not be empty"),
            ("anyone = true\norg = 'a'\nproject = ''\nrole = 'app'", "rule 2, project must not be empty"),
            ("anyone = true\norg = 'a'", "rule 2, role or rights is required"),
            ("anyone = true\norg = 'a'\nrole = 'app'\nrights = ['use']", "rule 2, role or rights is required"),
            ("anyone = true\norg = 'a'\nrole = 'operator'", "rule 2, role must be"),
            ("anyone = true\norg = 'a'\nrights = []", "rule 2, rights must not be empty"),
            ("anyone = true\norg = 'a'\nrights = ['all']", "rule 2, rights must be of"),
            ("anyone = true\norg = 'a'\nrole = 'app'\nnames = []", "rule 2, names must not be empty"),
            ("anyone = true\norg = 'a'\nrole = 'app'\nnames = ['']", "rule 2, names must not be empty"),
            ("anyone = true\norg = 'a'\nrole = 'app'\ntypes = ['a\\u0000']", "rule 2, types must not contain"),
            (
                "anyone = true\norg = 'a'\nrole = 'app'\naddresses = ['x']",
                "rule 2, addresses must be an address",
            ),
        ] {
            let rule = rule.replace("'a\\u0000'", "\"a\\u0000\"");
            let message = refused(&format!("{HEAD}{RULE}[[issuer.rule]]\n{rule}\n"));
            assert!(message.contains("issuer \"https://issuer.example\": "), "{message}");
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn what_the_file_cannot_hold_is_said_with_its_line() {
        for (line, expected) in [
            ("audiences = ['a']", "unknown field `audiences`"),
            ("secret = 'very-private'", "unknown field `secret`"),
            ("audience = 1", "expected a string or a list of strings"),
            ("algorithms = 'RS256'", "expected a sequence"),
            ("max_age_seconds = -1", "invalid value"),
            ("max_age_seconds = '1h'", "invalid type"),
        ] {
            let name = line.split_once(' ').unwrap().0;
            let message = refused_with(name, line);
            assert!(message.contains("line ") && message.contains(expected), "{message}");
            assert!(!message.contains("private"), "{message}");
        }
        let rule = refused(&format!("{HEAD}{RULE}operator = true\n"));
        assert!(rule.contains("line 12: unknown field `operator`"), "{rule}");
        assert!(refused("[[issuer]]\n").contains("missing field"));
        let missing = issuers_in(Path::new("/nowhere/issuers.toml")).unwrap_err().to_string();
        assert_eq!(missing, "the file of token issuers /nowhere/issuers.toml does not exist");
    }
}
