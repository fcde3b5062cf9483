//! What narrows an API key beside its rights: which secrets it may touch, and from where it may be used.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{AddressRange, FieldProblem, SecretType, parse_label};

/// A pattern of secrets' names: `*` stands for any number of characters, `?` for one; everything else for
/// itself, byte by byte (design/decisions.md 8). 1 to 256 characters, no control characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamePattern(Box<str>);

impl NamePattern {
    /// Reads it.
    ///
    /// # Errors
    /// When it is empty, longer, or holds a control character.
    pub fn parse(text: &str) -> Result<Self, FieldProblem> {
        parse_label(text, 256, "256 characters").map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a name is of this pattern. Takes at most pattern × name steps, whatever the pattern.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let (mut pattern, mut rest) = (self.0.chars(), name.chars());
        // Where to go on when what follows the latest star does not fit: the star takes one character more.
        let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
        loop {
            let rest_before = rest.clone();
            match (pattern.next(), rest.next()) {
                (None, None) => return true,
                (Some('*'), _) => {
                    retry = Some((pattern.clone(), rest_before.clone()));
                    rest = rest_before;
                }
                (Some('?'), Some(_)) => {}
                (Some(wanted), Some(found)) if wanted == found => {}
                _ => {
                    let Some((after_star, mut taken)) = retry.take() else { return false };
                    if taken.next().is_none() {
                        return false;
                    }
                    pattern = after_star.clone();
                    rest = taken.clone();
                    retry = Some((after_star, taken));
                }
            }
        }
    }
}

/// One restriction: each list that is not empty must have an element that fits.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Restriction {
    /// Patterns of the secrets' names.
    pub names: Vec<NamePattern>,
    /// The secrets' types, exactly. A secret without a type is of none of them.
    pub types: Vec<SecretType>,
    /// Where requests may come from.
    pub addresses: Vec<AddressRange>,
}

impl Restriction {
    /// The most elements of each list.
    pub const MOST: usize = 100;

    /// Whether it restricts nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.types.is_empty() && self.addresses.is_empty()
    }

    fn allows_name(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|pattern| pattern.matches(name))
    }

    fn allows_type(&self, kind: Option<&str>) -> bool {
        self.types.is_empty() || self.types.iter().any(|one| Some(one.as_str()) == kind)
    }

    fn allows_address(&self, address: Option<IpAddr>) -> bool {
        let is_within = |address: IpAddr| self.addresses.iter().any(|range| range.contains(address));
        self.addresses.is_empty() || address.is_some_and(is_within)
    }
}

/// Restrictions that must all be met. A key that another one makes has that one's restrictions beside its
/// own, so that no key can grant more than it has.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Restrictions(Vec<Restriction>);

impl Restrictions {
    /// How many one key can have: so long can a line of keys be of which each narrows the next.
    pub const MOST: usize = 8;

    /// These and one more; `None` when they would be too many. One that restricts nothing, or is there
    /// already, adds nothing.
    #[must_use]
    pub fn with(&self, own: Restriction) -> Option<Self> {
        let mut all = self.0.clone();
        if !own.is_empty() && !all.contains(&own) {
            all.push(own);
        }
        (all.len() <= Self::MOST).then_some(Self(all))
    }

    /// Each of them.
    #[must_use]
    pub fn each(&self) -> &[Restriction] {
        &self.0
    }

    /// Whether secrets are all alike to them.
    #[must_use]
    pub fn allow_every_secret(&self) -> bool {
        self.0.iter().all(|one| one.names.is_empty() && one.types.is_empty())
    }

    /// Whether a secret of this name and type may be touched.
    #[must_use]
    pub fn allow_secret(&self, name: &str, kind: Option<&str>) -> bool {
        self.0.iter().all(|one| one.allows_name(name) && one.allows_type(kind))
    }

    /// Whether a secret of this name may be touched, as far as its name decides.
    #[must_use]
    pub fn allow_name(&self, name: &str) -> bool {
        self.0.iter().all(|one| one.allows_name(name))
    }

    /// Whether a request may come from there. From nowhere that is known it may not, where addresses are
    /// restricted.
    #[must_use]
    pub fn allow_address(&self, address: Option<IpAddr>) -> bool {
        self.0.iter().all(|one| one.allows_address(address))
    }

    /// The stored form, which an API key's proof covers; empty for none.
    ///
    /// **Format:** frozen. JSON, a list of objects with the lists `names`, `types` and `addresses`.
    #[must_use]
    pub fn to_stored(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let stored: Vec<_> = self.0.iter().map(StoredRestriction::of).collect();
        // Texts in lists: there is nothing in it that could not be written.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// Reads the stored form; `None` when it is anything else.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let stored: Vec<StoredRestriction> = serde_json::from_str(text).ok()?;
        stored.iter().map(StoredRestriction::read).collect::<Option<_>>().map(Self)
    }
}

impl fmt::Debug for Restrictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRestriction {
    names: Vec<String>,
    types: Vec<String>,
    addresses: Vec<String>,
}

