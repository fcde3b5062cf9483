//! Identifiers: UUIDs with a type of their own for each kind of record.

use std::fmt;

use uuid::Uuid;

/// Reads a UUID in the one form the wires accept: 8-4-4-4-12 hex digits in any case, any version,
/// the nil UUID included; no braces, no `urn:`, no bare 32 digits (wire/braintrust.md 3.1).
#[must_use]
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The lowest id there can be.
            pub const MIN: Self = Self(Uuid::nil());
            /// The highest id there can be.
            pub const MAX: Self = Self(Uuid::max());

            /// Names the record that this UUID belongs to.
            #[must_use]
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Reads the 8-4-4-4-12 form, in any case; `None` for anything else.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                parse_uuid(text).map(Self)
            }

            /// The stored form; `None` unless there are 16 bytes.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Uuid::from_slice(bytes).ok().map(Self)
            }

            /// The 16 bytes, in the order in which ids compare.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The plain UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.as_hyphenated().encode_lower(&mut [0; 36]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    )+};
}

ids! {
    /// An API key.
    ApiKeyId,
    /// One chain of audit events: one start of one node.
    ChainId,
    /// An installation of Keyholt: part of everything that is sealed.
    DeploymentId,
    /// An audit event.
    EventId,
    /// An organisation.
    OrgId,
    /// A user or a service account.
    PrincipalId,
    /// A project of an organisation.
    ProjectId,
    /// A request; shown as 32 lowercase hex digits without hyphens.
    RequestId,
    /// A secret.
    SecretId,
}

impl RequestId {
    /// The form of the headers `x-request-id` and `x-bt-internal-trace-id`: 32 lowercase hex digits.
    #[must_use]
    pub fn hex(self) -> String {
        self.uuid().as_simple().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_a_uuid() {
        let hyphenated = "01A1D9ED-C200-781F-A8E2-5D940ED90475";
        assert_eq!(SecretId::parse(hyphenated).unwrap().to_string(), hyphenated.to_lowercase());
        assert!(SecretId::parse("00000000-0000-0000-0000-000000000000").is_some());
        for other in [
            "",
            "01A1D9EDC200781FA8E25D940ED90475",
            "{01A1D9ED-C200-781F-A8E2-5D940ED90475}",
            "urn:uuid:01A1D9ED-C200-781F-A8E2-5D940ED90475",
            " 1A1D9ED-C200-781F-A8E2-5D940ED90475",
            "01A1D9ED-C200-781F-A8E2-5D940ED9047",
            "01A1D9ED-C200-781F-A8E2-5D940ED904750",
            "01A1D9EDC-200-781F-A8E2-5D940ED90475",
        ] {
            assert_eq!(SecretId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn ids_compare_as_128_bit_numbers() {
        let low = SecretId::parse("00000000-0000-7000-8000-0000000000ff").unwrap();
        let high = SecretId::parse("00000000-0000-7000-8000-000000000100").unwrap();
        assert!(low < high && low.as_bytes() < high.as_bytes() && low.to_string() < high.to_string());
    }
}
