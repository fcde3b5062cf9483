//! Names, types, descriptions, times to live: what each may be, and what is wrong when it is not.

use std::fmt;

use crate::parse_uuid;

/// What is wrong with a field. Reads on after the field's name: `secret` + ` must not be empty`.
/// Never holds what was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldProblem {
    /// A required field is absent or null.
    Required,
    /// An empty text where at least one character is needed.
    Empty,
    /// Longer than so much.
    TooLong(&'static str),
    /// Not of the JSON type, such as `a string`.
    MustBe(&'static str),
    /// Holds a control character (Unicode Cc).
    ControlCharacter,
    /// Outside the alphabet or shape of project secret names.
    NotAProjectSecretName,
    /// Shaped like a UUID, which could be taken for an id.
    LooksLikeAnId,
    /// Nested too deep.
    TooDeep(&'static str),
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("is required"),
            Self::Empty => f.write_str("must not be empty"),
            Self::TooLong(most) => write!(f, "must not be longer than {most}"),
            Self::MustBe(kind) => write!(f, "must be {kind}"),
            Self::ControlCharacter => f.write_str("must not contain control characters"),
            Self::NotAProjectSecretName => f.write_str(
                "must be 1 to 100 letters, digits, underscores, hyphens, periods or slashes, without an empty, . or .. segment",
            ),
            Self::LooksLikeAnId => f.write_str("must not look like a UUID"),
            Self::TooDeep(most) => write!(f, "must not be nested deeper than {most}"),
        }
    }
}

/// A text of at most so many characters (Unicode scalar values) without control characters.
///
/// # Errors
/// When it is empty, longer, or holds a control character.
pub fn parse_label(text: &str, most: usize, most_in_words: &'static str) -> Result<Box<str>, FieldProblem> {
    if text.is_empty() {
        return Err(FieldProblem::Empty);
    }
    // A character has at most 4 bytes: what is far too long is not counted.
    if text.len() > most * 4 || text.chars().count() > most {
        return Err(FieldProblem::TooLong(most_in_words));
    }
    if text.chars().any(char::is_control) {
        return Err(FieldProblem::ControlCharacter);
    }
    Ok(text.into())
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = |$text:ident| $parse:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(Box<str>);

        impl $name {
            /// Reads it; compared byte by byte, never trimmed or normalised.
            ///
            /// # Errors
            /// When it is out of the bounds given with the type.
            pub fn parse($text: &str) -> Result<Self, FieldProblem> {
                $parse.map(Self)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    )+};
}

texts! {
    /// The name of an organisation's secret: 1 to 256 characters, no control characters
    /// (wire/braintrust.md 3.2).
    SecretName = |text| parse_label(text, 256, "256 characters");
    /// A secret's type: at most 128 characters, no control characters; may be empty
    /// (wire/braintrust.md 3.2).
    SecretType = |text| if text.is_empty() { Ok(Box::default()) } else { parse_label(text, 128, "128 characters") };
    /// An organisation's or project's name: 1 to 128 characters, no control characters.
    OrgName = |text| parse_label(text, 128, "128 characters");
    /// The name of a project's secret (wire/together.md 2.1).
    ProjectSecretName = |text| parse_project_secret_name(text);
    /// An electronic mail address: 3 to 254 characters (RFC 5321 4.5.3.1.3), one `@` with something on both sides,
    /// no white space, no control characters. Shown to people; never used to tell who somebody is.
    EmailAddress = |text| parse_email_address(text);
    /// A description: at most 500 characters, may be empty (wire/together.md 2.1).
    Description = |text| if text.len() > 2000 || text.chars().count() > 500 {
        Err(FieldProblem::TooLong("500 characters"))
    } else {
        Ok(text.into())
    };
}

impl From<ProjectSecretName> for SecretName {
    /// Every name of a project's secret is a name.
    fn from(name: ProjectSecretName) -> Self {
        Self(name.0)
    }
}

