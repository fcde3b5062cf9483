//! Reading metadata.

use keyholt_types::Metadata;
use serde_json::{Map, Value};

/// The object; an empty one where there is none.
pub(super) fn object(metadata: Option<&Metadata>) -> Map<String, Value> {
    metadata.map(Metadata::object).unwrap_or_default()
}

/// A field's text; `None` where it is absent, null, empty or no text.
pub(super) fn text<'a>(object: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    object.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The texts of a list; none where it is no list.
pub(super) fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Whether a region's or location's name may stand in a host's name: 1 to 32 of `a-z`, `0-9` and `-`.
pub(super) fn is_place(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&name.len()) && name.bytes().all(is_allowed)
}
