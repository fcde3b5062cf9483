//! Bodies: stricter than JSON, and silent about what they hold (wire/braintrust.md 1.2).
//!
//! serde_json reads; what it lets through and we do not is found on the way: a key given twice, and
//! before it by [`scan`]: nesting, and integers that it would turn into doubles. Its error texts quote
//! what was sent and never leave this file.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::refusal::JsonProblem;

/// The most levels of arrays and objects; the body itself is the first.
const MAX_DEPTH: usize = 64;

/// The most keys of all objects together.
const MAX_KEYS: usize = 20_000;

/// The most values in documented fields together. A field within its own bounds has at most 32,768: what
/// is refused here would only cost memory, thirty times its own size.
const MAX_VALUES: usize = 50_000;

/// Reads a body that must be one object. Of a documented field that is given twice, the problem names
/// it.
///
/// # Errors
/// For everything that [`JsonProblem`] lists.
pub(crate) fn parse_object(
    body: &[u8],
    documented: &'static [&'static str],
) -> Result<Map<String, Value>, JsonProblem> {
    let text = std::str::from_utf8(body).map_err(|_| JsonProblem::Malformed)?;
    scan(text)?;
    let progress = Progress {
        documented,
        keys: Cell::new(0),
        values: Cell::new(0),
        problem: Cell::new(JsonProblem::Malformed),
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { progress: &progress, place: Place::Top }.deserialize(&mut deserializer);
    let value = value.map_err(|_| progress.problem.get())?;
    deserializer.end().map_err(|_| JsonProblem::Malformed)?;
    if let Value::Object(object) = value { Ok(object) } else { Err(JsonProblem::NotAnObject) }
}

/// Looks at what serde_json does not tell: how deep the text nests, and integers that fit neither an
/// i64 nor a u64. What is no JSON at all is left to serde_json.
fn scan(text: &str) -> Result<(), JsonProblem> {
    let is_of_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let mut depth = 0_usize;
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match first {
            b'"' => after_string(after),
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(JsonProblem::TooDeep);
                }
                after
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                after
            }
            b'-' | b'0'..=b'9' => {
                let length = rest.iter().position(|byte| !is_of_number(byte)).unwrap_or(rest.len());
                let (number, after) = rest.split_at(length);
                if !fits(number) {
                    return Err(JsonProblem::NumberOutOfRange);
                }
                after
            }
            _ => after,
        };
    }
    Ok(())
}

/// What follows a string of which the opening quote has been read.
fn after_string(mut rest: &[u8]) -> &[u8] {
    loop {
        rest = match rest {
            [b'"', after @ ..] => return after,
            [b'\\', _, after @ ..] | [_, after @ ..] => after,
            [] => return rest,
        };
    }
}

/// Whether a number comes back as it was sent, as far as integers are concerned.
fn fits(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    let is_integer = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    // No integer of 18 digits is too large.
    !is_integer
        || digits.len() <= 18
        || std::str::from_utf8(number)
            .is_ok_and(|number| number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok())
}

/// What is known so far of the body that is being read.
struct Progress {
    documented: &'static [&'static str],
    keys: Cell<usize>,
    values: Cell<usize>,
    problem: Cell<JsonProblem>,
}

impl Progress {
    /// Keeps the problem; the error only ends the reading.
    fn stop<E: Error>(&self, problem: JsonProblem) -> E {
        self.problem.set(problem);
        E::custom("refused")
    }
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// It is the body.
    Top,
    /// It is, or is in, a documented field.
    Kept,
    /// It is, or is in, a field that nobody asks for: checked, and left behind.
    Skipped,
}

/// Reads one value.
#[derive(Clone, Copy)]
struct Strict<'a> {
    progress: &'a Progress,
    place: Place,
}

impl<'a> Strict<'a> {
    /// The same for a value in this one, under this key where it has one.
    fn inner(self, key: Option<&str>) -> Self {
        let place = match (self.place, key) {
            (Place::Top, Some(key)) if !self.progress.documented.contains(&key) => Place::Skipped,
            (Place::Top, _) => Place::Kept,
            (place, _) => place,
        };
        Self { progress: self.progress, place }
    }

