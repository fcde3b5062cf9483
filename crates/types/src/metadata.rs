//! A secret's metadata: any JSON object, within bounds.

use std::fmt;

use serde_json::{Map, Value};

use crate::FieldProblem;

/// Metadata: a JSON object of at most 64 KiB and 32 levels (wire/braintrust.md 3.2, 4.3).
///
/// Held as compact JSON text with sorted keys, which is what it is stored and sent as; equal objects
/// have equal text. It may hold endpoints and access keys and does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Metadata(Box<str>);

impl Metadata {
    /// The most bytes of its compact UTF-8.
    pub const MAX_BYTES: usize = 64 * 1024;
    /// The most levels; the object itself is the first.
    pub const MAX_DEPTH: usize = 32;

    /// Takes an object.
    ///
    /// # Errors
    /// When it is too large or too deep.
    pub fn new(object: Map<String, Value>) -> Result<Self, FieldProblem> {
        if !object.values().all(|value| is_at_most_deep(value, Self::MAX_DEPTH - 1)) {
            return Err(FieldProblem::TooDeep("32 levels"));
        }
        let text = Value::Object(object).to_string();
        if text.len() > Self::MAX_BYTES {
            return Err(FieldProblem::TooLong("64 KiB"));
        }
        Ok(Self(text.into()))
    }

    /// Takes back what [`json`](Self::json) gave, from where it was proven unchanged.
    #[must_use]
    pub fn from_trusted_json(text: &str) -> Self {
        Self(text.into())
    }

    /// Compact JSON text.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.0
    }

    /// The object.
    #[must_use]
    pub fn object(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// This metadata with a patch merged in: where both sides are objects, recurse; otherwise the
    /// patch wins; a null in the patch's objects is ignored, a null inside an array is data
    /// (wire/braintrust.md 4.3).
    ///
    /// # Errors
    /// When the result is too large or too deep.
    pub fn merged(present: Option<&Self>, patch: Map<String, Value>) -> Result<Self, FieldProblem> {
        let mut object = present.map(Self::object).unwrap_or_default();
        merge(&mut object, patch);
        Self::new(object)
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metadata(**)")
    }
}

fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        match (target.get_mut(&key), value) {
            (_, Value::Null) => {}
            (Some(Value::Object(inner)), Value::Object(patch)) => merge(inner, patch),
            (_, Value::Object(patch)) => {
                let mut inner = Map::new();
                merge(&mut inner, patch);
                target.insert(key, Value::Object(inner));
            }
            (_, value) => {
                target.insert(key, value);
            }
        }
    }
}

fn is_at_most_deep(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| is_at_most_deep(item, levels - 1)),
        Value::Object(fields) => levels > 0 && fields.values().all(|field| is_at_most_deep(field, levels - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn merging_follows_the_wire() {
        for (stored, patch, result) in [
            (json!({"a":1,"b":{"c":2}}), json!({"b":{"d":3}}), json!({"a":1,"b":{"c":2,"d":3}})),
            (json!({"a":[1,2]}), json!({"a":[3]}), json!({"a":[3]})),
            (json!({"a":1,"b":{"c":2}}), json!({"a":null,"b":{"c":null}}), json!({"a":1,"b":{"c":2}})),
            (json!({"a":{"b":1}}), json!({"a":5}), json!({"a":5})),
            (json!({"a":5}), json!({"a":{"b":1}}), json!({"a":{"b":1}})),
            (json!({"a":1}), json!({}), json!({"a":1})),
            (json!({"a":1}), json!({"a":[null]}), json!({"a":[null]})),
        ] {
            let stored = Metadata::new(object(stored)).unwrap();
            let merged = Metadata::merged(Some(&stored), object(patch)).unwrap();
            assert_eq!(Value::Object(merged.object()), result);
        }
        let from_nothing = Metadata::merged(None, object(json!({"a":{"b":null}}))).unwrap();
        assert_eq!(from_nothing.json(), r#"{"a":{}}"#);
        assert_eq!(Metadata::merged(None, Map::new()).unwrap().json(), "{}");
    }

    #[test]
    fn bounds_are_64_kib_and_32_levels() {
        let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
        assert!(Metadata::new(object(nested(32))).is_ok());
        assert_eq!(Metadata::new(object(nested(33))), Err(FieldProblem::TooDeep("32 levels")));
        let sized = |bytes: usize| object(json!({ "a": "x".repeat(bytes - 8) }));
        assert_eq!(Metadata::new(sized(64 * 1024)).unwrap().json().len(), 64 * 1024);
        assert_eq!(Metadata::new(sized(64 * 1024 + 1)), Err(FieldProblem::TooLong("64 KiB")));
    }

    #[test]
    fn numbers_come_back_exactly() {
        let text = r#"{"a":[-9223372036854775808,18446744073709551615,0.1,1e300,5e-324]}"#;
        let metadata = Metadata::new(serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!(metadata.object(), serde_json::from_str::<Map<String, Value>>(text).unwrap());
    }

    #[test]
    fn metadata_does_not_print() {
        let metadata = Metadata::new(object(json!({"access_key":"AKIA"}))).unwrap();
        assert_eq!(format!("{metadata:?}"), "Metadata(**)");
    }
}
