//! JSON as serde_json reads it, to compare our readers with, and JSON made of the fuzzer's bytes.

use arbitrary::{Result, Unstructured};
use serde_json::{Map, Value};

/// The fields of a body that a reader of ours has taken. A blank one stands for an empty object.
///
/// # Panics
/// When serde_json does not take it.
#[must_use]
pub fn fields_of_taken(body: &[u8]) -> Map<String, Value> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Map::new();
    }
    serde_json::from_slice(body).expect("what is taken is a JSON object")
}

/// A text field; nothing when it is absent or null.
///
/// # Panics
/// When it is something else: then the body should not have been taken.
#[must_use]
pub fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    match fields.get(name) {
        None | Some(Value::Null) => None,
        Some(value) => Some(value.as_str().expect("a field that is taken as a text is one")),
    }
}

/// An object of at most so many levels.
///
/// # Errors
/// When the fuzzer has no more bytes.
pub fn object(u: &mut Unstructured<'_>, levels: usize) -> Result<Map<String, Value>> {
    let mut object = Map::new();
    for _ in 0..u.int_in_range(0..=4)? {
        object.insert(key(u)?, value(u, levels.saturating_sub(1))?);
    }
    Ok(object)
}

/// Few names, so that two objects often share some.
fn key(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(if u.ratio(1, 8)? {
        u.arbitrary::<&str>()?.to_owned()
    } else {
        (*u.choose(&["a", "b", "c", ""])?).to_owned()
    })
}

fn value(u: &mut Unstructured<'_>, levels: usize) -> Result<Value> {
    Ok(match u.int_in_range(0..=if levels == 0 { 4 } else { 7 })? {
        0 => Value::Null,
        1 => u.arbitrary::<bool>()?.into(),
        2 => u.arbitrary::<i64>()?.into(),
        3 => u.arbitrary::<&str>()?.into(),
        // Not finite: null.
        4 => u.arbitrary::<f64>()?.into(),
        5 => {
            let length = u.int_in_range(0..=3)?;
            Value::Array((0..length).map(|_| value(u, levels - 1)).collect::<Result<_>>()?)
        }
        _ => Value::Object(object(u, levels - 1)?),
    })
}
