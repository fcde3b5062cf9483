//! `keyholt key create` with less than all: for somebody, single rights, some secrets, some addresses.

use crate::shell::{Shell, VALUE, said};

#[test]
fn a_key_for_a_member_stands_for_it_and_may_no_more_than_it() {
    let shell = Shell::new();
    let ada = shell.json(&["user", "create", "ada", "--role", "viewer"]);
    let made = shell.json(&["key", "create", "--for", "ada", "--role", "viewer", "--name", "laptop"]);
    assert_eq!(made["principal_id"], ada["id"]);
    let refused = shell.refused(&["key", "create", "--for", "ada", "--role", "owner", "--name", "more"], 1);
    assert!(!refused.is_empty());
    let refused = shell.refused(&["key", "create", "--for", "eve", "--role", "viewer", "--name", "eve"], 1);
    assert!(refused.contains("there is no member eve"), "{refused}");
}

#[test]
fn a_narrowed_key_sees_only_secrets_of_its_names_and_types() {
    let shell = Shell::new();
    shell.set(&["OPENAI_A", "--type", "openai"], VALUE);
    shell.set(&["OPENAI_B", "--type", "azure"], VALUE);
    shell.set(&["OTHER", "--type", "openai"], VALUE);
    let key = shell.key("narrow", &["--role", "engineer", "--names", "OPENAI_*,X", "--types", "openai"]);
    let listed = shell.run_as(&key, &["secret", "list"], "").stdout;
    assert!(listed.contains("OPENAI_A"), "{listed}");
    assert!(!listed.contains("OPENAI_B") && !listed.contains("OTHER"), "{listed}");
    let refused = said(&shell.run_as(&key, &["secret", "set", "OTHER", "--type", "openai"], VALUE), 1);
    assert!(refused.contains("narrowed"), "{refused}");
}

#[test]
fn a_key_for_other_addresses_is_refused_here() {
    let shell = Shell::new();
    let here = shell.key("here", &["--role", "viewer", "--from", "10.0.0.0/8,127.0.0.0/8"]);
    assert!(shell.run_as(&here, &["secret", "list"], "").success());
    let there = shell.key("there", &["--role", "viewer", "--from", "10.0.0.0/8", "--from", "192.0.2.7"]);
    let refused = said(&shell.run_as(&there, &["secret", "list"], ""), 1);
    assert!(refused.contains("unknown here, expired or revoked"), "{refused}");
    let wrong =
        shell.refused(&["key", "create", "--name", "a", "--role", "app", "--from", "10.0.0.0/8,office"], 2);
    assert!(wrong.contains("office") && wrong.contains("10.0.0.0/8"), "{wrong}");
}

#[test]
fn single_rights_and_the_operators_mark_are_given() {
    let shell = Shell::new();
    let made = shell.json(&["key", "create", "--name", "a", "--rights", "read,reveal", "--operator"]);
    assert_eq!(made["orgs"][0]["rights"], serde_json::json!(["read", "reveal"]));
    assert_eq!(made["operator"], true);
    let owner = shell.key("owner", &["--role", "owner"]);
    let words = ["key", "create", "--name", "b", "--role", "app", "--operator"];
    let refused = said(&shell.run_as(&owner, &words, ""), 1);
    assert!(refused.contains("Only an operator's API key"), "{refused}");
}

#[test]
fn a_key_is_made_in_a_project() {
    let shell = Shell::new();
    let project = shell.json(&["project", "create", "crawler"]);
    let made = shell.json(&["key", "create", "--name", "a", "--role", "app", "--project", "crawler"]);
    assert_eq!(made["project_id"], project["id"]);
    let refused = shell.refused(&["key", "create", "--name", "a", "--role", "app", "--project", "none"], 1);
    assert!(refused.contains("project must be a project of the organisation"), "{refused}");
}