    fn keep<E: Error>(self, value: impl FnOnce() -> Value) -> Result<Value, E> {
        if self.place == Place::Skipped {
            return Ok(Value::Null);
        }
        let values = self.progress.values.get() + 1;
        self.progress.values.set(values);
        if values > MAX_VALUES { Err(self.progress.stop(JsonProblem::TooManyValues)) } else { Ok(value()) }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.keep(|| Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.keep(|| Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.keep(|| Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.keep(|| Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value);
        let number = number.ok_or_else(|| self.progress.stop(JsonProblem::NumberOutOfRange))?;
        self.keep(|| Value::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.keep(|| Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        self.keep(|| Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.inner(None))? {
            if self.place != Place::Skipped {
                list.push(item);
            }
        }
        self.keep(|| Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            let keys = self.progress.keys.get() + 1;
            self.progress.keys.set(keys);
            if keys > MAX_KEYS {
                return Err(self.progress.stop(JsonProblem::TooManyKeys));
            }
            if object.contains_key(&key) {
                let documented =
                    self.progress.documented.iter().find(|name| self.place == Place::Top && **name == key);
                return Err(self.progress.stop(JsonProblem::KeyTwice(documented.copied())));
            }
            let value = fields.next_value_seed(self.inner(Some(&key)))?;
            object.insert(key, value);
        }
        self.keep(|| Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn problem(body: impl AsRef<[u8]>) -> JsonProblem {
        parse_object(body.as_ref(), &["name", "metadata"]).unwrap_err()
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaves = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaves.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..8)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_serde_json_writes_is_read_as_it_was(
            fields in prop::collection::btree_map(any::<String>(), values(), 0..8),
            is_pretty: bool,
        ) {
            let object: Map<String, Value> = fields.into_iter().collect();
            let write = if is_pretty { serde_json::to_string_pretty } else { serde_json::to_string };
            let object: Map<String, Value> = [("a".to_owned(), Value::Object(object))].into_iter().collect();
            prop_assert_eq!(parse_object(write(&object).unwrap().as_bytes(), &["a"]), Ok(object));
        }

        #[test]
        fn nothing_is_accepted_that_serde_json_refuses(text in "[\\[\\]{}\",:\\\\0-9eE.+\\-u \\n\ta-d]{0,40}") {
            if parse_object(text.as_bytes(), &[]).is_ok() {
                prop_assert!(serde_json::from_str::<Map<String, Value>>(&text).is_ok());
            }
        }

        #[test]
        fn any_bytes_end_in_an_object_or_a_problem(bytes: Vec<u8>) {
            let _ = parse_object(&bytes, &[]);
        }
    }

    #[test]
    fn numbers_come_back_exactly_or_not_at_all() {
        let text = r#"{"a":[-9223372036854775808,18446744073709551615,0.1,1e300,5e-324,-0]}"#;
        assert_eq!(
            Value::Object(parse_object(text.as_bytes(), &["a"]).unwrap()),
            serde_json::from_str::<Value>(text).unwrap()
        );
        for number in ["18446744073709551616", "-9223372036854775809", &"9".repeat(10_000)] {
            assert_eq!(problem(format!(r#"{{"a":[{number}]}}"#)), JsonProblem::NumberOutOfRange, "{number}");
        }
        assert_eq!(problem(r#"{"a":1e999}"#), JsonProblem::Malformed);
        assert!(parse_object(br#"{"a":"18446744073709551616 \" 99999999999999999999"}"#, &[]).is_ok());
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let malformed: [&[u8]; 14] = [
            b"",
            b"{",
            b"{}{}",
            b"{} x",
            b"{\"a\":1,}",
            b"{'a':1}",
            b"{\"a\":NaN}",
            b"{\"a\":01}",
            b"{\"a\":\"\xff\"}",
            br#"{"a":"\ud800"}"#,
            br#"{"a":"\udc00\ud800"}"#,
            b"{\"a\":\"\x01\"}",
            b"\xef\xbb\xbf{}",
            b"{\"a\"",
        ];
        for body in malformed {
            assert_eq!(problem(body), JsonProblem::Malformed, "{}", String::from_utf8_lossy(body));
        }
        for body in ["[]", "null", "1", "\"{}\"", "true"] {
            assert_eq!(problem(body), JsonProblem::NotAnObject, "{body}");
        }
        assert_eq!(
            Value::Object(parse_object(b" {\"a\":\"\\ud83d\\ude00\"}\n", &["a"]).unwrap()),
            json!({"a":"😀"})
        );
    }

    #[test]
    fn a_key_twice_is_refused_at_any_depth() {
        assert_eq!(problem(r#"{"name":1,"name":1}"#), JsonProblem::KeyTwice(Some("name")));
        assert_eq!(problem(r#"{"name":1,"\u006eame":1}"#), JsonProblem::KeyTwice(Some("name")));
        assert_eq!(problem(r#"{"other":1,"other":1}"#), JsonProblem::KeyTwice(None));
        assert_eq!(problem(r#"{"metadata":{"name":1,"name":2}}"#), JsonProblem::KeyTwice(None));
        assert_eq!(problem(r#"{"unknown":[{"a":{"b":1,"b":2}}]}"#), JsonProblem::KeyTwice(None));
        assert!(parse_object(br#"{"a":{"a":{"a":1}},"A":1}"#, &[]).is_ok());
    }

    #[test]
    fn a_field_that_nobody_asks_for_is_checked_and_left_behind() {
        let read = |body: &str| parse_object(body.as_bytes(), &["name"]).map(Value::Object);
        assert_eq!(read(r#"{"other":[{"a":[1,"x"]}],"name":[1]}"#), Ok(json!({"other": null, "name": [1]})));
        assert_eq!(problem(r#"{"other":{"a":1,"a":2}}"#), JsonProblem::KeyTwice(None));
        let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert!(read(&format!(r#"{{"other":{many}}}"#)).is_ok());
        assert_eq!(problem(format!(r#"{{"name":{many}}}"#)), JsonProblem::TooManyValues);
    }

    #[test]
    fn nesting_and_keys_have_bounds() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert!(parse_object(nested(64).as_bytes(), &[]).is_ok());
        assert_eq!(problem(nested(65)), JsonProblem::TooDeep);
        assert_eq!(problem("[".repeat(100_000)), JsonProblem::TooDeep);
        let keyed = |keys: usize| {
            let fields: Vec<_> = (0..keys).map(|key| format!("\"{key}\":0")).collect();
            format!("{{{}}}", fields.join(","))
        };
        assert!(parse_object(keyed(20_000).as_bytes(), &[]).is_ok());
        assert_eq!(problem(keyed(20_001)), JsonProblem::TooManyKeys);
    }
}
