//! API keys: `khk_`, 42 random letters and digits (250 bits), and a checksum of 6.

use std::fmt;

use keyholt_types::Credential;
use zeroize::Zeroizing;

use crate::base62::{self, CHECKSUM_CHARS, checksum_of};
use crate::{SealError, random};

const PREFIX: &str = "khk_";
const RANDOM_CHARS: usize = 42;
const SHOWN_CHARS: usize = 8;

/// A new API key, to be shown once. Wiped on drop; prints as `ApiKeyToken(**)`.
pub struct ApiKeyToken(Zeroizing<String>);

impl ApiKeyToken {
    /// Makes one.
    ///
    /// # Errors
    /// When there are no random numbers.
    pub fn make() -> Result<Self, SealError> {
        // Room for everything, so that no copies are left behind by growing.
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + RANDOM_CHARS + CHECKSUM_CHARS));
        text.push_str(PREFIX);
        let mut bytes: Zeroizing<[u8; 64]> = Zeroizing::new([0; 64]);
        while text.len() < PREFIX.len() + RANDOM_CHARS {
            random::fill(&mut *bytes)?;
            let missing = PREFIX.len() + RANDOM_CHARS - text.len();
            // 248 is the largest multiple of 62 in a byte: from there on some characters would be likelier.
            let fair = bytes.iter().filter(|byte| **byte < 248).take(missing);
            text.extend(fair.map(|byte| base62::digit(u32::from(byte % 62))));
        }
        let checksum = checksum_of(&text);
        text.extend(checksum);
        Ok(Self(text))
    }

    /// The text. Each use has a reason, marked `EXPOSE:`.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The same key as its holder will present it.
    #[must_use]
    pub fn credential(&self) -> Credential {
        Credential::new(String::clone(&self.0))
    }
}

impl fmt::Debug for ApiKeyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyToken(**)")
    }
}

/// What of a credential may be shown and stored: the first 8 characters of an API key of our form (24 of
/// its 250 bits), nothing of any other.
#[must_use]
pub fn shown_prefix(credential: &Credential) -> String {
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the part of an API key that lists show")]
    let text = credential.expose();
    let shown = has_valid_checksum(text).and_then(|_| text.get(..SHOWN_CHARS));
    shown.unwrap_or_default().to_owned()
}

/// Whether an API key has the right checksum; none when it is not of our form. A hint about typing errors
/// and for scanners, never a check of access.
#[must_use]
pub fn has_valid_checksum(text: &str) -> Option<bool> {
    let rest = text.strip_prefix(PREFIX)?;
    let ours = rest.len() == RANDOM_CHARS + CHECKSUM_CHARS && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    ours.then(|| base62::checked(text).is_some())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "EXPOSE: tests look at keys made for them")]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_key_has_our_form_and_a_right_checksum() {
        let keys: HashSet<String> =
            (0..1000).map(|_| ApiKeyToken::make().unwrap().expose().to_owned()).collect();
        assert_eq!(keys.len(), 1000);
        for key in &keys {
            assert_eq!(key.len(), 52);
            assert_eq!(has_valid_checksum(key), Some(true), "{key}");
        }
        let seen: HashSet<char> = keys.iter().flat_map(|key| key[4..46].chars()).collect();
        assert_eq!(seen.len(), 62, "every letter and digit comes up");
    }

    #[test]
    fn any_changed_character_spoils_the_checksum() {
        let key = ApiKeyToken::make().unwrap().expose().to_owned();
        for place in 4..key.len() {
            let other = if key.as_bytes()[place] == b'x' { "y" } else { "x" };
            let mut changed = key.clone();
            changed.replace_range(place..=place, other);
            assert_eq!(has_valid_checksum(&changed), Some(false), "{changed}");
        }
    }

    #[test]
    fn other_texts_are_not_of_our_form_and_show_nothing() {
        let key = ApiKeyToken::make().unwrap().expose().to_owned();
        let (shorter, longer) = (&key[..51], format!("{key}0"));
        let umlaut = format!("khk_{}", "ä".repeat(24));
        for other in
            ["", "khk_", "sk-proj-Wq3vT8mZkL2nR5xB7cY9", shorter, &longer, &key.replace('k', "K"), &umlaut]
        {
            assert_eq!(has_valid_checksum(other), None, "{other}");
            assert_eq!(shown_prefix(&Credential::new(other.to_owned())), "");
        }
        assert_eq!(shown_prefix(&Credential::new(key.clone())), key[..8]);
    }

    #[test]
    fn a_key_does_not_print_and_becomes_the_same_credential() {
        let key = ApiKeyToken::make().unwrap();
        assert_eq!(format!("{key:?}"), "ApiKeyToken(**)");
        let text = key.expose().to_owned();
        assert_eq!(key.credential().expose(), text);
    }
}
