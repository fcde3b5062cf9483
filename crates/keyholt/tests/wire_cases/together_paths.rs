//! wire/together.md 8: the three prefixes, and what stands after the collection.

use serde_json::{Value, json};

use crate::store::{Expect, Store, VALUE};

/// The same routes under three prefixes (wire/together.md 1.1).
const PREFIXES: [&str; 3] = ["/v1/deployments/secrets", "/deployments/secrets", "/v1/v1/deployments/secrets"];

#[test]
fn a_secret_is_found_by_id_in_any_case_and_by_name_decoded_once() {
    let store = Store::start();
    let mut caller = store.owner();
    let id = caller.create_in_project("team/key");
    let row = caller.ask("GET", &format!("{}/{id}", PREFIXES[0])).expect_status(200).json();
    for prefix in PREFIXES {
        let found = [
            id.as_str(),
            &id.to_uppercase(),
            "team%2Fkey",
            "team%2fkey",
            "team/key",
            "te%61m/key",
            "team/key?x=%zz",
            "team/key?",
        ];
        for key in found {
            assert_eq!(
                caller.ask("GET", &format!("{prefix}/{key}")).expect_status(200).json(),
                row,
                "{prefix}/{key}"
            );
        }
        let missing = [
            "team+key",
            "team%252Fkey",
            "%zz",
            "%ff",
            "%00",
            "%",
            "%2",
            "a%2F..%2Fb",
            "team/",
            "team/key/",
            "/team/key",
            "x/../team/key",
            "%2e%2e",
            "team//key",
            "team%20key",
            "Team/key",
            "team/key%00",
            "./team/key",
            "%F0%9F%98%80",
        ];
        for key in missing {
            let target = format!("{prefix}/{key}");
            let answer = caller.ask("GET", &target).expect_status(404);
            assert_eq!(answer.string("/message"), "Secret not found", "{target}");
            caller.ask("DELETE", &target).expect_status(404);
            caller.json("PATCH", &target, &json!({ "value": VALUE })).expect_status(404);
        }
    }
    assert_eq!(caller.names(PREFIXES[0]), ["team/key"]);
}

#[test]
fn an_empty_id_is_never_the_list() {
    let store = Store::start();
    let mut caller = store.owner();
    caller.create_in_project("a");
    for prefix in PREFIXES {
        for method in ["GET", "DELETE", "PATCH"] {
            caller.json(method, &format!("{prefix}/"), &json!({ "name": "b" })).expect_status(404);
        }
        for path in [prefix.trim_end_matches("secrets"), prefix.trim_end_matches("/secrets")] {
            caller.ask("DELETE", path).expect_status(404);
            caller.ask("GET", path).expect_status(404);
        }
        assert_eq!(caller.names(prefix), ["a"]);
    }
    for method in ["GET", "POST", "PATCH", "DELETE"] {
        caller.json(method, "/v1/deployments/my-model", &json!({})).expect_status(404);
    }
}

#[test]
fn all_prefixes_are_one_collection() {
    let store = Store::start();
    let mut caller = store.owner();
    for (number, prefix) in PREFIXES.into_iter().enumerate() {
        let name = format!("n{number}");
        let row =
            caller.json("POST", prefix, &json!({ "name": name, "value": VALUE })).expect_status(200).json();
        for other in PREFIXES {
            assert_eq!(caller.ask("GET", &format!("{other}/{name}")).expect_status(200).json(), row);
            caller.json("POST", other, &json!({ "name": name, "value": VALUE })).expect_taken();
        }
        caller.json("PATCH", &format!("{prefix}/{name}"), &json!({ "description": "d" })).expect_status(200);
    }
    assert_eq!(
        caller.names("/deployments/secrets?limit=1&x=%zz"),
        ["n0", "n1", "n2"],
        "ascending, parameters ignored"
    );
    for (number, prefix) in PREFIXES.into_iter().enumerate() {
        caller.ask("DELETE", &format!("{prefix}/n{number}")).expect_status(200);
    }
    let empty = caller.ask("GET", PREFIXES[0]).expect_status(200).json();
    assert_eq!(empty, json!({ "object": "list", "data": [] }));
}

#[test]
fn an_undeclared_method_is_405_with_the_declared_ones() {
    let store = Store::start();
    let mut caller = store.owner();
    for prefix in PREFIXES {
        for method in ["PUT", "OPTIONS", "HEAD", "POST"] {
            let answer = caller.ask(method, &format!("{prefix}/a")).expect_status(405);
            assert_eq!(answer.header("allow"), Some("GET, PATCH, DELETE"), "{method}");
        }
        for method in ["PUT", "OPTIONS", "HEAD", "PATCH", "DELETE"] {
            let answer = caller.ask(method, prefix).expect_status(405);
            assert_eq!(answer.header("allow"), Some("GET, POST"), "{method}");
        }
    }
    assert_eq!(caller.ask("POST", "/v3/whoami").expect_status(405).header("allow"), Some("GET"));
}

#[test]
fn whoami_is_one_object_on_four_paths() {
    let store = Store::start();
    let mut caller = store.owner();
    let paths = ["/v3/whoami", "/v1/whoami", "/v1/v3/whoami", "/whoami"];
    let objects = paths.map(|path| caller.ask("GET", path).expect_status(200).json());
    assert!(objects.iter().all(|object| *object == objects[0]));
    let object = &objects[0];
    assert_eq!(object["type"], "project_api_key");
    assert_eq!(
        (&object["project"]["name"], &object["project"]["slug"]),
        (&json!("default"), &json!("default"))
    );
    for (flat, nested) in [
        ("api_key_id", "/api_key/id"),
        ("project_id", "/project/id"),
        ("project_name", "/project/name"),
        ("project_slug", "/project/slug"),
        ("organization_id", "/organization/id"),
        ("organization_name", "/organization/name"),
    ] {
        assert!(object[flat].is_string());
        assert_eq!(Some(&object[flat]), object.pointer(nested), "{flat}");
    }
    assert_eq!(object.get("user_id"), None::<&Value>);
    let mut stranger = store.stranger(&[]);
    for path in paths {
        stranger.ask("GET", path).expect_status(401);
    }
}
