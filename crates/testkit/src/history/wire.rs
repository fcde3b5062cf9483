//! Operations as requests of the Braintrust wire, and its answers as outcomes (wire/braintrust.md 3).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::call::{Content, Operation, Outcome, Row};
use super::load::Sent;
use crate::Answer;

const COLLECTION: &str = "/v1/ai_secret";

/// What the values begin with: long enough that previews show the last 4 characters (wire/braintrust.md 4.4).
const VALUE: &str = "sk-the-value-that-belongs-to-";

/// Method, target and body of an operation.
pub(super) fn request(operation: &Operation) -> (&'static str, String, Option<Vec<u8>>) {
    let by_id = |id: &str| format!("{COLLECTION}/{id}");
    let (method, target, body) = match operation {
        Operation::Create { name, content } => {
            ("POST", COLLECTION.to_owned(), Some(fields(Some(name), content)))
        }
        Operation::Put { name, content } => ("PUT", COLLECTION.to_owned(), Some(fields(Some(name), content))),
        Operation::Patch { id, patch } => {
            ("PATCH", by_id(id), Some(fields(patch.name.as_deref(), &patch.content)))
        }
        Operation::Delete { id } => ("DELETE", by_id(id), None),
        Operation::DeleteName { name } => ("DELETE", COLLECTION.to_owned(), Some(json!({ "name": name }))),
        Operation::Get { id } => ("GET", by_id(id), None),
    };
    (method, target, body.map(|body| body.to_string().into_bytes()))
}

fn fields(name: Option<&str>, content: &Content) -> Value {
    let mut fields = Map::new();
    let mut field =
        |key: &str, value: Option<Value>| value.and_then(|value| fields.insert(key.to_owned(), value));
    field("name", name.map(Value::from));
    field("type", content.kind.clone().map(Value::from));
    field("metadata", (!content.metadata.is_empty()).then(|| nested(&content.metadata)));
    field("secret", content.value.as_ref().map(|end| format!("{VALUE}{end}").into()));
    fields.into()
}

/// `a.b` to 1 as `{"a":{"b":1}}`.
fn nested(numbers: &BTreeMap<String, u64>) -> Value {
    let mut whole = Map::new();
    for (path, number) in numbers {
        put(&mut whole, path, *number);
    }
    whole.into()
}

fn put(object: &mut Map<String, Value>, path: &str, number: u64) {
    let Some((key, rest)) = path.split_once('.') else {
        object.insert(path.to_owned(), number.into());
        return;
    };
    if let Value::Object(inner) = object.entry(key).or_insert_with(|| Map::new().into()) {
        put(inner, rest, number);
    }
}

/// `{"a":{"b":1}}` as `a.b` to 1. None when there is something else in it than objects and whole numbers.
fn flat(value: &Value, path: &str, numbers: &mut BTreeMap<String, u64>) -> Option<()> {
    let Value::Object(object) = value else {
        numbers.insert(path.to_owned(), value.as_u64()?);
        return Some(());
    };
    for (key, inner) in object {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        flat(inner, &path, numbers)?;
    }
    Some(())
}

/// What an answer says of an operation.
///
/// # Errors
/// In words, when it says nothing that it may.
pub(super) fn sent(operation: &Operation, answer: &Answer) -> Result<Sent, String> {
    let is_rename = matches!(operation, Operation::Patch { patch, .. } if patch.name.is_some());
    match answer.status {
        200 => {
            let row = row(&answer.json()).ok_or_else(|| problem(answer))?;
            let found = answer.header("x-bt-found-existing") == Some("true");
            Ok(Sent::Answered(Outcome::Row { row, found }))
        }
        404 => Ok(Sent::Answered(Outcome::Absent)),
        400 if is_rename => Ok(Sent::Answered(Outcome::Taken)),
        // Refused before anything was done: overload, or a database that is not there.
        429 | 503 => Ok(Sent::Refused),
        500 if answer.string("/error/code") == "outcome_unknown" => Ok(Sent::Lost),
        _ => Err(problem(answer)),
    }
}

fn problem(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.text())
}

fn row(object: &Value) -> Option<Row> {
    let text = |key: &str| Some(object.get(key)?.as_str()?.to_owned());
    let mut metadata = BTreeMap::new();
    if let Some(value) = object.get("metadata").filter(|value| !value.is_null()) {
        flat(value, "", &mut metadata)?;
    }
    let preview = object.get("preview_secret")?;
    let value = match preview.is_null() {
        true => None,
        false => Some(preview.as_str()?.strip_prefix("********")?.to_owned()),
    };
    let content = Content { kind: text("type"), metadata, value };
    Some(Row { id: text("id")?, name: text("name")?, content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_are_the_same_nested_and_flat() {
        let numbers: BTreeMap<String, u64> =
            [("a", 1), ("b.c", 2), ("b.d.e", 3)].map(|(path, number)| (path.to_owned(), number)).into();
        let value = nested(&numbers);
        assert_eq!(value, json!({ "a": 1, "b": { "c": 2, "d": { "e": 3 } } }));
        let mut again = BTreeMap::new();
        assert_eq!(flat(&value, "", &mut again), Some(()));
        assert_eq!(again, numbers);
        assert_eq!(flat(&json!({ "a": "text" }), "", &mut again), None);
    }

    #[test]
    fn what_is_left_out_is_no_field() {
        let (method, target, body) =
            request(&Operation::Put { name: "n".to_owned(), content: Content::default() });
        assert_eq!(
            (method, target.as_str(), body.as_deref()),
            ("PUT", COLLECTION, Some(&br#"{"name":"n"}"#[..]))
        );
    }

    #[test]
    fn an_error_of_the_server_is_no_outcome() {
        let get = Operation::Get { id: String::new() };
        let answer = |status, body: &str| Answer { status, body: body.into(), ..Answer::default() };
        assert_eq!(sent(&get, &answer(500, r#"{"error":{"code":"outcome_unknown"}}"#)), Ok(Sent::Lost));
        assert_eq!(sent(&get, &answer(503, "")), Ok(Sent::Refused));
        for (status, body) in [(500, "{}"), (400, "{}"), (401, "{}"), (200, "{}")] {
            assert!(sent(&get, &answer(status, body)).is_err(), "{status}");
        }
    }
}