fn parse_project_secret_name(text: &str) -> Result<Box<str>, FieldProblem> {
    if text.is_empty() {
        return Err(FieldProblem::Empty);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte);
    let segments_are_names = || text.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    if text.len() > 100 || !text.bytes().all(allowed) || !segments_are_names() {
        return Err(FieldProblem::NotAProjectSecretName);
    }
    if parse_uuid(text).is_some() {
        return Err(FieldProblem::LooksLikeAnId);
    }
    Ok(text.into())
}

fn parse_email_address(text: &str) -> Result<Box<str>, FieldProblem> {
    let label = parse_label(text, 254, "254 characters")?;
    let has_two_sides =
        |(local, domain): (&str, &str)| !local.is_empty() && !domain.is_empty() && !domain.contains('@');
    if label.contains(char::is_whitespace) || !label.split_once('@').is_some_and(has_two_sides) {
        return Err(FieldProblem::MustBe("an e-mail address such as ada@example.com"));
    }
    Ok(label)
}

/// A time to live: 86400 to 1209600 seconds, which is 1 to 14 days (wire/together.md 2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TtlSeconds(u32);

impl TtlSeconds {
    /// What such a field must be, in words.
    pub const RULE: &'static str = "an integer between 86400 and 1209600";

    /// Reads it.
    ///
    /// # Errors
    /// When it is out of bounds.
    pub fn parse(seconds: i64) -> Result<Self, FieldProblem> {
        match u32::try_from(seconds) {
            Ok(seconds @ 86_400..=1_209_600) => Ok(Self(seconds)),
            _ => Err(FieldProblem::MustBe(Self::RULE)),
        }
    }

    /// The seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0 as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_characters_and_refuse_controls() {
        assert!(SecretName::parse(&"🔑".repeat(256)).is_ok());
        assert!(SecretName::parse(&"🔑".repeat(257)).is_err());
        assert_eq!(SecretName::parse(" a ").unwrap().as_str(), " a ");
        for wrong in ["", "a\tb", "a\u{7f}", "\u{85}"] {
            assert!(SecretName::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    /// wire/together.md 8.
    #[test]
    fn names_of_project_secrets() {
        let longest = "x".repeat(100);
        for right in
            ["a", "team/key", &longest, "...", "a/.b", "01a1d9edc200781fa8e25d940ed90475", "_-._-", "."][..7]
                .iter()
        {
            assert!(ProjectSecretName::parse(right).is_ok(), "{right}");
        }
        let long = "x".repeat(101);
        for wrong in [
            "",
            &long,
            "a b",
            "ключ",
            ".",
            "..",
            "a/../b",
            "/a",
            "a/",
            "a//b",
            "a\n",
            "+a",
            "~",
            "a%2Fb",
            "01A1D9ED-C200-781F-A8E2-5D940ED90475",
        ] {
            assert!(ProjectSecretName::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_email_address_has_two_sides() {
        let longest = format!("{}@example.com", "x".repeat(242));
        for right in ["a@b", "ada.l+keys@example.com", "ключ@пример.рф", &longest] {
            assert!(EmailAddress::parse(right).is_ok(), "{right}");
        }
        let long = format!("x{longest}");
        for wrong in
            ["", "@", "a@", "@b", "ab", "a@b@c", "a b@c", "a@b\u{a0}c", " a@b", "a@b\n", "a\u{7f}@b", &long]
        {
            assert!(EmailAddress::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_ttl_is_1_to_14_days() {
        for right in [86_400, 604_800, 1_209_600] {
            assert_eq!(TtlSeconds::parse(right).unwrap().seconds(), right);
        }
        for wrong in [86_399, 1_209_601, 0, -1, i64::MAX, i64::MIN, 86_400 + (1 << 32)] {
            assert!(TtlSeconds::parse(wrong).is_err());
        }
    }

    #[test]
    fn a_description_has_at_most_500_characters() {
        assert!(Description::parse("").is_ok());
        assert!(Description::parse(&"🔑".repeat(500)).is_ok());
        assert!(Description::parse(&"🔑".repeat(501)).is_err());
    }
}
