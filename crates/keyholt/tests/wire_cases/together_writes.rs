//! wire/together.md 8: bodies, names, values, lifetimes, create, patch, delete.

use serde_json::{Value, json};

use crate::store::{Caller, Expect, PROJECT, Store, VALUE, value_of};

fn item(key: &str) -> String {
    format!("{PROJECT}/{key}")
}

#[test]
fn a_body_is_json_whatever_its_content_type_says_and_must_be_there() {
    let store = Store::start();
    let mut caller = store.owner();
    caller.body("POST", PROJECT, format!(r#"{{"name":"a","value":"{VALUE}"}}"#)).expect_status(200);
    for (method, target) in [("POST", PROJECT), ("PATCH", &item("a"))] {
        caller.ask(method, target).expect_status(400);
        for body in [
            "",
            " ",
            "null",
            "[]",
            "{\"name\":\"b\"",
            "{} x",
            "{\"name\":\"b\",\"name\":\"b\",\"value\":\"v\"}",
        ] {
            caller.body(method, target, body).expect_status(400);
        }
    }
    let before = caller.ask("GET", &item("a")).expect_status(200).json();
    let after = caller.body("PATCH", &item("a"), "{}").expect_status(200).json();
    assert_eq!(after, before);
    assert_eq!(caller.names(PROJECT), ["a"]);
}

#[test]
fn a_taken_name_is_refused_and_the_first_secret_untouched() {
    let store = Store::start();
    let mut caller = store.owner();
    let id = caller.create_in_project("a");
    let before = caller.ask("GET", &item(&id)).expect_status(200).json();
    caller
        .json("POST", PROJECT, &json!({ "name": "a", "value": value_of(50), "description": "other" }))
        .expect_taken();
    assert_eq!(caller.ask("GET", &item(&id)).expect_status(200).json(), before);
}

#[test]
fn of_many_posts_of_one_name_at_once_one_is_done() {
    let store = Store::start();
    for round in 0..10 {
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let callers: Vec<Caller> = (0..8).map(|_| store.owner()).collect();
            let body = json!({ "name": format!("race-{round}"), "value": VALUE });
            let post = |mut caller: Caller, body: Value| caller.json("POST", PROJECT, &body).status;
            let threads: Vec<_> = callers
                .into_iter()
                .map(|caller| {
                    let body = body.clone();
                    scope.spawn(move || post(caller, body))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 7, "{statuses:?}");
    }
}

#[test]
fn names_have_their_letters_and_segments() {
    let store = Store::start();
    let mut caller = store.owner();
    caller.create_in_project("mine");
    let hundred = "x".repeat(100);
    let good = ["a", "team/key", &hundred, "...", "a/.b", "A-_./9", "0123456789abcdef0123456789abcdef"];
    for name in good {
        caller.json("POST", PROJECT, &json!({ "name": name, "value": VALUE })).expect_status(200);
        assert_eq!(caller.ask("GET", &item(name)).expect_status(200).string("/name"), name);
    }
    let long = "x".repeat(101);
    let bad = [
        long.as_str(),
        "",
        "a b",
        "ключ",
        ".",
        "..",
        "a/../b",
        "a/./b",
        "/a",
        "a/",
        "a//b",
        "a\n",
        "a\0",
        "a%2Fb",
        "a+b",
        "01a1d9ed-c200-781f-a8e2-5d940ed90475",
        "01A1D9ED-C200-781F-A8E2-5D940ED90475",
    ];
    for name in bad {
        caller.json("POST", PROJECT, &json!({ "name": name, "value": VALUE })).expect_refused_field("name");
        caller.json("PATCH", &item("mine"), &json!({ "name": name })).expect_refused_field("name");
    }
    for name in [Value::Null, json!(1), json!([])] {
        caller.json("POST", PROJECT, &json!({ "name": name, "value": VALUE })).expect_refused_field("name");
    }
    assert_eq!(caller.names(PROJECT).len(), 1 + good.len());
}

#[test]
fn values_and_descriptions_have_their_bounds() {
    let store = Store::start();
    let mut caller = store.owner();
    caller.create_in_project("mine");
    let mut number = 0;
    let mut write = |field: &str, content: Value, expected: u16| {
        number += 1;
        let mut body = json!({ "name": format!("n{number}"), "value": VALUE });
        body[field] = content.clone();
        let posted = caller.json("POST", PROJECT, &body).expect_status(expected);
        let patched = caller.json("PATCH", &item("mine"), &json!({ (field): content })).expect_status(expected);
        if expected == 400 {
            assert_eq!(
                (posted.string("/error/param"), patched.string("/error/param")),
                (field.to_owned(), field.to_owned())
            );
        }
    };
    write("value", json!(""), 400);
    write("value", json!(value_of(64 * 1024)), 200);
    write("value", json!(value_of(64 * 1024 + 1)), 400);
    write("value", json!(format!("{VALUE}\r\n<>&\"\\\0")), 200);
    write("value", json!(1), 400);
    write("description", json!("😀".repeat(500)), 200);
    write("description", json!("😀".repeat(501)), 400);
    write("description", json!(1), 400);
    write("description", json!(""), 200);
    for body in [json!({ "name": "x" }), json!({ "name": "x", "value": null })] {
        caller.json("POST", PROJECT, &body).expect_refused_field("value");
    }
    let row = caller
        .json("POST", PROJECT, &json!({ "name": "x", "value": VALUE, "description": null }))
        .expect_status(200);
    assert_eq!(row.json()["description"], "");
}

#[test]
fn a_lifetime_is_a_whole_number_of_1_to_14_days() {
    let store = Store::start();
    let mut caller = store.owner();
    let mut number = 0;
    let mut post = |ttl: Value| {
        number += 1;
        caller.json(
            "POST",
            PROJECT,
            &json!({ "name": format!("n{number}"), "value": VALUE, "ttl_seconds": ttl }),
        )
    };
    for bad in [
        json!(86399),
        json!(1_209_601),
        json!(0),
        json!(-1),
        json!("86400"),
        json!(86400.5),
        json!(86400.0),
        json!(true),
    ] {
        post(bad).expect_refused_field("ttl_seconds");
    }
    for good in [86400, 1_209_600] {
        let row = post(json!(good)).expect_status(200).json();
        assert_eq!(row["ttl_seconds"], good);
        assert!(row["expires_at"].as_str() > row["created_at"].as_str());
    }
    let row = post(Value::Null).expect_status(200).json();
    assert!(row.get("ttl_seconds").is_none() && row.get("expires_at").is_none(), "{row}");
}

#[test]
fn an_answer_has_the_documented_keys_and_never_a_value() {
    let store = Store::start();
    let mut caller = store.owner();
    let row = caller.json("POST", PROJECT, &json!({ "name": "a", "value": VALUE })).expect_status(200).json();
    let mut keys: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        ["created_at", "created_by", "description", "id", "last_updated_by", "name", "object", "updated_at"]
    );
    assert_eq!((&row["object"], &row["description"]), (&json!("secret"), &json!("")));
    assert_eq!(row["created_at"], row["updated_at"]);
    let created = row["created_at"].as_str().unwrap();
    assert!(created.len() == 24 && created.ends_with('Z'), "{created}");
    let who = caller.ask("GET", "/v1/whoami").expect_status(200);
    assert_eq!(row["created_by"], who.json()["api_key"]["id"]);
    assert_eq!(row["last_updated_by"], row["created_by"]);
}

#[test]
fn patch_changes_what_is_given_and_keeps_the_rest() {
    let store = Store::start();
    let mut caller = store.owner();
    let id = caller
        .json("POST", PROJECT, &json!({ "name": "a", "value": VALUE, "description": "d" }))
        .expect_status(200)
        .string("/id");
    caller.create_in_project("b");
    caller.json("PATCH", &item("a"), &json!({ "name": "a" })).expect_status(200);
    caller.json("PATCH", &item("a"), &json!({ "name": "b" })).expect_taken();
    let renamed = caller.json("PATCH", &item("a"), &json!({ "name": "c" })).expect_status(200).json();
    assert_eq!((renamed["id"].as_str(), renamed["name"].as_str()), (Some(id.as_str()), Some("c")));
    caller.ask("GET", &item("a")).expect_status(404);
    let nulls =
        json!({ "name": null, "description": null, "value": null, "ttl_seconds": null, "project_id": null });
    assert_eq!(caller.json("PATCH", &item(&id), &nulls).expect_status(200).json(), renamed);
    assert_eq!(
        caller.json("PATCH", &item(&id), &json!({ "description": "" })).expect_status(200).json()["description"],
        ""
    );
    caller.create_in_project("a");
}

#[test]
fn a_lifetime_starts_again_with_a_value_or_a_lifetime_and_with_nothing_else() {
    let store = Store::start();
    let mut caller = store.owner();
    let body = json!({ "name": "a", "value": VALUE, "ttl_seconds": 604_800 });
    let made = caller.json("POST", PROJECT, &body).expect_status(200).json();
    let mut patch = |body: Value| caller.json("PATCH", &item("a"), &body).expect_status(200).json();
    for quiet in [json!({ "description": "x" }), json!({ "name": "a" }), json!({})] {
        assert_eq!(patch(quiet)["expires_at"], made["expires_at"]);
    }
    let extended = patch(json!({ "value": VALUE }));
    assert!(extended["expires_at"].as_str() > made["expires_at"].as_str(), "{extended}");
    assert_eq!(extended["ttl_seconds"], 604_800);
    let shorter = patch(json!({ "ttl_seconds": 86400 }));
    assert!(shorter["expires_at"].as_str() < made["expires_at"].as_str());
    assert_eq!(shorter["ttl_seconds"], 86400);
    caller.create_in_project("without");
    let without = caller.json("PATCH", &item("without"), &json!({ "value": VALUE })).expect_status(200).json();
    assert!(without.get("expires_at").is_none() && without.get("ttl_seconds").is_none(), "{without}");
    let given =
        caller.json("PATCH", &item("without"), &json!({ "ttl_seconds": 86400 })).expect_status(200).json();
    assert_eq!(given["ttl_seconds"], 86400);
}

#[test]
fn delete_answers_with_an_empty_object_and_then_404() {
    let store = Store::start();
    let mut caller = store.owner();
    let id = caller.create_in_project("a");
    let answer = caller.ask("DELETE", &item("a")).expect_status(200);
    assert_eq!(answer.text(), "{}");
    caller.ask("DELETE", &item("a")).expect_status(404);
    caller.ask("DELETE", &item(&id)).expect_status(404);
    assert_ne!(caller.create_in_project("a"), id);
}
