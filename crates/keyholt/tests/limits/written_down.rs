//! What a server writes down of those who were refused, and of those who were not, before it ends.

use keyholt_testkit::{Finished, Server, Setup};
use serde_json::Value;

use crate::fixture::{ORG, WRONG, key_of, setup, start_with};

/// What a command prints for programs.
#[track_caller]
fn json(setup: &Setup, server: &Server, words: &[&str]) -> Value {
    let words = [words, &["--json"]].concat();
    let finished = setup.run_against(Some(server), &words, b"").unwrap();
    assert!(finished.success(), "{words:?}: {finished:?}");
    serde_json::from_str(&finished.stdout).unwrap()
}

/// Ends the server in an orderly way and starts it again.
#[track_caller]
fn start_again(setup: &Setup, server: Server) -> Server {
    let ended: Finished = server.stop().unwrap();
    assert!(ended.success(), "{ended:?}");
    start_with(setup, &[])
}

/// The events of the audit log of attempts that were refused, with this action.
#[track_caller]
fn refused(setup: &Setup, server: &Server, action: &str) -> Vec<Value> {
    let list = json(setup, server, &["audit", "list"]);
    let events = list["objects"].as_array().unwrap().iter();
    let is_meant = |event: &&Value| event["outcome"] == "refused" && event["action"] == action;
    events.filter(is_meant).cloned().collect()
}

fn count(events: &[Value]) -> u64 {
    events.iter().map(|event| event["count"].as_u64().unwrap()).sum()
}

#[test]
fn refused_attempts_are_in_the_audit_log_with_their_number() {
    let setup = setup();
    let server = start_with(&setup, &[]);
    let viewer = key_of(&server, "viewer");
    for _ in 0..17 {
        assert_eq!(server.anonymous().bearer(WRONG).send("GET", ORG, None).unwrap().status, 401);
    }
    let mut client = server.anonymous().bearer(&viewer);
    for _ in 0..3 {
        assert_eq!(client.send("POST", ORG, Some(br#"{"name":"A"}"#)).unwrap().status, 403);
    }
    let server = start_again(&setup, server);
    let unknown = refused(&setup, &server, "authenticate");
    assert_eq!(count(&unknown), 17, "{unknown:?}");
    // Written down every few seconds: seldom in more than one piece, and never in one for each.
    assert!(unknown.len() < 17, "{unknown:?}");
    for event in &unknown {
        assert_eq!((&event["api_key_id"], &event["address"]), (&Value::Null, &"127.0.0.1".into()), "{event}");
    }
    let forbidden = refused(&setup, &server, "secret.write");
    assert_eq!(count(&forbidden), 3, "{forbidden:?}");
    assert!(forbidden.iter().all(|event| event["subject"]["name"] == "viewer"), "{forbidden:?}");
    let verdict = json(&setup, &server, &["audit", "verify"]);
    assert_eq!(verdict["ok"], true, "{verdict}");
}

#[test]
fn an_attempt_with_a_revoked_key_is_told_with_its_name() {
    let setup = setup();
    let server = start_with(&setup, &[]);
    let key = key_of(&server, "app");
    let list = json(&setup, &server, &["key", "list"]);
    let made = list["objects"].as_array().unwrap().iter().find(|key| key["name"] == "app").unwrap().clone();
    let id = made["id"].as_str().unwrap();
    json(&setup, &server, &["key", "revoke", id, "--yes"]);
    for _ in 0..5 {
        assert_eq!(server.anonymous().bearer(&key).send("GET", ORG, None).unwrap().status, 401);
    }
    let server = start_again(&setup, server);
    let events = refused(&setup, &server, "authenticate");
    assert_eq!(count(&events), 5, "{events:?}");
    for event in &events {
        assert_eq!((&event["api_key_id"], &event["subject"]["name"]), (&id.into(), &"app".into()), "{event}");
    }
}

#[test]
fn when_a_key_was_last_used_is_known_after_a_restart() {
    let setup = setup();
    let server = start_with(&setup, &[]);
    let key = key_of(&server, "viewer");
    key_of(&server, "app");
    assert_eq!(server.anonymous().bearer(&key).send("GET", ORG, None).unwrap().status, 200);
    let server = start_again(&setup, server);
    let list = json(&setup, &server, &["key", "list"]);
    let last_used = |name: &str| {
        let keys = list["objects"].as_array().unwrap().iter();
        keys.clone().find(|key| key["name"] == name).unwrap()["last_used_at"].clone()
    };
    assert!(last_used("viewer").as_str().unwrap().ends_with('Z'), "{list}");
    assert!(last_used("owner").is_string(), "{list}");
    assert!(last_used("app").is_null(), "nobody has used it: {list}");
}
