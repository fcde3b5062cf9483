//! wire/braintrust.md 9: bodies, names, values, create, replace, patch, delete.

use serde_json::{Value, json};

use crate::store::{Expect, ORG, Store, VALUE, value_of};

fn by_id(id: &str) -> String {
    format!("{ORG}/{id}")
}

#[test]
fn a_body_is_json_whatever_its_content_type_says() {
    let store = Store::start();
    store.owner().body("POST", ORG, r#"{"name":"a"}"#).expect_status(200);
    let key = format!("Bearer {}", keyholt_testkit::Setup::KEY);
    for kind in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "nonsense"] {
        let mut caller = store.stranger(&[("authorization", &key), ("content-type", kind)]);
        caller.json("POST", ORG, &json!({ "name": kind })).expect_status(200);
    }
}

#[test]
fn an_empty_body_is_an_empty_object() {
    let store = Store::start();
    let mut caller = store.owner();
    let id = caller.create("a");
    for body in ["", " ", "\r\n\t ", "{}"] {
        for method in ["POST", "PUT", "DELETE"] {
            let answer = caller.body(method, ORG, body).expect_refused_field("name");
            assert_eq!(answer.string("/message"), "name is required");
        }
        let row = caller.body("PATCH", &by_id(&id), body).expect_status(200);
        assert_eq!(row.json()["updated_at"], Value::Null);
    }
    caller.ask("PATCH", &by_id(&id)).expect_status(200);
    caller.ask("DELETE", ORG).expect_refused_field("name");
}

#[test]
fn a_body_that_is_no_single_json_object_is_refused() {
    let store = Store::start();
    let mut caller = store.owner();
    let id = caller.create("a");
    let bodies: [&[u8]; 16] = [
        b"null",
        b"[]",
        b"\"a\"",
        b"1",
        b"{",
        b"{\"name\":\"b\"",
        b"{\"name\":\"b\"}}",
        b"{\"name\":\"b\"} x",
        b"{'name':'b'}",
        b"{\"name\":\"b\",}",
        b"{\"name\":\"\xff\"}",
        b"{\"name\":\"\\ud800\"}",
        b"{\"name\":\"b\",\"name\":\"b\"}",
        b"{\"name\":\"b\",\"metadata\":{\"x\":1,\"x\":1}}",
        b"{\"name\":\"b\",\"unknown\":{\"x\":1,\"x\":1}}",
        b"{\"name\":\"b\",\"metadata\":{\"x\":1e999}}",
    ];
    for body in bodies {
        for (method, target) in [("POST", ORG), ("PUT", ORG), ("PATCH", &by_id(&id)), ("DELETE", ORG)] {
            caller.body(method, target, body).expect_status(400);
        }
    }
    assert_eq!(caller.names(ORG), ["a"]);
}

#[test]
fn unknown_fields_are_ignored_whatever_they_hold() {
    let store = Store::start();
    let mut caller = store.owner();
    let unknown = json!({ "name": "a", "x": null, "preview_secret": 1, "updated_at": {}, "secret_updated_by_user_id": [], "id": true });
    let row = caller.json("POST", ORG, &unknown).expect_status(200).json();
    assert_eq!((&row["preview_secret"], &row["updated_at"]), (&Value::Null, &Value::Null));
    caller.json("PUT", ORG, &unknown).expect_status(200);
    let target = by_id(row["id"].as_str().unwrap());
    let patched =
        caller.json("PATCH", &target, &json!({ "org_name": "nowhere", "id": "b" })).expect_status(200).json();
    assert_eq!(patched, row);
}

#[test]
fn a_name_has_1_to_256_characters_and_none_of_control() {
    let store = Store::start();
    let mut caller = store.owner();
    let id = caller.create("a");
    for bad in [
        "".to_owned(),
        "x".repeat(257),
        "a\tb".to_owned(),
        "a\nb".to_owned(),
        "\u{0}".to_owned(),
        "\u{85}".to_owned(),
    ] {
        for (method, target) in [("POST", ORG), ("PUT", ORG), ("PATCH", &by_id(&id))] {
            caller.json(method, target, &json!({ "name": bad })).expect_refused_field("name");
        }
    }
    for bad in [json!(1), json!(true), json!([]), json!({})] {
        let answer = caller.json("POST", ORG, &json!({ "name": bad })).expect_refused_field("name");
        assert_eq!(answer.string("/message"), "name must be a string");
    }
    caller.json("POST", ORG, &json!({ "name": null })).expect_refused_field("name");
    for good in [
        "x".repeat(256),
        "😀".repeat(256),
        " a ".to_owned(),
        "a,b".to_owned(),
        "../..".to_owned(),
        "ключ\u{200f}".to_owned(),
    ] {
        let row = caller.json("POST", ORG, &json!({ "name": good })).expect_status(200);
        assert_eq!(row.string("/name"), good);
    }
}

