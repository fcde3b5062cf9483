//! `keyholt key`.

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
    let refused = said(&shell.run_as(key, &["key", "list"], ""), 1);
    assert!(refused.contains("may not administer"), "{refused}");
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
fn a_list_of_keys_shows_of_each_its_first_characters_only() {
    let shell = Shell::new();
    let made = shell.json(&["key", "create", "--role", "viewer", "--name", "ada"]);
    let key = made["key"].as_str().unwrap();
    let table = shell.ok(&["key", "list"]);
    assert!(table.contains("ada") && table.contains(&key[..8]) && !table.contains(&key[..12]), "{table}");
    assert!(table.contains("default: read"), "{table}");
    let list = shell.json(&["key", "list"]);
    assert!(!list.to_string().contains(&key[..12]) && list["objects"][0].get("key").is_none(), "{list}");
    assert_eq!(list["objects"][0]["shown"], key[..8]);
    assert_eq!(shell.members(&["key", "list", "--org", "default"], "name").len(), 2);
}

#[test]
fn a_revoked_key_is_refused_at_once() {
    let shell = Shell::new();
    let made = shell.json(&["key", "create", "--role", "owner", "--name", "ada"]);
    let (key, id) = (made["key"].as_str().unwrap(), made["id"].as_str().unwrap());
    // A connection that has been let in already is no exception.
    let mut client = shell.server.anonymous().bearer(key);
    assert_eq!(client.send("GET", "/v1/ai_secret", None).unwrap().status, 200);
    assert_eq!(shell.ok(&["key", "revoke", id]), format!("revoked ada ({id})\n"));
    assert_eq!(client.send("GET", "/v1/ai_secret", None).unwrap().status, 401);
    let refused = said(&shell.run_as(key, &["secret", "list"], ""), 1);
    assert!(refused.contains("expired or revoked"), "{refused}");
    assert!(shell.ok(&["key", "list"]).contains("revoked 2"), "the list says so");
}

#[test]
fn for_programs_a_revoked_key_is_an_object_with_the_moment() {
    let shell = Shell::new();
    let made = shell.json(&["key", "create", "--role", "owner", "--name", "ada"]);
    let revoked = shell.json(&["key", "revoke", made["id"].as_str().unwrap()]);
    assert_eq!((&revoked["id"], revoked.get("key")), (&made["id"], None));
    assert!(revoked["revoked_at"].is_string() && made["revoked_at"].is_null(), "{revoked}");
}

#[test]
fn a_key_given_in_place_of_its_id_is_not_repeated() {
    let shell = Shell::new();
    let made = shell.json(&["key", "create", "--role", "viewer", "--name", "ada"]);
    let key = made["key"].as_str().unwrap();
    let refused = shell.refused(&["key", "revoke", key], 2);
    assert!(refused.contains("`keyholt key list` shows the ids") && !refused.contains(key), "{refused}");
    let unknown = shell.refused(&["key", "revoke", "0199d2ab-7c51-7e02-b1c4-5c8d0e3f9a11"], 1);
    assert!(!unknown.is_empty());
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
