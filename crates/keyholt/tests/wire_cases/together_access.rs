//! wire/together.md 8: credentials, rights, projects.

use serde_json::json;

use crate::store::{Expect, ORG, PROJECT, Store, VALUE};

#[test]
fn a_secret_that_is_not_there_looks_the_same_for_every_reason() {
    let store = Store::start();
    let mut both = store.with_second_org("other");
    let mut other = store.owner_of(&mut both, "other");
    let mut caller = store.owner();
    let foreign = other.create_in_project("theirs");
    let deleted = caller.create_in_project("deleted");
    caller.ask("DELETE", &format!("{PROJECT}/{deleted}")).expect_status(200);
    let org_row = caller.create("an-ai-secret");
    let mut bodies = Vec::new();
    for key in [
        &foreign,
        "theirs",
        &deleted,
        "deleted",
        &org_row,
        "an-ai-secret",
        "unknown",
        "01a1fd70-f23d-726b-b2a7-4de452e6b438",
    ] {
        let target = format!("{PROJECT}/{key}");
        bodies.push(caller.ask("GET", &target).expect_status(404).body);
        bodies.push(caller.ask("DELETE", &target).expect_status(404).body);
        bodies.push(caller.json("PATCH", &target, &json!({ "value": VALUE })).expect_status(404).body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(caller.names(PROJECT).len(), 0);
    assert_eq!(other.names(PROJECT), ["theirs"]);
    let project_row = caller.create_in_project("mine");
    caller.ask("GET", &format!("{ORG}/{project_row}")).expect_status(404);
    assert_eq!(caller.names(ORG), ["an-ai-secret"]);
}

#[test]
fn the_project_follows_from_the_key_alone() {
    let store = Store::start();
    let mut both = store.with_second_org("other");
    let mut other = store.owner_of(&mut both, "other");
    let mut caller = store.owner();
    let foreign = other.ask("GET", "/v1/whoami").expect_status(200).string("/project/id");
    for project_id in [json!(foreign), json!("nonsense"), json!(7), json!({})] {
        let body = json!({ "name": "a", "value": VALUE, "project_id": project_id });
        caller.json("POST", PROJECT, &body).expect_status(200);
        caller
            .json("PATCH", &format!("{PROJECT}/a"), &json!({ "description": "d", "project_id": project_id }))
            .expect_status(200);
        caller.ask("GET", &format!("{PROJECT}?project_id={foreign}")).expect_status(200);
        assert_eq!(other.names(PROJECT).len(), 0);
        caller.ask("DELETE", &format!("{PROJECT}/a")).expect_status(200);
    }
    caller.create_in_project("same");
    other.create_in_project("same");
}

#[test]
fn every_route_but_unknown_ones_needs_a_credential() {
    let store = Store::start();
    store.owner().create_in_project("a");
    for headers in [
        &[][..],
        &[("authorization", "Bearer wrong")],
        &[("authorization", "Token x")],
        &[("x-api-key", keyholt_testkit::Setup::KEY)],
    ] {
        let mut stranger = store.stranger(headers);
        for (method, target) in [
            ("GET", ""),
            ("POST", ""),
            ("GET", "/a"),
            ("PATCH", "/a"),
            ("DELETE", "/a"),
            ("GET", "/unknown"),
            ("GET", "/%zz"),
        ] {
            let answer = stranger.ask(method, &format!("{PROJECT}{target}")).expect_status(401);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
        stranger.ask("GET", "/v1/deployments/my-model").expect_status(404);
        stranger.ask("PUT", &format!("{PROJECT}/a")).expect_status(405);
    }
}

#[test]
fn a_viewer_reads_and_may_not_write() {
    let store = Store::start();
    store.owner().create_in_project("a");
    let mut viewer = store.role("default", "viewer");
    assert_eq!(viewer.names(PROJECT), ["a"]);
    viewer.ask("GET", &format!("{PROJECT}/a")).expect_status(200);
    for (method, target) in [
        ("POST", PROJECT.to_owned()),
        ("PATCH", format!("{PROJECT}/a")),
        ("DELETE", format!("{PROJECT}/unknown")),
    ] {
        let answer = viewer.body(method, &target, "not json").expect_status(403);
        assert_eq!(answer.string("/message"), "This API key may not change secrets");
    }
    viewer.ask("GET", "/v3/whoami").expect_status(200);
}

#[test]
fn a_body_over_1_mib_is_413() {
    let store = Store::start();
    let mut caller = store.owner();
    caller.create_in_project("a");
    let big = "x".repeat(1024 * 1024 + 1);
    caller.body("POST", PROJECT, &big).expect_status(413);
    caller.body("PATCH", &format!("{PROJECT}/a"), &big).expect_status(413);
}
