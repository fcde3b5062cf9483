//! `keyholt key list` and `keyholt key show`.

use serde_json::Value;

use crate::shell::{Shell, row};

#[test]
fn a_list_of_keys_shows_of_each_its_first_characters_only() {
    let shell = Shell::new();
    let made = shell.json(&["key", "create", "--role", "viewer", "--name", "ada"]);
    let key = made["key"].as_str().unwrap();
    let table = shell.ok(&["key", "list"]);
    assert!(!table.contains(&key[..12]), "{table}");
    let shown = ["ada", &key[..8], "ada", "default: viewer", "default", "never", "never", "valid"];
    assert_eq!(row(&table, "ada"), shown, "{table}");
    let list = shell.json(&["key", "list"]);
    assert!(!list.to_string().contains(&key[..12]) && list["objects"][0].get("key").is_none(), "{list}");
    assert_eq!(list["objects"][0]["shown"], key[..8]);
    assert_eq!(shell.members(&["key", "list", "--org", "default"], "name").len(), 2);
}

#[test]
fn a_key_that_is_used_is_said_to_be_used() {
    let shell = Shell::new();
    let key = shell.key("ada", &["--role", "viewer"]);
    assert_eq!(shell.json(&["key", "show", "ada"])["last_used_at"], Value::Null);
    assert!(shell.run_as(&key, &["secret", "list"], "").success());
    // What was seen is written down at the end at the latest.
    let shell = shell.restart();
    let table = shell.ok(&["key", "list"]);
    let used = row(&table, "ada")[6];
    assert!(used.ends_with(" ago") || used == "just now", "{table}");
    let moment = shell.json(&["key", "show", "ada"])["last_used_at"].as_str().unwrap().to_owned();
    assert!(moment.ends_with('Z'), "{moment}");
    let shown = shell.ok(&["key", "show", "ada"]);
    assert!(row(&shown, "last used")[1].contains(&moment), "{shown}");
}

#[test]
fn revoked_keys_are_listed_when_all_are() {
    let shell = Shell::new();
    shell.key("old", &["--role", "viewer"]);
    shell.key("new", &["--role", "viewer", "--expires-in", "90d"]);
    shell.ok(&["key", "revoke", "old", "--yes"]);
    for words in [&["key", "list"][..], &["key", "list", "--org", "default"]] {
        let names = shell.members(words, "name");
        assert!(names.contains(&"new".to_owned()) && !names.contains(&"old".to_owned()), "{names:?}");
    }
    let table = shell.ok(&["key", "list", "--all"]);
    assert_eq!(row(&table, "old")[7], "revoked", "{table}");
    assert_eq!((row(&table, "new")[5], row(&table, "new")[7]), ("in 89 days", "valid"), "{table}");
    assert!(shell.members(&["key", "list", "--all"], "name").contains(&"old".to_owned()));
}

#[test]
fn the_keys_of_one_member_are_listed_by_its_name_or_id() {
    let shell = Shell::new();
    let ada = shell.json(&["user", "create", "ada", "--role", "engineer"]);
    shell.key("laptop", &["--for", "ada", "--role", "viewer"]);
    shell.key("other", &["--role", "viewer"]);
    for member in ["ada", ada["id"].as_str().unwrap()] {
        assert_eq!(shell.members(&["key", "list", "--for", member], "name"), ["laptop"]);
    }
    let refused = shell.refused(&["key", "list", "--for", "nobody"], 1);
    assert!(refused.contains("there is no member nobody"), "{refused}");
    assert!(refused.contains("`keyholt user list`") && refused.contains("service-account"), "{refused}");
    shell.ok(&["key", "revoke", "laptop", "--yes"]);
    let none = shell.run(&["key", "list", "--for", "ada"], "");
    assert!(none.success() && none.stdout.is_empty() && none.stderr.contains("--all"), "{none:?}");
}

#[test]
fn a_key_without_the_right_to_read_sees_those_of_its_member_only() {
    let shell = Shell::new();
    let key = shell.key("app", &["--role", "app"]);
    let listed = shell.run_as(&key, &["key", "list"], "");
    assert!(listed.success(), "{listed:?}");
    assert_eq!(listed.stdout.lines().count(), 2, "{}", listed.stdout);
    assert_eq!(row(&listed.stdout, "app")[3], "default: app");
}

#[test]
fn all_that_is_known_of_a_key_is_shown_in_lines() {
    let shell = Shell::new();
    let options = ["--rights", "read,use", "--types", "openai", "--from", "10.0.0.0/8", "--operator"];
    let key = shell.key("ada", &options);
    let lines = shell.ok(&["key", "show", "ada"]);
    for (title, text) in [
        ("name", "ada"),
        ("key", &key[..8]),
        ("state", "valid"),
        ("for", "ada"),
        ("may in", "default: read, use"),
        ("operator", "yes"),
        ("only", "secrets of type openai; requests from 10.0.0.0/8"),
        ("project", "default"),
        ("expires", "never"),
        ("last used", "never"),
    ] {
        assert_eq!(row(&lines, title)[1], text, "{lines}");
    }
    assert!(!lines.contains("revoked"), "{lines}");
    let table = shell.ok(&["key", "list"]);
    assert_eq!(row(&table, "ada")[3], "default: read, use; operator; narrowed", "{table}");
}
