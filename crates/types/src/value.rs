//! The plaintext of a secret.

use std::fmt;

use zeroize::Zeroizing;

use crate::FieldProblem;

/// A value: the plaintext of a secret, kept byte for byte.
///
/// It has no `Clone`, `Display`, `Serialize`, `PartialEq` or `Deref`, prints as `SecretValue(**)` and
/// is wiped when dropped. [`expose`](Self::expose) is the only way to its text; clippy refuses it
/// everywhere but where an `#[expect]` gives the reason, so `git grep EXPOSE:` lists every place.
///
/// ```
/// let value = keyholt_types::SecretValue::parse("x".to_owned()).unwrap();
/// assert_eq!(format!("{value:?}"), "SecretValue(**)");
/// ```
/// ```compile_fail,E0599
/// let value = keyholt_types::SecretValue::parse("x".to_owned()).unwrap().clone();
/// ```
/// ```compile_fail,E0599
/// let text = keyholt_types::SecretValue::parse("x".to_owned()).unwrap().to_string();
/// ```
/// ```compile_fail,E0599
/// let length = keyholt_types::SecretValue::parse("x".to_owned()).unwrap().len();
/// ```
/// ```compile_fail,E0369
/// let value = || keyholt_types::SecretValue::parse("x".to_owned()).unwrap();
/// let equal = value() == value();
/// ```
/// ```compile_fail,E0277
/// let value = keyholt_types::SecretValue::parse("x".to_owned()).unwrap();
/// let json = serde_json::to_string(&value);
/// ```
pub struct SecretValue(Zeroizing<String>);

impl SecretValue {
    /// The longest value, in bytes of UTF-8 (wire/braintrust.md 3.2, wire/together.md 2.1).
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Takes a value over; the text is not copied.
    ///
    /// # Errors
    /// When it is empty or longer than [`MAX_BYTES`](Self::MAX_BYTES). The text is wiped then too.
    pub fn parse(text: String) -> Result<Self, FieldProblem> {
        let text = Zeroizing::new(text);
        if text.is_empty() {
            Err(FieldProblem::Empty)
        } else if text.len() > Self::MAX_BYTES {
            Err(FieldProblem::TooLong("64 KiB"))
        } else {
            Ok(Self(text))
        }
    }

    /// The plaintext. Each use has a reason, marked `EXPOSE:`.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(**)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_1_byte_to_64_kib() {
        assert_eq!(SecretValue::parse(String::new()).unwrap_err(), FieldProblem::Empty);
        assert!(SecretValue::parse("x".into()).is_ok());
        assert!(SecretValue::parse("é".repeat(32 * 1024)).is_ok());
        let long = SecretValue::parse("x".repeat(64 * 1024 + 1));
        assert_eq!(long.unwrap_err(), FieldProblem::TooLong("64 KiB"));
    }

    #[test]
    fn a_value_does_not_print() {
        let value = SecretValue::parse("very-private".into()).unwrap();
        assert_eq!(format!("{value:?}"), "SecretValue(**)");
    }
}
