//! What the tests of providers are made of.

use keyholt_types::{Metadata, SecretValue};
use serde_json::Value;

/// Metadata of a JSON object; none of `null`.
pub(super) fn metadata(json: Value) -> Option<Metadata> {
    json.as_object().map(|object| Metadata::new(object.clone()).unwrap())
}

/// A value.
pub(super) fn value(text: &str) -> SecretValue {
    SecretValue::parse(text.to_owned()).unwrap()
}
