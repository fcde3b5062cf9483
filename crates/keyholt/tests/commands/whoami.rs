//! `keyholt whoami`.

use crate::shell::{Shell, row};

#[test]
fn the_owner_is_told_all_that_it_may() {
    let shell = Shell::new();
    let lines = shell.ok(&["whoami"]);
    assert_eq!(row(&lines, "may in")[1], "default: owner", "{lines}");
    assert_eq!((row(&lines, "operator")[1], row(&lines, "project")[1]), ("yes", "default"), "{lines}");
    assert_eq!(row(&lines, "expires")[1], "never", "{lines}");
    let caller = shell.json(&["whoami"]);
    assert_eq!((&caller["via"], &caller["orgs"][0]["name"]), (&"api_key".into(), &"default".into()));
}

#[test]
fn a_narrowed_key_is_told_who_stands_behind_it_and_what_it_is_narrowed_to() {
    let shell = Shell::new();
    shell.ok(&["user", "create", "ada", "--role", "engineer"]);
    let options = ["--for", "ada", "--role", "app", "--names", "OPENAI_*,X?", "--expires-in", "90d"];
    let key = shell.key("ada-laptop", &options);
    let lines = shell.run_as(&key, &["whoami"], "").stdout;
    assert_eq!(row(&lines, "you are")[1], "user ada", "{lines}");
    assert!(row(&lines, "by API key")[1].starts_with("ada-laptop ("), "{lines}");
    assert_eq!(row(&lines, "may in")[1], "default: app", "{lines}");
    assert_eq!(row(&lines, "only")[1], "secrets named OPENAI_*, X?", "{lines}");
    assert!(row(&lines, "expires")[1].starts_with("in 89 days ("), "{lines}");
    assert!(!lines.contains("operator") && !lines.contains(&key[..12]), "{lines}");
}
