//! How `keyholt key show` and `keyholt key revoke` find the key that is meant.

use crate::shell::{Shell, said};

const UNKNOWN: &str = "0199d2ab-7c51-7e02-b1c4-5c8d0e3f9a11";

#[test]
fn without_a_terminal_nothing_is_revoked_unless_that_is_said_outright() {
    let shell = Shell::new();
    shell.key("ci", &["--role", "viewer"]);
    let refused = shell.refused(&["key", "revoke", "ci"], 2);
    assert!(refused.contains("give --yes to revoke"), "{refused}");
    assert!(shell.members(&["key", "list"], "name").contains(&"ci".to_owned()));
}

#[test]
fn a_key_is_named_by_its_name_and_revoked_ones_do_not_stand_in_the_way() {
    let shell = Shell::new();
    shell.key("ci", &["--role", "viewer"]);
    let first = shell.json(&["key", "show", "ci"])["id"].clone();
    shell.ok(&["key", "revoke", "ci", "--yes"]);
    assert_eq!(shell.json(&["key", "show", "ci"])["id"], first, "there is no other");
    let second = shell.json(&["key", "create", "--name", "ci", "--role", "viewer"])["id"].clone();
    assert_eq!(shell.json(&["key", "show", "ci"])["id"], second);
    let revoked = shell.ok(&["key", "revoke", "ci", "--yes"]);
    assert_eq!(revoked, format!("revoked ci ({})\n", second.as_str().unwrap()));
}

#[test]
fn a_name_that_several_keys_have_is_refused_with_the_id_of_each() {
    let shell = Shell::new();
    let keys = [0, 1].map(|_| shell.json(&["key", "create", "--name", "ci", "--role", "viewer"]));
    for words in [&["key", "revoke", "ci", "--yes"][..], &["key", "show", "ci"]] {
        let refused = shell.refused(words, 1);
        assert!(refused.contains("several API keys have the name ci"), "{refused}");
        for key in &keys {
            assert!(refused.contains(key["id"].as_str().unwrap()), "{refused}");
            assert!(refused.contains(key["shown"].as_str().unwrap()), "{refused}");
        }
    }
    assert_eq!(shell.members(&["key", "list"], "name").iter().filter(|name| *name == "ci").count(), 2);
}

#[test]
fn a_key_given_in_place_of_its_id_is_not_repeated() {
    let shell = Shell::new();
    let key = shell.key("ada", &["--role", "viewer"]);
    for words in [&["key", "revoke", &key, "--yes"][..], &["key", "show", &key]] {
        let refused = shell.refused(words, 2);
        assert!(refused.contains("`keyholt key list` shows the names") && !refused.contains(&key), "{refused}");
    }
    // A key that was not made here can have any form.
    for unknown in ["very-private", UNKNOWN] {
        let refused = shell.refused(&["key", "show", unknown], 1);
        assert!(refused.contains("there is no API key of that name or id"), "{refused}");
        assert!(refused.contains("`keyholt key list --all`") && !refused.contains("very-private"), "{refused}");
    }
}

#[test]
fn a_key_of_another_organisation_is_not_found() {
    let shell = Shell::new();
    shell.ok(&["org", "create", "research"]);
    let owner = shell.key("owner", &["--org", "research", "--role", "owner"]);
    let id = shell.json(&["key", "create", "--name", "ci", "--role", "viewer"])["id"].clone();
    for key in ["ci", id.as_str().unwrap()] {
        let refused = said(&shell.run_as(&owner, &["key", "revoke", key, "--yes"], ""), 1);
        assert!(refused.contains("there is no API key of that name or id"), "{refused}");
    }
    assert!(shell.members(&["key", "list"], "name").contains(&"ci".to_owned()));
}
