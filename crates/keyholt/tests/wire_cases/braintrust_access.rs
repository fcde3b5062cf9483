//! wire/braintrust.md 9: paths, methods, credentials, organisations.

use serde_json::json;

use crate::store::{Expect, ORG, Store, VALUE};

#[test]
fn a_row_that_is_not_there_looks_the_same_for_every_reason() {
    let store = Store::start();
    let mut both = store.with_second_org("other");
    let mut other = store.owner_of(&mut both, "other");
    let mut caller = store.owner();
    let foreign = other.create("theirs");
    let deleted = caller.create("deleted");
    caller.ask("DELETE", &format!("{ORG}/{deleted}")).expect_status(200);
    let mut bodies = Vec::new();
    for id in [&foreign, &deleted, "01a1fd70-f23d-726b-b2a7-4de452e6b438"] {
        let target = format!("{ORG}/{id}");
        bodies.push(caller.ask("GET", &target).expect_status(404).body);
        bodies.push(caller.ask("DELETE", &target).expect_status(404).body);
        bodies.push(
            caller.json("PATCH", &target, &json!({ "name": "mine", "secret": VALUE })).expect_status(404).body,
        );
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    other.ask("GET", &format!("{ORG}/{foreign}")).expect_status(200);
}

#[test]
fn an_id_is_a_uuid_in_any_case() {
    let store = Store::start();
    let mut caller = store.owner();
    let id = caller.create("a");
    let row = caller.ask("GET", &format!("{ORG}/{}", id.to_uppercase())).expect_status(200);
    assert_eq!(row.string("/id"), id);
    for bad in ["not-a-uuid", "%00", &id.replace('-', ""), &format!("{{{id}}}"), &format!("urn:uuid:{id}"), "a"]
    {
        let target = format!("{ORG}/{bad}");
        for method in ["GET", "DELETE"] {
            let answer = caller.ask(method, &target).expect_status(400);
            assert_eq!(answer.string("/message"), "ai_secret_id must be a UUID", "{method} {target}");
        }
        caller.json("PATCH", &target, &json!({})).expect_status(400);
    }
}

#[test]
fn an_empty_id_is_an_unknown_path_for_every_method() {
    let store = Store::start();
    let mut caller = store.owner();
    caller.create("a");
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let body = json!({ "name": "a" });
        let answer = caller.json(method, &format!("{ORG}/"), &body).expect_status(404);
        assert_eq!(answer.string("/message"), "Unknown path", "{method}");
    }
    for path in [
        "/v1/ai_secrets",
        "/v1/ai_secret/a/b",
        "/V1/ai_secret",
        "//v1/ai_secret",
        "/v1//ai_secret",
        "/_stainless_unknown_path",
        "/v1/x",
    ] {
        caller.ask("GET", path).expect_status(404);
    }
    assert_eq!(caller.names(ORG), ["a"]);
}

#[test]
fn an_undeclared_method_is_405_with_the_declared_ones() {
    let store = Store::start();
    let mut caller = store.owner();
    let id = caller.create("a");
    for (method, target, allow) in [
        ("HEAD", ORG, "GET, POST, PUT, DELETE, OPTIONS"),
        ("PATCH", ORG, "GET, POST, PUT, DELETE, OPTIONS"),
        ("TRACE", ORG, "GET, POST, PUT, DELETE, OPTIONS"),
        ("POST", &format!("{ORG}/{id}"), "GET, PATCH, DELETE, OPTIONS"),
        ("PUT", &format!("{ORG}/{id}"), "GET, PATCH, DELETE, OPTIONS"),
        ("HEAD", &format!("{ORG}/{id}"), "GET, PATCH, DELETE, OPTIONS"),
    ] {
        let answer = caller.ask(method, target).expect_status(405);
        assert_eq!(answer.header("allow"), Some(allow), "{method} {target}");
    }
}

