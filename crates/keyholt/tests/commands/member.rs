//! `keyholt user` and `keyholt service-account`: made, listed, shown.

use crate::shell::{Shell, row, said};

#[test]
fn a_made_user_is_listed_and_shown() {
    let shell = Shell::new();
    let made = shell.ok(&["user", "create", "ada", "--email", "ada@example.com", "--role", "engineer"]);
    assert!(made.starts_with("made ada ("), "{made}");
    let shown = shell.json(&["user", "show", "ada"]);
    assert_eq!((&shown["kind"], &shown["email"]), (&"user".into(), &"ada@example.com".into()));
    let table = shell.ok(&["user", "list"]);
    assert_eq!(row(&table, "ada")[1..3], ["ada@example.com", "default: engineer"], "{table}");
    let lines = shell.ok(&["user", "show", shown["id"].as_str().unwrap()]);
    assert_eq!(row(&lines, "may in")[1], "default: engineer", "{lines}");
    assert_eq!((row(&lines, "kind")[1], row(&lines, "email")[1]), ("user", "ada@example.com"));
}

#[test]
fn users_and_service_accounts_are_lists_of_their_own() {
    let shell = Shell::new();
    shell.ok(&["user", "create", "ada", "--role", "viewer"]);
    shell.ok(&["service-account", "create", "crawler", "--rights", "read,use"]);
    assert_eq!(shell.members(&["user", "list"], "name"), ["ada"]);
    assert!(shell.members(&["service-account", "list"], "name").contains(&"crawler".to_owned()));
    let table = shell.ok(&["service-account", "list"]);
    assert_eq!(row(&table, "crawler")[1], "default: read, use", "{table}");
    let wrong = shell.refused(&["user", "show", "crawler"], 1);
    assert!(wrong.contains("there is no user crawler") && wrong.contains("`keyholt user list`"), "{wrong}");
    let id = shell.json(&["service-account", "show", "crawler"])["id"].as_str().unwrap().to_owned();
    let wrong = shell.refused(&["user", "rm", &id, "--yes"], 1);
    assert!(wrong.contains("crawler is no user but a service account"), "{wrong}");
}

#[test]
fn an_empty_list_says_so_to_people_and_is_empty_for_programs() {
    let shell = Shell::new();
    let listed = shell.run(&["user", "list"], "");
    assert!(listed.success() && listed.stdout.is_empty() && listed.stderr.contains("no users"), "{listed:?}");
    assert_eq!(shell.json(&["user", "list"]), serde_json::json!({"objects": []}));
}

#[test]
fn a_name_that_several_have_is_refused_with_the_id_of_each() {
    let shell = Shell::new();
    let ids = ["ada@example.com", "ada@example.org"].map(|email| {
        let made = shell.json(&["user", "create", "ada", "--email", email, "--role", "viewer"]);
        made["id"].as_str().unwrap().to_owned()
    });
    for words in [&["user", "suspend", "ada"][..], &["key", "list", "--for", "ada"]] {
        let refused = shell.refused(words, 1);
        assert!(refused.contains("have the name ada"), "{refused}");
        assert!(ids.iter().all(|id| refused.contains(id)) && refused.contains("ada@example.org"), "{refused}");
    }
    assert_eq!(shell.json(&["user", "show", &ids[0]])["email"], "ada@example.com");
}

#[test]
fn nobody_is_given_more_than_their_maker_has() {
    let shell = Shell::new();
    let key = shell.key("admin", &["--rights", "read,admin"]);
    let refused = said(&shell.run_as(&key, &["user", "create", "ada", "--role", "engineer"], ""), 1);
    assert!(refused.contains("Nobody can be given more rights"), "{refused}");
    let wrong = shell.refused(&["user", "create", "ada", "--role", "viewer", "--email", "nowhere"], 1);
    assert!(wrong.contains("email must be"), "{wrong}");
    assert_eq!(shell.members(&["user", "list"], "name"), Vec::<String>::new());
}
