//! What a field of metadata may be.

use serde_json::{Map, Value};
use url::Url;

use super::provider_type::ProviderType;

/// What a field's value must be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Any text.
    Text,
    /// A text of at least one character.
    FilledText,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A list of texts.
    TextList,
    /// An object whose values are texts.
    TextObject,
    /// An object.
    Object,
    /// An absolute URL, as a browser reads one (WHATWG).
    Url,
    /// Such a URL, or the empty text.
    UrlOrEmpty,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of types of providers.
    Providers,
}

impl Shape {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::FilledText => value.as_str().is_some_and(|text| !text.is_empty()),
            Self::Bool => value.is_boolean(),
            Self::Number => value.is_number(),
            Self::TextList => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
            Self::TextObject => value.as_object().is_some_and(|object| object.values().all(Value::is_string)),
            Self::Object => value.is_object(),
            Self::Url => value.as_str().is_some_and(is_url),
            Self::UrlOrEmpty => value.as_str().is_some_and(|text| text.is_empty() || is_url(text)),
            Self::OneOf(words) => value.as_str().is_some_and(|text| words.contains(&text)),
            Self::Providers => value.as_array().is_some_and(|list| list.iter().all(is_provider)),
        }
    }

    const fn problem(self) -> &'static str {
        match self {
            Self::Text => "must be a string",
            Self::FilledText => "must be a string that is not empty",
            Self::Bool => "must be true or false",
            Self::Number => "must be a number",
            Self::TextList => "must be a list of strings",
            Self::TextObject => "must be an object of strings",
            Self::Object => "must be an object",
            Self::Url => "must be an absolute URL",
            Self::UrlOrEmpty => "must be an absolute URL or empty",
            Self::OneOf(_) => "must be one of the words for it",
            Self::Providers => "must be a list of types of providers",
        }
    }
}

fn is_url(text: &str) -> bool {
    Url::parse(text).is_ok()
}

fn is_provider(value: &Value) -> bool {
    value.as_str().is_some_and(|word| ProviderType::parse(word).is_some())
}

/// Whether a field may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    /// Absent, but not null.
    Optional,
    /// Absent or null.
    Nullable,
}

/// What a field must be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) field: &'static str,
    shape: Shape,
    presence: Presence,
}

/// A field that must be there.
pub(super) const fn required(field: &'static str, shape: Shape) -> Rule {
    Rule { field, shape, presence: Presence::Required }
}

/// A field that may be absent, but not null: "?" of the wire's table.
pub(super) const fn optional(field: &'static str, shape: Shape) -> Rule {
    Rule { field, shape, presence: Presence::Optional }
}

/// A field that may be absent or null: "?n" of the wire's table.
pub(super) const fn nullable(field: &'static str, shape: Shape) -> Rule {
    Rule { field, shape, presence: Presence::Nullable }
}

impl Rule {
    /// What is wrong with the field in an object; `None` when nothing is.
    pub(super) fn problem(&self, object: &Map<String, Value>) -> Option<&'static str> {
        match object.get(self.field) {
            None => (self.presence == Presence::Required).then_some("is required"),
            Some(Value::Null) if self.presence == Presence::Nullable => None,
            Some(value) => (!self.shape.fits(value)).then_some(self.shape.problem()),
        }
    }
}