#[test]
fn options_need_no_credential_and_allow_no_origin_by_default() {
    let store = Store::start();
    let mut caller = store.stranger(&[("origin", "https://console.example")]);
    for target in [ORG, "/v1/ai_secret/anything"] {
        let answer = caller.ask("OPTIONS", target).expect_status(200);
        assert_eq!(answer.body, b"");
        assert_eq!(
            answer.header("access-control-allow-methods"),
            Some("GET, POST, PUT, PATCH, DELETE, OPTIONS")
        );
        assert_eq!(answer.header("access-control-max-age"), Some("86400"));
        assert_eq!(answer.header("vary").map(str::to_ascii_lowercase).as_deref(), Some("origin"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[test]
fn there_is_one_way_to_give_a_credential() {
    let key = "My API Key";
    let store = Store::start_with_key(key);
    for good in ["Bearer My API Key", "bearer My API Key", "BEARER   My API Key  "] {
        store.stranger(&[("authorization", good)]).ask("GET", ORG).expect_status(200);
    }
    let bad: [&[(&str, &str)]; 10] = [
        &[],
        &[("authorization", "")],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer ")],
        &[("authorization", "Basic My API Key")],
        &[("authorization", "My API Key")],
        &[("authorization", "Bearer my api key")],
        &[("authorization", "Bearer My API Key"), ("authorization", "Bearer My API Key")],
        &[("x-api-key", key)],
        &[("x-bt-auth-token", key)],
    ];
    for headers in bad {
        let mut stranger = store.stranger(headers);
        for (method, target) in
            [("GET", ORG), ("POST", ORG), ("PUT", ORG), ("DELETE", ORG), ("GET", "/v1/ai_secret/not-a-uuid")]
        {
            let answer = stranger.ask(method, target).expect_status(401);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert_eq!(answer.string("/message"), "Missing or invalid API key", "{headers:?}");
        }
    }
    let mut stranger = store.stranger(&[]);
    stranger.ask("GET", "/v1/ai_secret?api_key=My%20API%20Key&limit=x").expect_status(401);
    stranger.ask("GET", "/v1/nothing").expect_status(404);
    stranger.ask("PATCH", ORG).expect_status(405);
}

#[test]
fn a_key_of_two_organisations_lists_both_and_writes_to_the_one_it_names() {
    let store = Store::start();
    let mut both = store.with_second_org("other");
    let mut first = store.owner();
    let mut other = store.owner_of(&mut both, "other");
    first.create("same");
    other.create("same");
    other.create("theirs");
    assert_eq!(both.names(ORG), ["theirs", "same", "same"]);
    assert_eq!(both.names(&format!("{ORG}?org_name=other")), ["theirs", "same"]);
    assert_eq!(both.names(&format!("{ORG}?org_name=default")), ["same"]);
    for (method, body) in [
        ("POST", json!({ "name": "x" })),
        ("PUT", json!({ "name": "same" })),
        ("DELETE", json!({ "name": "same", "org_name": null })),
    ] {
        let answer = both.json(method, ORG, &body).expect_refused_field("org_name");
        assert_eq!(answer.string("/message"), "org_name is required");
    }
    both.json("POST", ORG, &json!({ "name": "x", "org_name": "other" })).expect_status(200);
    both.json("DELETE", ORG, &json!({ "name": "same", "org_name": "default" })).expect_status(200);
    assert_eq!(other.names(ORG), ["x", "theirs", "same"]);
    assert_eq!(first.names(ORG).len(), 0);
    let theirs = other.create("by-id");
    both.json("PATCH", &format!("{ORG}/{theirs}"), &json!({ "type": "t" })).expect_status(200);
    both.ask("DELETE", &format!("{ORG}/{theirs}")).expect_status(200);
}

#[test]
fn a_foreign_organisation_looks_like_none_at_all() {
    let store = Store::start();
    let mut both = store.with_second_org("other");
    let mut other = store.owner_of(&mut both, "other");
    let foreign = other.create("theirs");
    for mut caller in [store.owner(), store.owner_of(&mut both, "default")] {
        for org in ["other", "nowhere", "", "Default", "%00"] {
            assert_eq!(caller.names(&format!("{ORG}?org_name={org}")).len(), 0, "{org}");
        }
        let mut bodies = Vec::new();
        for org in ["other", "nowhere", ""] {
            for method in ["POST", "PUT", "DELETE"] {
                bodies.push(
                    caller
                        .json(method, ORG, &json!({ "name": "theirs", "org_name": org }))
                        .expect_status(403)
                        .body,
                );
            }
        }
        assert!(bodies.iter().all(|body| *body == bodies[0]));
        assert_eq!(caller.names(&format!("{ORG}?starting_after={foreign}")).len(), 0);
        assert_eq!(caller.names(&format!("{ORG}?ids={foreign}")).len(), 0);
        let mine = caller
            .json("POST", ORG, &json!({ "name": "mine", "org_name": "default" }))
            .expect_status(200)
            .string("/id");
        assert_eq!(caller.names(&format!("{ORG}?ending_before={foreign}")), ["mine"], "a cursor is a position");
        caller.ask("DELETE", &format!("{ORG}/{mine}")).expect_status(200);
    }
    assert_eq!(other.names(ORG), ["theirs"]);
}

#[test]
fn a_body_over_1_mib_is_413_and_one_of_just_so_much_is_read() {
    let store = Store::start();
    let mut caller = store.owner();
    let id = caller.create("a");
    let body = |length: usize| {
        let start = r#"{"name":"b","unknown":""#;
        format!("{start}{}\"}}", "x".repeat(length - start.len() - 2))
    };
    for (method, target) in [("POST", ORG), ("PUT", ORG), ("DELETE", ORG), ("PATCH", &format!("{ORG}/{id}"))] {
        caller.body(method, target, body(1024 * 1024 + 1)).expect_status(413);
        caller.body(method, target, body(1024 * 1024)).expect_status(200);
    }
}

#[test]
fn a_viewer_reads_and_may_not_write() {
    let store = Store::start();
    let mut owner = store.owner();
    let id = owner.create("a");
    let mut viewer = store.role("default", "viewer");
    assert_eq!(viewer.names(ORG), ["a"]);
    let target = format!("{ORG}/{id}");
    viewer.ask("GET", &target).expect_status(200);
    let big = "x".repeat(2 * 1024 * 1024);
    for (method, target) in
        [("POST", ORG), ("PUT", ORG), ("DELETE", ORG), ("PATCH", &target), ("DELETE", &target)]
    {
        let answer = viewer.body(method, target, "not json").expect_status(403);
        assert_eq!(answer.string("/message"), "This API key may not change AI secrets");
        viewer.body(method, target, &big).expect_status(403);
    }
}
