//! `keyholt key create` and `keyholt key revoke`.

use crate::shell::{Shell, VALUE, said};

#[test]
fn a_made_key_is_printed_alone_and_works() {
    let shell = Shell::new();
    let made = shell.run(&["key", "create", "--role", "engineer", "--name", "ada"], "");
    assert!(made.success(), "{made:?}");
    let key = made.stdout.strip_suffix('\n').unwrap();
    assert!(key.starts_with("khk_") && !key.contains(char::is_whitespace), "{made:?}");
    assert!(made.stderr.contains("it is shown this once") && !made.stderr.contains(key), "{made:?}");
    let set = shell.run_as(key, &["secret", "set", "A"], VALUE);
    assert!(set.success(), "{set:?}");
    let refused = said(&shell.run_as(key, &["key", "create", "--role", "app", "--name", "more"], ""), 1);
    assert!(refused.contains("may not administer") && refused.contains("`keyholt whoami`"), "{refused}");
}

#[test]
fn for_programs_a_made_key_is_an_object_that_holds_it() {
    let shell = Shell::new();
    let made = shell.json(&["key", "create", "--role", "app", "--name", "shop", "--expires-in", "90d"]);
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("khk_"), "{made}");
    assert_eq!((&made["name"], &made["operator"]), (&"shop".into(), &false.into()));
    assert!(made["expires_at"].is_string(), "{made}");
}

#[test]
fn a_revoked_key_is_refused_at_once() {
    let shell = Shell::new();
    let made = shell.json(&["key", "create", "--role", "owner", "--name", "ada"]);
    let (key, id) = (made["key"].as_str().unwrap(), made["id"].as_str().unwrap());
    // A connection that has been let in already is no exception.
    let mut client = shell.server.anonymous().bearer(key);
    assert_eq!(client.send("GET", "/v1/ai_secret", None).unwrap().status, 200);
    assert_eq!(shell.ok(&["key", "revoke", id, "--yes"]), format!("revoked ada ({id})\n"));
    assert_eq!(client.send("GET", "/v1/ai_secret", None).unwrap().status, 401);
    let refused = said(&shell.run_as(key, &["secret", "list"], ""), 1);
    assert!(refused.contains("expired or revoked"), "{refused}");
    assert!(shell.ok(&["key", "list", "--all"]).contains("revoked"), "the list says so");
}

#[test]
fn for_programs_a_revoked_key_is_an_object_with_the_moment() {
    let shell = Shell::new();
    let made = shell.json(&["key", "create", "--role", "owner", "--name", "ada"]);
    let revoked = shell.json(&["key", "revoke", made["id"].as_str().unwrap(), "--yes"]);
    assert_eq!((&revoked["id"], revoked.get("key")), (&made["id"], None));
    assert!(revoked["revoked_at"].is_string() && made["revoked_at"].is_null(), "{revoked}");
}

#[test]
fn nobody_makes_a_key_with_more_rights_than_his_own() {
    let shell = Shell::new();
    shell.ok(&["org", "create", "research"]);
    let words = ["key", "create", "--org", "research", "--role", "owner", "--name", "owner"];
    let key = shell.json(&words)["key"].as_str().unwrap().to_owned();
    let elsewhere = ["key", "create", "--org", "default", "--role", "viewer", "--name", "spy"];
    let refused = said(&shell.run_as(&key, &elsewhere, ""), 1);
    assert!(refused.contains("keyholt: "), "{refused}");
    assert!(!shell.members(&["key", "list"], "name").contains(&"spy".to_owned()));
}

#[test]
fn the_last_operators_key_is_not_revoked_by_any_door() {
    let shell = Shell::new();
    let own = shell.json(&["whoami"])["api_key"]["id"].as_str().unwrap().to_owned();
    let refused = said(&shell.run(&["key", "revoke", &own, "--yes"], ""), 1);
    assert!(refused.contains("make another one first"), "{refused}");
    for path in ["/keyholt/v1/api-keys", "/v1/api_key"] {
        let answer = shell.server.client().send("DELETE", &format!("{path}/{own}"), None).unwrap();
        assert_eq!(
            (answer.status, answer.string("/error/code")),
            (400, "last_one".to_owned()),
            "{}",
            answer.text()
        );
    }
    shell.json(&["key", "create", "--role", "owner", "--operator", "--name", "second"]);
    shell.ok(&["key", "revoke", &own, "--yes"]);
}