impl StoredRestriction {
    fn of(restriction: &Restriction) -> Self {
        Self {
            names: restriction.names.iter().map(|pattern| pattern.as_str().to_owned()).collect(),
            types: restriction.types.iter().map(|kind| kind.as_str().to_owned()).collect(),
            addresses: restriction.addresses.iter().map(AddressRange::to_string).collect(),
        }
    }

    fn read(&self) -> Option<Restriction> {
        Some(Restriction {
            names: self.names.iter().map(|text| NamePattern::parse(text).ok()).collect::<Option<_>>()?,
            types: self.types.iter().map(|text| SecretType::parse(text).ok()).collect::<Option<_>>()?,
            addresses: self.addresses.iter().map(|text| text.parse().ok()).collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(patterns: &[&str]) -> Restriction {
        let names = patterns.iter().map(|text| NamePattern::parse(text).unwrap()).collect();
        Restriction { names, ..Restriction::default() }
    }

    fn all(restrictions: &[Restriction]) -> Restrictions {
        restrictions.iter().fold(Restrictions::default(), |all, one| all.with(one.clone()).unwrap())
    }

    #[test]
    fn patterns_match_whole_names() {
        let matches = |pattern: &str, name: &str| NamePattern::parse(pattern).unwrap().matches(name);
        for (pattern, name) in [
            ("OPENAI_*", "OPENAI_API_KEY"),
            ("OPENAI_*", "OPENAI_"),
            ("*", "x"),
            ("*", ""),
            ("a?c", "abc"),
            ("a?c", "aüc"),
            ("*_KEY", "A_KEY_KEY"),
            ("a*b*c", "axxbyybzzc"),
            ("**", "x"),
            ("[a]", "[a]"),
            ("a*?", "ab"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("OPENAI_*", "xOPENAI_"),
            ("OPENAI_*", "openai_x"),
            ("a?c", "ac"),
            ("a?c", "abbc"),
            ("*_KEY", "A_KEYS"),
            ("a*b*c", "axxbyyb"),
            ("?", ""),
            ("[a]", "a"),
            ("a*?", "a"),
            ("A", "AB"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn no_pattern_takes_long() {
        let pattern = NamePattern::parse(&format!("{}c", "a*".repeat(127))).unwrap();
        assert!(!pattern.matches(&format!("{}b", "a".repeat(255))));
    }

    #[test]
    fn each_restriction_must_be_met_and_narrows_only() {
        let openai = all(&[names(&["OPENAI_*", "ANTHROPIC_*"]), names(&["*_TEST"])]);
        assert!(openai.allow_secret("OPENAI_TEST", None));
        assert!(!openai.allow_secret("OPENAI_PROD", None) && !openai.allow_secret("GOOGLE_TEST", None));
        let typed = Restriction { types: vec![SecretType::parse("openai").unwrap()], ..Restriction::default() };
        let typed = all(&[typed]);
        assert!(typed.allow_secret("x", Some("openai")) && typed.allow_name("x"));
        assert!(!typed.allow_secret("x", Some("OpenAI")) && !typed.allow_secret("x", None));
        assert!(Restrictions::default().allow_every_secret() && !typed.allow_every_secret());
    }

    #[test]
    fn an_address_that_is_not_known_is_within_no_restriction() {
        let office = Restriction { addresses: vec!["10.0.0.0/8".parse().unwrap()], ..Restriction::default() };
        let office = all(&[office]);
        assert!(
            office.allow_address("10.1.2.3".parse().ok()) && !office.allow_address("11.1.2.3".parse().ok())
        );
        assert!(!office.allow_address(None) && Restrictions::default().allow_address(None));
        assert!(office.allow_every_secret());
    }

    #[test]
    fn a_line_of_narrowed_keys_has_an_end() {
        let mut line = Restrictions::default();
        for number in 0..Restrictions::MOST {
            line = line.with(names(&[&format!("{number}*")])).unwrap();
        }
        assert!(line.with(names(&["x"])).is_none());
        assert_eq!(line.with(Restriction::default()).as_ref(), Some(&line));
        assert_eq!(line.with(names(&["1*"])).as_ref(), Some(&line));
    }

    #[test]
    fn restrictions_are_read_as_they_are_stored() {
        let mut own = names(&["a\"*", "ключ?"]);
        own.types = vec![SecretType::parse("").unwrap(), SecretType::parse("openai").unwrap()];
        own.addresses = vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let some = all(&[own, names(&["*"])]);
        assert_eq!(Restrictions::from_stored(&some.to_stored()), Some(some));
        assert_eq!(Restrictions::default().to_stored(), "");
        for wrong in ["x", "{}", "[{}]", r#"[{"names":[""],"types":[],"addresses":[]}]"#, "[1]"] {
            assert_eq!(Restrictions::from_stored(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_of_its_own_pattern(name in "[^\\p{Cc}*?]{1,40}") {
            prop_assert!(NamePattern::parse(&name).unwrap().matches(&name));
        }
    }
}
