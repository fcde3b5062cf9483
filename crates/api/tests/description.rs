//! The OpenAPI document holds together.
#![expect(clippy::unwrap_used, reason = "a test that does not find what it needs has failed")]

use std::collections::BTreeSet;

use keyholt_api::openapi;
use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(&openapi().to_json().unwrap()).unwrap()
}

/// Every value of this key, at any depth.
fn values_of<'a>(key: &str, within: &'a Value, found: &mut Vec<&'a str>) {
    match within {
        Value::Object(fields) => {
            found.extend(fields.get(key).and_then(Value::as_str));
            fields.values().for_each(|field| values_of(key, field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| values_of(key, item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_operation_id_stands_once() {
    let document = document();
    let mut ids = Vec::new();
    values_of("operationId", document.pointer("/paths").unwrap(), &mut ids);
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
}

#[test]
fn every_reference_leads_to_something() {
    let document = document();
    let mut references = Vec::new();
    values_of("$ref", &document, &mut references);
    for reference in references {
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        assert!(target.is_some(), "{reference}");
    }
}

#[test]
fn every_operation_says_what_it_does_and_whose_key_it_needs() {
    let document = document();
    for (path, item) in document.pointer("/paths").unwrap().as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for key in ["summary", "tags", "security"] {
                assert!(operation.get(key).is_some(), "{method} {path} has no {key}");
            }
        }
    }
}
