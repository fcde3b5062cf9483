//! Bodies of AI secrets: POST, PUT and PATCH (wire/braintrust.md 3).
//!
//! Laws: what is taken is JSON and says what serde_json reads in it; printed, it is taken again as the same; a refusal is
//! one line that repeats nothing of the body.
#![no_main]

use keyholt_api::fuzzing::{read_new_secret, read_secret_patch};
use keyholt_engine::{MetadataPatch, NewSecret};
use keyholt_fuzz::canary::{check_message, plant};
use keyholt_fuzz::json::{fields_of_taken, text};
use keyholt_types::{Metadata, Patch};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

fuzz_target!(|data: &[u8]| {
    let body = plant(data);
    match read_new_secret(&body) {
        Err(refusal) => check_refusal(&refusal),
        Ok((org_name, secret)) => {
            let fields = fields_of_taken(&body);
            assert_eq!(org_name.as_deref(), text(&fields, "org_name"));
            check(&secret, &fields);
            let (printed_org, printed) =
                read_new_secret(&print(&org_name, &secret)).expect("printed, it is taken");
            assert_eq!(printed_org, org_name);
            check(&printed, &fields);
        }
    }
    match read_secret_patch(&body) {
        Err(refusal) => check_refusal(&refusal),
        Ok(patch) => {
            let fields = fields_of_taken(&body);
            assert_eq!(patch.name.as_ref().map(|name| name.as_str()), text(&fields, "name"));
            assert_eq!(patch.value.as_ref().map(|value| value.expose()), text(&fields, "secret"));
            let kind = match &patch.kind {
                Patch::Keep => None,
                Patch::Set(kind) => Some(kind.as_str()),
                Patch::Clear => panic!("nothing on this wire clears a type"),
            };
            assert_eq!(kind, text(&fields, "type"));
            match patch.metadata {
                MetadataPatch::Keep => assert!(fields.get("metadata").is_none_or(Value::is_null)),
                MetadataPatch::Merge(object) => {
                    assert_eq!(Some(&Value::Object(object.0)), fields.get("metadata"))
                }
                _ => panic!("nothing else is said of metadata on this wire"),
            }
        }
    }
});

fn check(secret: &NewSecret, fields: &Map<String, Value>) {
    assert_eq!(Some(secret.name.as_str()), text(fields, "name"));
    assert_eq!(secret.kind.as_ref().map(|kind| kind.as_str()), text(fields, "type"));
    assert_eq!(secret.value.as_ref().map(|value| value.expose()), text(fields, "secret"));
    let metadata = fields.get("metadata").filter(|metadata| !metadata.is_null());
    assert_eq!(secret.metadata.as_ref().map(|metadata| Value::Object(metadata.object())).as_ref(), metadata);
    let length = secret.metadata.as_ref().map_or(0, |metadata| metadata.json().len());
    assert!(length <= Metadata::MAX_BYTES);
}

fn print(org_name: &Option<String>, secret: &NewSecret) -> Vec<u8> {
    json!({
        "name": secret.name.as_str(),
        "type": secret.kind.as_ref().map(|kind| kind.as_str()),
        "metadata": secret.metadata.as_ref().map(Metadata::object),
        "secret": secret.value.as_ref().map(|value| value.expose()),
        "org_name": org_name,
    })
    .to_string()
    .into_bytes()
}

/// crates/api/src/refusal.rs says what no refusal has.
fn check_refusal(refusal: &str) {
    check_message(refusal);
    assert!(refusal.len() <= 300 && !refusal.contains(['{', '}', '[', ']', '"']), "{refusal}");
}
