//! `keyholt org`.

use crate::shell::{Shell, said};

#[test]
fn organisations_are_made_and_listed_newest_first() {
    let shell = Shell::new();
    let made = shell.ok(&["org", "create", "research"]);
    assert!(made.starts_with("made research ("), "{made}");
    let made = shell.json(&["org", "create", "search and sale"]);
    assert_eq!(made["name"], "search and sale");
    assert_eq!(shell.members(&["org", "list"], "name"), ["search and sale", "research", "default"]);
    assert_eq!(shell.members(&["org", "list"], "id")[0], made["id"]);
    let table = shell.ok(&["org", "list"]);
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(table.lines().next().unwrap().starts_with("NAME"), "{table}");
}

#[test]
fn a_taken_name_and_an_impossible_one_are_refused() {
    let shell = Shell::new();
    let taken = shell.refused(&["org", "create", "default"], 1);
    assert!(taken.contains("exists"), "{taken}");
    let empty = shell.refused(&["org", "create", ""], 1);
    assert!(empty.contains("name"), "{empty}");
    assert_eq!(shell.members(&["org", "list"], "name"), ["default"]);
}

#[test]
fn only_an_operator_makes_organisations_and_others_see_their_own() {
    let shell = Shell::new();
    shell.ok(&["org", "create", "research"]);
    let words = ["key", "create", "--org", "research", "--role", "owner", "--name", "owner"];
    let key = shell.json(&words)["key"].as_str().unwrap().to_owned();
    let refused = said(&shell.run_as(&key, &["org", "create", "mine"], ""), 1);
    assert!(refused.contains("Only an operator's API key may do this"), "{refused}");
    let listed = shell.run_as(&key, &["org", "list", "--json"], "");
    assert!(listed.stdout.contains("research") && !listed.stdout.contains("default"), "{listed:?}");
}

#[test]
fn an_organisation_is_renamed_by_operators_and_those_who_administer_it() {
    let shell = Shell::new();
    let made = shell.json(&["org", "create", "research"]);
    let id = made["id"].as_str().unwrap();
    let key = shell.key("owner", &["--org", "research", "--role", "owner"]);
    assert_eq!(
        shell.ok(&["org", "rename", "research", "science"]),
        format!("renamed research to science ({id})\n")
    );
    let renamed = shell.run_as(&key, &["org", "rename", "science", "sciences"], "");
    assert!(renamed.success(), "{renamed:?}");
    assert_eq!(shell.json(&["org", "rename", id, "arts"])["name"], "arts");
    assert_eq!(shell.members(&["org", "list"], "name"), ["arts", "default"]);
    // What belongs to it belongs to it still.
    let listed = shell.run_as(&key, &["org", "list", "--json"], "");
    assert!(listed.stdout.contains("arts"), "{listed:?}");
}

#[test]
fn an_organisation_is_not_renamed_to_a_taken_name_nor_by_others() {
    let shell = Shell::new();
    shell.ok(&["org", "create", "research"]);
    let taken = shell.refused(&["org", "rename", "research", "default"], 1);
    assert!(taken.contains("exists"), "{taken}");
    let unknown = shell.refused(&["org", "rename", "nothing", "a"], 1);
    assert!(unknown.contains("there is no organisation nothing"), "{unknown}");
    assert!(unknown.contains("`keyholt org list`"), "{unknown}");
    let viewer = shell.key("viewer", &["--role", "viewer"]);
    said(&shell.run_as(&viewer, &["org", "rename", "default", "mine"], ""), 1);
    assert_eq!(shell.members(&["org", "list"], "name"), ["research", "default"]);
}
