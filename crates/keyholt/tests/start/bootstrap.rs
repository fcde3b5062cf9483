//! The first API key and the first organisation, given instead of made.

use keyholt_testkit::Server;

use crate::refused::{ANY_PORT, assert_nothing_was_made, refusal, setup};

fn status(server: &Server, key: &str) -> u16 {
    server.anonymous().bearer(key).send("GET", "/v1/ai_secret", None).unwrap().status
}

fn org_name(server: &Server) -> String {
    server.client().send("GET", "/keyholt/v1/whoami", None).unwrap().string("/orgs/0/name")
}

#[test]
fn a_given_first_key_may_have_spaces_and_is_not_repeated() {
    let setup = setup().variable("KEYHOLT_BOOTSTRAP_API_KEY", "My API Key");
    let server = setup.start().unwrap();
    assert_eq!(status(&server, "My API Key"), 200);
    assert_eq!(status(&server, "My API Kex"), 401);
    let ended = server.stop().unwrap();
    assert!(!format!("{ended:?}").contains("My API Key"), "{ended:?}");
    assert!(!ended.stdout.contains("khk_"), "none is made: {}", ended.stdout);
}

#[test]
fn a_first_key_given_to_a_store_in_use_is_ignored_and_that_is_said() {
    let setup = setup().variable("KEYHOLT_BOOTSTRAP_API_KEY", "My API Key");
    let first = setup.start().unwrap().stop().unwrap();
    assert!(!first.stderr.contains("ignored"), "{}", first.stderr);
    let setup = setup.variable("KEYHOLT_BOOTSTRAP_API_KEY", "Another Key");
    let server = setup.start().unwrap();
    assert_eq!(status(&server, "My API Key"), 200);
    assert_eq!(status(&server, "Another Key"), 401);
    let log = server.stop().unwrap().stderr;
    assert!(log.contains("KEYHOLT_BOOTSTRAP_API_KEY is ignored: the store is in use already"), "{log}");
    assert!(!log.contains("Another Key"), "{log}");
}

#[test]
fn the_first_organisation_is_named_once_and_for_all() {
    let setup = setup().variable("KEYHOLT_BOOTSTRAP_ORG", "research and search");
    let server = setup.start().unwrap();
    assert_eq!(org_name(&server), "research and search");
    assert!(server.stop().unwrap().success());
    let setup = setup.variable("KEYHOLT_BOOTSTRAP_ORG", "another");
    assert_eq!(org_name(&setup.start().unwrap()), "research and search");
}

#[test]
fn a_first_organisation_that_cannot_have_its_name_is_refused_before_anything_is_made() {
    let setup = setup().variable("KEYHOLT_BOOTSTRAP_ORG", &"x".repeat(1000));
    let said = refusal(&setup, &ANY_PORT, 2);
    assert!(said.starts_with("KEYHOLT_BOOTSTRAP_ORG "), "{said}");
    assert_nothing_was_made(&setup);
}
