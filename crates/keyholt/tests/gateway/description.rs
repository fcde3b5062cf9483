//! What `/openapi.json` says of the gateway.

use std::collections::BTreeSet;

use keyholt_testkit::Setup;
use serde_json::{Value, json};

fn document() -> Value {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    let server = setup.start().unwrap();
    let answer = server.anonymous().send("GET", "/openapi.json", None).unwrap();
    assert_eq!(answer.status, 200);
    serde_json::from_str(&answer.text()).unwrap()
}

#[test]
fn the_gateway_stands_in_the_description_beside_all_else() {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    for path in
        ["/keyholt/v1/secrets", "/v1/proxy/{path}", "/v1/proxy/anthropic/v1/{path}", "/v1/proxy/google/{path}"]
    {
        assert!(paths.contains_key(path), "{path}");
    }
    let made = &paths["/v1/proxy/credentials"]["post"];
    let schema = |pointer: &str| {
        let reference = made.pointer(pointer).and_then(Value::as_str).unwrap();
        document.pointer(reference.strip_prefix('#').unwrap()).unwrap()
    };
    let answer = schema("/responses/200/content/application~1json/schema/$ref");
    assert_eq!(
        (&answer["required"], &answer["properties"]["key"]["type"]),
        (&json!(["key"]), &json!("string"))
    );
    let body = made.pointer("/requestBody/content/application~1json/schema").unwrap().to_string();
    assert!(body.contains("/NewCredential"), "{body}");
    let asked = &document["components"]["schemas"]["NewCredential"]["properties"];
    assert_eq!((&asked["ttl_seconds"]["maximum"], &asked["model"]["maxLength"]), (&json!(86400), &json!(1024)));
}

#[test]
fn no_operation_id_stands_twice_and_every_scheme_is_explained() {
    let document = document();
    let mut ids = BTreeSet::new();
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            if let Some(id) = operation["operationId"].as_str() {
                assert!(ids.insert(id.to_owned()), "{id}");
            }
            for security in operation["security"].as_array().unwrap() {
                for scheme in security.as_object().unwrap().keys() {
                    assert!(schemes.contains_key(scheme), "{scheme}: {operation}");
                }
            }
        }
    }
}
