//! `keyholt secret rm`.

use crate::shell::{Shell, VALUE};

#[test]
fn without_a_terminal_nothing_is_deleted_unless_that_is_said_outright() {
    let shell = Shell::new();
    shell.set(&["A"], VALUE);
    let refused = shell.refused(&["secret", "rm", "A"], 2);
    assert!(refused.contains("--yes"), "{refused}");
    let refused = shell.run(&["secret", "rm", "A"], "y\n");
    assert_eq!(refused.status.code(), Some(2), "an answer that nobody was asked for is none: {refused:?}");
    assert_eq!(shell.members(&["secret", "list"], "name"), ["A"]);
    assert_eq!(shell.ok(&["secret", "rm", "A", "--yes"]), "deleted A\n");
    assert_eq!(shell.members(&["secret", "list"], "name"), Vec::<String>::new());
}

#[test]
fn a_deleted_secret_is_printed_to_programs_and_gone() {
    let shell = Shell::new();
    shell.set(&["A"], VALUE);
    let before = shell.json(&["secret", "get", "A"]);
    let deleted = shell.json(&["secret", "rm", before["id"].as_str().unwrap(), "-y"]);
    assert_eq!((&deleted["id"], &deleted["name"]), (&before["id"], &before["name"]));
    let again = shell.refused(&["secret", "rm", "A", "--yes"], 1);
    assert!(again.contains("there is no secret A"), "{again}");
}

#[test]
fn a_key_that_may_only_read_deletes_nothing_and_is_told_what_it_lacks() {
    let shell = Shell::new();
    shell.set(&["A"], VALUE);
    let key = shell.json(&["key", "create", "--role", "viewer", "--name", "viewer"])["key"].clone();
    let refused = shell.run_as(key.as_str().unwrap(), &["secret", "rm", "A", "--yes"], "");
    let refused = crate::shell::said(&refused, 1);
    assert!(refused.contains("may not change secrets") && refused.contains("with that right"), "{refused}");
    assert_eq!(shell.members(&["secret", "list"], "name"), ["A"]);
}
