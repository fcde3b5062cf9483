//! `keyholt project`.

use crate::shell::{Shell, row, said};

#[test]
fn projects_are_made_and_listed_with_their_organisation() {
    let shell = Shell::new();
    let made = shell.ok(&["project", "create", "crawler"]);
    assert!(made.starts_with("made crawler ("), "{made}");
    assert_eq!(shell.json(&["project", "create", "spider"])["name"], "spider");
    assert_eq!(shell.members(&["project", "list"], "name"), ["spider", "crawler", "default"]);
    let table = shell.ok(&["project", "list"]);
    assert_eq!(row(&table, "crawler")[1], "default", "{table}");
    let taken = shell.refused(&["project", "create", "crawler"], 1);
    assert!(taken.contains("exists"), "{taken}");
}

#[test]
fn a_project_is_made_in_the_organisation_that_is_named() {
    let shell = Shell::new();
    shell.ok(&["org", "create", "research"]);
    let research = shell.key("owner", &["--org", "research", "--role", "owner"]);
    let refused = shell.refused(&["project", "create", "crawler", "--org", "research"], 1);
    assert!(refused.contains("does not belong to that organisation"), "{refused}");
    let made = shell.run_as(&research, &["project", "create", "crawler", "--org", "research"], "");
    assert!(made.success(), "{made:?}");
    let listed = shell.run_as(&research, &["project", "list"], "");
    assert_eq!(row(&listed.stdout, "crawler")[1], "research");
    assert_eq!(shell.members(&["project", "list"], "name"), ["default"], "others see nothing of it");
}

#[test]
fn a_project_is_renamed_by_its_name_or_its_id() {
    let shell = Shell::new();
    let made = shell.json(&["project", "create", "crawler"]);
    let id = made["id"].as_str().unwrap();
    let renamed = shell.ok(&["project", "rename", "crawler", "spider"]);
    assert_eq!(renamed, format!("renamed crawler to spider ({id})\n"));
    assert_eq!(shell.json(&["project", "rename", id, "ant"])["name"], "ant");
    let gone = shell.refused(&["project", "rename", "crawler", "bee"], 1);
    assert!(gone.contains("there is no project crawler") && gone.contains("`keyholt project list`"), "{gone}");
}

#[test]
fn a_project_in_use_is_not_deleted_and_an_empty_one_is() {
    let shell = Shell::new();
    shell.ok(&["project", "create", "crawler"]);
    shell.key("ci", &["--role", "engineer", "--project", "crawler"]);
    let refused = shell.refused(&["project", "rm", "crawler", "--yes"], 1);
    assert!(refused.contains("still has secrets or valid API keys"), "{refused}");
    shell.ok(&["key", "revoke", "ci", "--yes"]);
    let refused = shell.refused(&["project", "rm", "crawler"], 2);
    assert!(refused.contains("give --yes to delete"), "{refused}");
    assert_eq!(shell.ok(&["project", "rm", "crawler", "--yes"]), "deleted crawler\n");
    assert_eq!(shell.members(&["project", "list"], "name"), ["default"]);
}

#[test]
fn a_name_that_several_organisations_have_needs_the_organisation_or_an_id() {
    let shell = Shell::new();
    shell.ok(&["org", "create", "research"]);
    let both = shell.key("both", &["--org", "default", "--org", "research", "--role", "owner"]);
    let refused = said(&shell.run_as(&both, &["project", "rename", "default", "main"], ""), 1);
    assert!(
        refused.contains("several projects have the name default") && refused.contains("--org"),
        "{refused}"
    );
    let words = ["project", "rename", "default", "main", "--org", "research"];
    assert!(shell.run_as(&both, &words, "").success());
    assert_eq!(shell.members(&["project", "list"], "name"), ["default"], "the other is as it was");
}
