//! `keyholt user` and `keyholt service-account`: changed, suspended, removed.

use crate::shell::{Shell, row, said};

/// A server with a user, and an API key of that user.
fn shell_with_ada() -> (Shell, String) {
    let shell = Shell::new();
    shell.ok(&["user", "create", "ada", "--role", "engineer", "--email", "ada@example.com"]);
    let key = shell.key("ada-laptop", &["--for", "ada", "--role", "engineer"]);
    (shell, key)
}

#[test]
fn what_is_given_is_changed_and_nothing_else() {
    let (shell, _) = shell_with_ada();
    let before = shell.json(&["user", "show", "ada"]);
    let changed = shell.ok(&["user", "edit", "ada", "--name", "ada-l"]);
    assert!(changed.starts_with("changed ada-l ("), "{changed}");
    let after = shell.json(&["user", "edit", "ada-l", "--no-email"]);
    assert_eq!((&after["name"], &after["email"]), (&"ada-l".into(), &serde_json::Value::Null));
    assert_eq!((&after["id"], &after["memberships"]), (&before["id"], &before["memberships"]));
    let nothing = shell.refused(&["user", "edit", "ada-l"], 2);
    assert!(nothing.contains("say what to change"), "{nothing}");
}

#[test]
fn fewer_rights_of_a_user_hold_for_its_keys_at_once() {
    let (shell, key) = shell_with_ada();
    assert!(shell.run_as(&key, &["secret", "set", "A"], "value-of-a").success());
    shell.ok(&["user", "edit", "ada", "--role", "viewer"]);
    let refused = said(&shell.run_as(&key, &["secret", "rm", "A", "--yes"], ""), 1);
    assert!(refused.contains("may not change secrets"), "{refused}");
    assert!(shell.run_as(&key, &["secret", "list"], "").success());
}

#[test]
fn a_suspended_user_may_do_nothing_until_it_is_resumed() {
    let (shell, key) = shell_with_ada();
    let id = shell.json(&["user", "show", "ada"])["id"].as_str().unwrap().to_owned();
    assert_eq!(shell.ok(&["user", "suspend", "ada"]), format!("suspended ada ({id})\n"));
    said(&shell.run_as(&key, &["secret", "list"], ""), 1);
    let table = shell.ok(&["user", "list"]);
    assert_eq!(row(&table, "ada")[2], "default: engineer (suspended)", "{table}");
    assert_eq!(shell.ok(&["user", "resume", &id]), format!("resumed ada ({id})\n"));
    assert!(shell.run_as(&key, &["secret", "list"], "").success());
}

#[test]
fn a_removed_user_is_gone_from_the_organisation_and_so_is_what_its_keys_may_do() {
    let (shell, key) = shell_with_ada();
    let refused = shell.refused(&["user", "rm", "ada"], 2);
    assert!(refused.contains("give --yes to remove"), "{refused}");
    assert_eq!(shell.ok(&["user", "rm", "ada", "--yes"]), "removed ada\n");
    said(&shell.run_as(&key, &["secret", "list"], ""), 1);
    assert_eq!(shell.members(&["user", "list"], "name"), Vec::<String>::new());
    // Its key stays, and stands for somebody whose name is not known any more.
    let table = shell.ok(&["key", "list"]);
    assert_eq!(row(&table, "ada-laptop")[2].len(), 36, "{table}");
}

#[test]
fn a_service_account_takes_the_same_commands() {
    let shell = Shell::new();
    shell.ok(&["service-account", "create", "crawler", "--role", "app"]);
    shell.ok(&["service-account", "edit", "crawler", "--rights", "read,use"]);
    shell.ok(&["service-account", "suspend", "crawler", "--org", "default"]);
    shell.ok(&["service-account", "resume", "crawler", "--org", "default"]);
    let shown = shell.ok(&["service-account", "show", "crawler"]);
    assert_eq!(row(&shown, "may in")[1], "default: read, use", "{shown}");
    assert_eq!(shell.ok(&["service-account", "rm", "crawler", "--yes"]), "removed crawler\n");
}

#[test]
fn a_member_of_two_organisations_is_changed_in_the_one_that_is_named() {
    let shell = Shell::new();
    shell.ok(&["org", "create", "research"]);
    let both = shell.key("both", &["--org", "default", "--org", "research", "--role", "owner"]);
    let run = |words: &[&str]| shell.run_as(&both, words, "");
    let unclear = said(&run(&["user", "create", "ada", "--role", "engineer"]), 1);
    assert!(unclear.contains("say which with --org"), "{unclear}");
    for words in [
        &["user", "create", "ada", "--role", "engineer", "--org", "default"][..],
        &["user", "edit", "ada", "--role", "app", "--org", "research"],
    ] {
        assert!(run(words).success());
    }
    let shown = run(&["user", "show", "ada"]).stdout;
    assert!(shown.contains("default: engineer") && shown.contains("research: app"), "{shown}");
    let unclear = said(&run(&["user", "suspend", "ada"]), 1);
    assert!(unclear.contains("say which with --org"), "{unclear}");
    assert!(run(&["user", "suspend", "ada", "--org", "research"]).success());
    let shown = run(&["user", "show", "ada"]).stdout;
    assert!(shown.contains("default: engineer\n") && shown.contains("research: app (suspended)"), "{shown}");
    assert!(run(&["user", "rm", "ada", "--org", "research", "--yes"]).success());
    assert!(!run(&["user", "show", "ada"]).stdout.contains("research"));
    for words in [&["user", "suspend", "ada"][..], &["user", "rm", "ada", "--yes"]] {
        let gone = said(&run(&[words, &["--org", "research"]].concat()), 1);
        assert!(gone.contains("ada is no member of research"), "{gone}");
    }
}

#[test]
fn of_several_of_a_name_those_in_the_named_organisation_are_meant() {
    let shell = Shell::new();
    shell.ok(&["org", "create", "research"]);
    let both = shell.key("both", &["--org", "default", "--org", "research", "--role", "owner"]);
    for org in ["default", "research"] {
        let words = ["user", "create", "ada", "--role", "viewer", "--org", org];
        assert!(shell.run_as(&both, &words, "").success());
    }
    let refused = said(&shell.run_as(&both, &["user", "edit", "ada", "--name", "eve"], ""), 1);
    assert!(refused.contains("several users have the name ada"), "{refused}");
    let words = ["user", "edit", "ada", "--name", "eve", "--org", "default"];
    assert!(shell.run_as(&both, &words, "").success());
    assert_eq!(shell.members(&["user", "list"], "name"), ["eve"]);
}
