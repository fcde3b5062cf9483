//! The little of a JSON body that the gateway must know: which model it names. Nothing else is changed, and of the
//! model only the text itself (design/decisions.md 24).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::names::refuses_body_field;
use crate::refusal::Refusal;

/// Most keys at the top of a body.
const KEYS: usize = 1000;

/// Fields in which providers and other gateways are told of models to fall back on: OpenRouter's, LiteLLM's.
const OTHER_MODELS: &[&str] = &["models", "fallbacks", "fallback_models", "context_window_fallback_dict"];

const NOT_AN_OBJECT: Refusal = Refusal::Json("The request body must be a JSON object");

/// A model's name, and where it stands in the body, its quotes included.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NamedModel {
    pub(super) name: String,
    /// Whether other models stand beside it, which the provider may take in its place.
    pub(super) has_others: bool,
    at: Range<usize>,
}

/// Reads which model a body names; none when it names none.
///
/// # Errors
/// 400 when it is no JSON object, has a key twice or the model in another spelling, so that the provider might read
/// another model than the gateway, or has a field that would say where the request goes.
pub(super) fn named_model(body: &[u8]) -> Result<Option<NamedModel>, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| NOT_AN_OBJECT)?;
    let top: Top<'_> = serde_json::from_str(text).map_err(|_| NOT_AN_OBJECT)?;
    if let Some(problem) = top.problem {
        return Err(problem);
    }
    let Some(raw) = top.model.map(RawValue::get).filter(|raw| *raw != "null") else { return Ok(None) };
    let name: String =
        serde_json::from_str(raw).map_err(|_| Refusal::Json("The field model must be a string"))?;
    // It was borrowed from the body: this is how far from its beginning.
    let start = (raw.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    Ok(Some(NamedModel { name, has_others: top.has_others, at: start..start.saturating_add(raw.len()) }))
}

impl NamedModel {
    /// The same body with another model's name in its place; all other bytes are as they were.
    pub(super) fn replaced_in(&self, body: &Bytes, name: &str) -> Bytes {
        let (Some(before), Some(after)) = (body.get(..self.at.start), body.get(self.at.end..)) else {
            return body.clone();
        };
        let name = serde_json::Value::from(name).to_string();
        let mut replaced = BytesMut::with_capacity(before.len() + name.len() + after.len());
        replaced.extend_from_slice(before);
        replaced.extend_from_slice(name.as_bytes());
        replaced.extend_from_slice(after);
        replaced.freeze()
    }
}

/// The top of a body.
#[derive(Default)]
struct Top<'a> {
    model: Option<&'a RawValue>,
    has_others: bool,
    problem: Option<Refusal>,
}

impl<'de> Deserialize<'de> for Top<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(TopVisitor)
    }
}

/// A key at the top of a body, borrowed from it unless something in it is escaped.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

struct TopVisitor;

impl<'de> Visitor<'de> for TopVisitor {
    type Value = Top<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Top<'de>, A::Error> {
        let mut top = Top::default();
        let mut keys = BTreeSet::new();
        while let Some(key) = map.next_key::<Key<'_>>()? {
            if key.0 == "model" {
                top.model = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            top.has_others |= OTHER_MODELS.iter().any(|field| key.0.eq_ignore_ascii_case(field));
            if let Some(problem) = problem_of(&key.0) {
                top.problem = Some(problem);
            }
            if keys.len() >= KEYS {
                top.problem = Some(Refusal::Json("The request body has too many keys"));
            } else if !keys.insert(key) {
                top.problem = Some(Refusal::Json("The request body has a key twice"));
            }
        }
        Ok(top)
    }
}

fn problem_of(key: &str) -> Option<Refusal> {
    if refuses_body_field(key) {
        return Some(Refusal::Request("a request cannot say where it goes: that is told by the secret"));
    }
    // Some readers of JSON do not tell cases apart.
    let is_other_spelling = key != "model" && key.trim().eq_ignore_ascii_case("model");
    is_other_spelling.then_some(Refusal::Json("The field model must be written in lower case"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(body: &str) -> Option<String> {
        named_model(body.as_bytes()).unwrap().map(|model| model.name)
    }

    #[test]
    fn the_model_at_the_top_is_read() {
        assert_eq!(name(r#"{"a":{"model":"no"},"model":"gpt-4o"}"#).unwrap(), "gpt-4o");
        assert_eq!(name(" {\n\"model\" : \"a\\u0062\\n\" , \"x\":1} ").unwrap(), "ab\n");
        assert_eq!(name("{}"), None);
        assert_eq!(name(r#"{"model":null}"#), None);
        assert_eq!(name(r#"{"mod\u0065l":"x"}"#).unwrap(), "x");
    }

    #[test]
    fn only_the_models_name_is_replaced() {
        let text = "{ \"x\": 1.50e1, \"é\":\"\\u00e9\",\"model\" : \"openai/gpt\\u002d4\" ,\"y\":[ ]}\n";
        let body = Bytes::from(text);
        let model = named_model(&body).unwrap().unwrap();
        let expected = text.replace("\"openai/gpt\\u002d4\"", "\"a\\\"b\"");
        assert_eq!(model.replaced_in(&body, "a\"b"), expected);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for body in [
            "",
            "[]",
            "\"model\"",
            "{",
            "{}x",
            "{} {}",
            "\u{feff}{}",
            r#"{"model":1}"#,
            r#"{"model":["a"]}"#,
            r#"{"model":"a","model":"b"}"#,
            r#"{"model":"a","mod\u0065l":"a"}"#,
            r#"{"x":1,"x":2}"#,
            r#"{"Model":"a"}"#,
            r#"{"model":"a","MODEL":"b"}"#,
            r#"{"model":"a"," model":"b"}"#,
            r#"{"model":"\ud800"}"#,
        ] {
            assert!(matches!(named_model(body.as_bytes()), Err(Refusal::Json(_))), "{body}");
        }
        assert!(named_model(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn a_destination_in_the_body_is_refused() {
        for key in ["api_base", "base_url", "apiBase", "baseURL", "api_key", "b\\u0061se_url"] {
            let body = format!(r#"{{"{key}":"https://evil.example","model":"a"}}"#);
            assert!(matches!(named_model(body.as_bytes()), Err(Refusal::Request(_))), "{key}");
        }
    }
}
