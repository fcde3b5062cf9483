//! Bodies of a project's secrets: POST and PATCH (wire/together.md 2.1).
//!
//! Laws: what is taken is JSON and says what serde_json reads in it; printed, it is taken again as the same; a refusal is
//! one line that repeats nothing of the body.
#![no_main]

use keyholt_api::fuzzing::{ProjectSecret, read_project_secret};
use keyholt_fuzz::canary::{check_message, plant};
use keyholt_fuzz::json::{fields_of_taken, text};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

fuzz_target!(|data: &[u8]| {
    let body = plant(data);
    match read_project_secret(&body) {
        Err(refusal) => {
            check_message(&refusal);
            assert!(refusal.len() <= 300 && !refusal.contains(['{', '}', '[', ']', '"']), "{refusal}");
        }
        Ok(secret) => {
            let fields = fields_of_taken(&body);
            check(&secret, &fields);
            check(&read_project_secret(&print(&secret)).expect("printed, it is taken"), &fields);
        }
    }
});

fn check(secret: &ProjectSecret, fields: &Map<String, Value>) {
    let name = secret.name.as_ref().map(|name| name.as_str());
    assert_eq!(name, text(fields, "name"));
    assert_eq!(secret.value.as_ref().map(|value| value.expose()), text(fields, "value"));
    assert_eq!(secret.description.as_ref().map(|text| text.as_str()), text(fields, "description"));
    let ttl = fields.get("ttl_seconds").filter(|ttl| !ttl.is_null());
    assert_eq!(secret.ttl.map(|ttl| Value::from(ttl.seconds())).as_ref(), ttl);
    assert!(secret.ttl.is_none_or(|ttl| (86_400..=1_209_600).contains(&ttl.seconds())));
    // What may stand in a path, without a segment that a proxy would resolve.
    let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
    assert!(name.is_none_or(|name| {
        (1..=100).contains(&name.len())
            && name.bytes().all(is_of_a_name)
            && !name.split('/').any(|segment| matches!(segment, "" | "." | ".."))
    }));
}

fn print(secret: &ProjectSecret) -> Vec<u8> {
    json!({
        "name": secret.name.as_ref().map(|name| name.as_str()),
        "value": secret.value.as_ref().map(|value| value.expose()),
        "description": secret.description.as_ref().map(|text| text.as_str()),
        "ttl_seconds": secret.ttl.map(|ttl| ttl.seconds()),
    })
    .to_string()
    .into_bytes()
}