#[test]
fn a_value_has_1_byte_to_64_kib() {
    let store = Store::start();
    let mut caller = store.owner();
    let id = caller.create("a");
    for (method, target) in [("POST", ORG), ("PUT", ORG), ("PATCH", &by_id(&id))] {
        let mut write = |name: &str, secret: Value| {
            caller.json(method, target, &json!({ "name": format!("{name} {method}"), "secret": secret }))
        };
        let answer = write("b", json!("")).expect_refused_field("secret");
        assert_eq!(answer.string("/message"), "secret must not be empty");
        write("c", json!(value_of(64 * 1024 + 1))).expect_refused_field("secret");
        write("d", json!(7)).expect_refused_field("secret");
        write("e", json!(value_of(64 * 1024))).expect_status(200);
        write("e", json!(format!("{VALUE}\r\n\0\u{7f}"))).expect_status(200);
    }
    // Limits are of bytes, and of the text, not of its JSON.
    caller.json("POST", ORG, &json!({ "name": "f", "secret": "é".repeat(32 * 1024) })).expect_status(200);
    caller
        .json("POST", ORG, &json!({ "name": "g", "secret": "é".repeat(32 * 1024 + 1) }))
        .expect_refused_field("secret");
    let escaped = format!(r#"{{"name":"h","secret":"{}"}}"#, r"\u0041".repeat(64 * 1024));
    caller.body("POST", ORG, escaped).expect_status(200);
}

#[test]
fn the_other_fields_have_their_bounds() {
    let store = Store::start();
    let mut caller = store.owner();
    let mut post =
        |field: &str, value: Value| caller.json("POST", ORG, &json!({ "name": field, (field): value }));
    post("type", json!("x".repeat(129))).expect_refused_field("type");
    post("type", json!("a\nb")).expect_refused_field("type");
    post("type", json!(1)).expect_refused_field("type");
    post("metadata", json!([])).expect_refused_field("metadata");
    post("metadata", json!("{}")).expect_refused_field("metadata");
    post("metadata", deep(33)).expect_refused_field("metadata");
    post("metadata", json!({ "a": "x".repeat(64 * 1024 - 7) })).expect_refused_field("metadata");
    post("org_name", json!(1)).expect_refused_field("org_name");
    post("type", json!("x".repeat(128))).expect_status(200);
    let kept = post("metadata", deep(32)).expect_status(200).json();
    assert_eq!(kept["metadata"], deep(32));
    let full = json!({ "a": "x".repeat(64 * 1024 - 8) });
    caller.json("POST", ORG, &json!({ "name": "full", "metadata": full })).expect_status(200);
}

/// So many objects in each other.
fn deep(levels: usize) -> Value {
    (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }))
}

#[test]
fn post_of_a_taken_name_finds_and_changes_nothing() {
    let store = Store::start();
    let mut caller = store.owner();
    let body = json!({ "name": "a", "type": "openai", "metadata": { "x": 1 }, "secret": format!("{VALUE}-of-enough-length-7cY9") });
    let made = caller.json("POST", ORG, &body).expect_status(200);
    assert_eq!(made.header("x-bt-found-existing"), None);
    let row = made.json();
    assert_eq!((&row["updated_at"], &row["preview_secret"]), (&Value::Null, &json!("********7cY9")));
    assert!(row["secret_updated_at"].is_string() && row["secret_updated_by_user_id"].is_string());
    let other = json!({ "name": "a", "type": "other", "metadata": { "y": 2 }, "secret": value_of(40) });
    let found = caller.json("POST", ORG, &other).expect_status(200);
    assert_eq!(found.header("x-bt-found-existing"), Some("true"));
    assert_eq!(found.json(), row);
    caller.json("POST", ORG, &json!({ "name": "a", "secret": "" })).expect_refused_field("secret");
    let id = row["id"].as_str().unwrap();
    assert_eq!(caller.ask("GET", &by_id(id)).expect_status(200).json(), row);
}

