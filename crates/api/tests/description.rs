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

/// The names of an operation's parameters in this place.
fn parameters<'a>(operation: &'a Value, place: &str) -> BTreeSet<&'a str> {
    let all = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    all.filter(|one| one["in"] == place).map(|one| one["name"].as_str().unwrap()).collect()
}

#[test]
fn every_operation_describes_what_its_path_takes() {
    let document = document();
    for (path, item) in document.pointer("/paths").unwrap().as_object().unwrap() {
        let taken: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        for (method, operation) in item.as_object().unwrap() {
            assert_eq!(parameters(operation, "path"), taken, "{method} {path}");
        }
    }
}

#[test]
fn no_operation_takes_null_for_a_body() {
    let document = document();
    let mut bodies = 0;
    for (path, item) in document.pointer("/paths").unwrap().as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(body) = operation.pointer("/requestBody/content/application~1json/schema") else {
                continue;
            };
            assert!(body.get("$ref").is_some(), "{method} {path}: {body}");
            bodies += 1;
        }
    }
    assert!(bodies >= 20, "{bodies}");
}

#[test]
fn a_limit_that_is_never_too_large_has_no_size() {
    let document = document();
    for path in ["/v1/ai_secret", "/v1/user", "/v1/project"] {
        let all = document["paths"][path]["get"]["parameters"].as_array().unwrap();
        let limit = all.iter().find(|one| one["name"] == "limit").unwrap();
        assert_eq!(limit["schema"], serde_json::json!({ "type": "integer", "minimum": 0 }), "{path}");
        assert_eq!(limit["required"], false, "{path}");
    }
}

#[test]
fn values_may_be_asked_for_without_a_body() {
    let document = document();
    let body = &document["paths"]["/keyholt/v1/secrets/reveal"]["post"]["requestBody"];
    assert!(body["content"].is_object() && body["required"] != true, "{body}");
}

#[test]
fn every_native_list_is_read_page_by_page() {
    let document = document();
    let mut lists = 0;
    for (path, item) in document.pointer("/paths").unwrap().as_object().unwrap() {
        let Some(operation) = item.get("get").filter(|_| path.starts_with("/keyholt/v1/")) else { continue };
        let schema = operation.pointer("/responses/200/content/application~1json/schema/$ref");
        if schema.and_then(Value::as_str).is_some_and(|name| name.contains("/Objects_")) {
            let query = parameters(operation, "query");
            assert!(query.contains("limit") && query.contains("starting_after"), "{path}: {query:?}");
            lists += 1;
        }
    }
    assert!(lists >= 6, "{lists}");
}
