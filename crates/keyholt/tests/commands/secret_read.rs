//! `keyholt secret list` and `keyholt secret get`.

use crate::shell::{Shell, VALUE};

#[test]
fn an_empty_store_says_how_to_begin_to_people_and_lists_nothing_to_programs() {
    let shell = Shell::new();
    let listed = shell.run(&["secret", "list"], "");
    assert!(listed.success() && listed.stdout.is_empty(), "{listed:?}");
    assert!(listed.stderr.contains("`keyholt secret set NAME`"), "{listed:?}");
    assert_eq!(shell.json(&["secret", "list"]), serde_json::json!({"objects": []}));
}

#[test]
fn secrets_are_listed_newest_first_with_no_more_than_the_end_of_a_value() {
    let shell = Shell::new();
    shell.set(&["OPENAI", "--type", "openai"], VALUE);
    shell.set(&["SHORT", "--type", "other"], "sk-short-value");
    let table = shell.ok(&["secret", "list"]);
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 3, "{table}");
    for (row, words) in rows.iter().zip([
        &["NAME", "TYPE", "VALUE", "CHANGED", "ID"][..],
        &["SHORT", "other", "********"],
        &["OPENAI", "openai", "********7cY9"],
    ]) {
        let shown: Vec<&str> = row.split_whitespace().take(words.len()).collect();
        assert_eq!(shown, words, "{table}");
    }
    assert_eq!(shell.members(&["secret", "list"], "preview"), ["********", "********7cY9"]);
}

#[test]
fn a_list_is_narrowed_by_type_name_and_organisation() {
    let shell = Shell::new();
    shell.ok(&["org", "create", "research"]);
    shell.set(&["A", "--type", "openai"], VALUE);
    shell.set(&["B", "--type", "mistral"], VALUE);
    let names = |options: &[&str]| shell.members(&[&["secret", "list"], options].concat(), "name");
    assert_eq!(names(&[]), ["B", "A"]);
    assert_eq!(names(&["--type", "openai"]), ["A"]);
    assert_eq!(names(&["--name", "B"]), ["B"]);
    assert_eq!(names(&["--org", "default", "--name", "A"]), ["A"]);
    assert_eq!(names(&["--type", "none"]), Vec::<String>::new());
}

#[test]
fn a_list_of_more_than_a_page_is_read_to_its_end() {
    let shell = Shell::new();
    let secrets: Vec<_> = (0..1001)
        .map(|n| serde_json::json!({ "id": format!("01900000-0000-7000-8000-{n:012x}"), "name": format!("row-{n}") }))
        .collect();
    let body = serde_json::json!({ "secrets": secrets });
    let imported = shell.server.client().json("POST", "/keyholt/v1/secrets/import", &body).unwrap();
    assert_eq!(imported.status, 200, "{}", imported.text());
    let mut names = shell.members(&["secret", "list"], "name");
    assert_eq!(names.len(), 1001);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 1001);
}

#[test]
fn one_secret_is_shown_by_its_name_and_by_its_id() {
    let shell = Shell::new();
    shell.set(&["A", "--type", "openai", "--description", "for search"], VALUE);
    let by_name = shell.json(&["secret", "get", "A"]);
    let id = by_name["id"].as_str().unwrap();
    assert_eq!(shell.json(&["secret", "get", id]), by_name);
    let shown = shell.ok(&["secret", "get", "A"]);
    for part in ["A", id, "openai", "********7cY9", "for search"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn a_secret_that_is_not_there_is_named_with_a_hint() {
    let shell = Shell::new();
    for missing in ["NOTHING", "0199d2ab-7c51-7e02-b1c4-5c8d0e3f9a11"] {
        let refused = shell.refused(&["secret", "get", missing], 1);
        assert!(refused.contains(&format!("there is no secret {missing}")), "{refused}");
        assert!(refused.contains("`keyholt secret list`"), "{refused}");
    }
}

#[test]
fn names_and_descriptions_cannot_steer_a_terminal() {
    let shell = Shell::new();
    // The test's shell refuses an escape in any output; the wires take names that our rules would not.
    let body = serde_json::json!({ "name": "red \u{202e}name", "metadata": {"a": "\u{1b}[31m"} });
    let made = shell.server.client().json("POST", "/v1/ai_secret", &body).unwrap();
    assert_eq!(made.status, 200, "{}", made.text());
    for words in [&["secret", "list"][..], &["secret", "get", &made.string("/id")], &["audit", "list"]] {
        let shown = shell.ok(words);
        assert!(!shown.contains('\u{202e}'), "{shown}");
    }
}