#[test]
fn an_answer_has_the_ten_keys_and_dates_with_milliseconds() {
    let store = Store::start();
    let row =
        store.owner().json("POST", ORG, &json!({ "name": "a", "secret": VALUE })).expect_status(200).json();
    let mut keys: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let ten = [
        "created",
        "id",
        "metadata",
        "name",
        "org_id",
        "preview_secret",
        "secret_updated_at",
        "secret_updated_by_user_id",
        "type",
        "updated_at",
    ];
    assert_eq!(keys, ten);
    let created = row["created"].as_str().unwrap();
    assert!(created.len() == 24 && created.ends_with('Z') && &created[19..20] == ".", "{created}");
    assert_eq!(row["created"], row["secret_updated_at"]);
    assert_eq!(row["id"].as_str().unwrap().as_bytes()[14], b'7');
}

#[test]
fn put_makes_a_new_name_and_replaces_a_taken_one() {
    let store = Store::start();
    let mut caller = store.owner();
    let body = json!({ "name": "a", "type": "t", "metadata": { "x": 1 }, "secret": value_of(40) });
    let made = caller.json("PUT", ORG, &body).expect_status(200);
    assert_eq!((made.header("x-bt-found-existing"), &made.json()["updated_at"]), (None, &Value::Null));
    let row = made.json();
    for body in [json!({ "name": "a" }), json!({ "name": "a", "secret": null, "type": null, "metadata": null })]
    {
        let answer = caller.json("PUT", ORG, &body).expect_status(200);
        assert_eq!(answer.header("x-bt-found-existing"), Some("true"));
        let replaced = answer.json();
        assert_eq!((&replaced["type"], &replaced["metadata"]), (&Value::Null, &Value::Null));
        assert!(replaced["updated_at"].is_string());
        for kept in
            ["id", "created", "org_id", "preview_secret", "secret_updated_at", "secret_updated_by_user_id"]
        {
            assert_eq!(replaced[kept], row[kept], "{kept}");
        }
    }
    let once =
        caller.json("PUT", ORG, &json!({ "name": "a", "metadata": { "y": 1 } })).expect_status(200).json();
    let again =
        caller.json("PUT", ORG, &json!({ "name": "a", "metadata": { "y": 1 } })).expect_status(200).json();
    assert_eq!((&again, &again["metadata"]), (&once, &json!({ "y": 1 })), "not merged, and equal is no change");
}

#[test]
fn patch_moves_dates_only_when_something_changes() {
    let store = Store::start();
    let mut caller = store.owner();
    let body = json!({ "name": "a", "type": "t", "metadata": { "x": { "y": 1 } }, "secret": value_of(40) });
    let row = caller.json("POST", ORG, &body).expect_status(200).json();
    let target = by_id(row["id"].as_str().unwrap());
    let unchanged = [
        json!({ "name": null, "type": null, "metadata": null, "secret": null }),
        json!({ "name": "a", "type": "t", "metadata": { "x": { "y": 1 } } }),
        json!({ "metadata": { "x": null } }),
        json!({ "metadata": {} }),
    ];
    for body in unchanged {
        assert_eq!(caller.json("PATCH", &target, &body).expect_status(200).json(), row, "{body}");
    }
    let equal = caller.json("PATCH", &target, &json!({ "secret": value_of(40) })).expect_status(200).json();
    assert!(equal["updated_at"].is_string());
    assert!(equal["secret_updated_at"].as_str() >= row["secret_updated_at"].as_str());
    let renamed = caller.json("PATCH", &target, &json!({ "name": "b" })).expect_status(200).json();
    assert_eq!(renamed["secret_updated_at"], equal["secret_updated_at"], "renaming is no rotation");
    assert_eq!((&renamed["id"], &renamed["name"]), (&row["id"], &json!("b")));
}

#[test]
fn patch_merges_metadata_as_the_table_says() {
    let store = Store::start();
    let mut caller = store.owner();
    let table = [
        (
            json!({ "a": 1, "b": { "c": 2 } }),
            json!({ "b": { "d": 3 } }),
            json!({ "a": 1, "b": { "c": 2, "d": 3 } }),
        ),
        (json!({ "a": [1, 2] }), json!({ "a": [3] }), json!({ "a": [3] })),
        (
            json!({ "a": 1, "b": { "c": 2 } }),
            json!({ "a": null, "b": { "c": null } }),
            json!({ "a": 1, "b": { "c": 2 } }),
        ),
        (json!({ "a": { "b": 1 } }), json!({ "a": 5 }), json!({ "a": 5 })),
        (json!({ "a": 5 }), json!({ "a": { "b": 1 } }), json!({ "a": { "b": 1 } })),
        (json!({ "a": 1 }), json!({}), json!({ "a": 1 })),
        (json!({ "a": 1 }), Value::Null, json!({ "a": 1 })),
        (Value::Null, json!({ "a": { "b": null } }), json!({ "a": {} })),
        (Value::Null, json!({}), json!({})),
        (json!({ "a": null }), json!({ "b": [null] }), json!({ "a": null, "b": [null] })),
        (
            json!({ "n": 1 }),
            json!({ "n": u64::MAX, "i": i64::MIN, "d": 0.1 }),
            json!({ "n": u64::MAX, "i": i64::MIN, "d": 0.1 }),
        ),
    ];
    for (number, (stored, patch, result)) in table.into_iter().enumerate() {
        let name = format!("merge-{number}");
        let id = caller
            .json("POST", ORG, &json!({ "name": name, "metadata": stored }))
            .expect_status(200)
            .string("/id");
        let row = caller.json("PATCH", &by_id(&id), &json!({ "metadata": patch })).expect_status(200).json();
        assert_eq!(row["metadata"], result, "{stored} and {patch}");
        assert_eq!(row["updated_at"].is_null(), stored == result, "{stored} and {patch}");
    }
}

#[test]
fn a_refused_patch_leaves_the_row_as_it_was() {
    let store = Store::start();
    let mut caller = store.owner();
    let other = caller.create("other");
    let big = json!({ "a": "x".repeat(60 * 1024) });
    let row = caller.json("POST", ORG, &json!({ "name": "a", "metadata": big })).expect_status(200).json();
    let target = by_id(row["id"].as_str().unwrap());
    caller.json("PATCH", &target, &json!({ "name": "other" })).expect_taken();
    caller
        .json("PATCH", &target, &json!({ "type": "t", "metadata": { "b": "x".repeat(5 * 1024) } }))
        .expect_refused_field("metadata");
    caller.json("PATCH", &target, &json!({ "metadata": deep(33) })).expect_refused_field("metadata");
    assert_eq!(caller.ask("GET", &target).expect_status(200).json(), row);
    assert_eq!(caller.ask("GET", &by_id(&other)).expect_status(200).json()["updated_at"], Value::Null);
}

#[test]
fn delete_answers_with_the_row_as_it_was_and_frees_its_name() {
    let store = Store::start();
    let mut caller = store.owner();
    let row = caller.json("POST", ORG, &json!({ "name": "a", "secret": VALUE })).expect_status(200).json();
    let target = by_id(row["id"].as_str().unwrap());
    assert_eq!(caller.ask("DELETE", &target).expect_status(200).json(), row);
    caller.ask("DELETE", &target).expect_status(404);
    let again = caller.create("a");
    assert_ne!(again, row["id"].as_str().unwrap());
    assert_eq!(caller.json("DELETE", ORG, &json!({ "name": "a" })).expect_status(200).string("/id"), again);
    caller.json("DELETE", ORG, &json!({ "name": "a" })).expect_status(404);
}

#[test]
fn of_many_posts_of_one_name_at_once_one_creates_and_the_others_find() {
    let store = Store::start();
    for round in 0..10 {
        let answers: Vec<_> = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..8).map(|_| store.owner()).collect();
            let post = |mut caller: crate::store::Caller| {
                caller.json("POST", ORG, &json!({ "name": format!("race-{round}") }))
            };
            let threads: Vec<_> = callers.into_iter().map(|caller| scope.spawn(move || post(caller))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap().expect_status(200)).collect()
        });
        let made = answers.iter().filter(|answer| answer.header("x-bt-found-existing").is_none()).count();
        assert_eq!(made, 1);
        assert!(answers.iter().all(|answer| answer.json() == answers[0].json()));
    }
}
