//! `keyholt secret get --reveal`.

use keyholt_testkit::Finished;

use crate::shell::{Shell, VALUE};

/// Runs a command that may show values, which the shell's own way to run one does not let pass.
fn reveal(shell: &Shell, words: &[&str]) -> Finished {
    let words = [&["secret", "get"], words, &["--reveal"]].concat();
    shell.setup.run_against(Some(&shell.server), &words, b"").unwrap()
}

#[test]
fn a_pipe_gets_the_value_byte_for_byte_and_nothing_else() {
    let shell = Shell::new();
    for (name, value) in [("A", VALUE), ("B", "ü\u{1b}[2J\r\n\n"), ("C", "x")] {
        let body = serde_json::json!({"name": name, "value": value});
        assert_eq!(shell.server.client().json("POST", "/keyholt/v1/secrets", &body).unwrap().status, 200);
        let revealed = reveal(&shell, &[name]);
        assert_eq!((revealed.status.code(), &*revealed.stdout, &*revealed.stderr), (Some(0), value, ""));
    }
}

#[test]
fn for_programs_it_is_a_member_of_the_secret() {
    let shell = Shell::new();
    shell.set(&["A", "--type", "openai"], VALUE);
    let revealed: serde_json::Value = serde_json::from_str(&reveal(&shell, &["A", "--json"]).stdout).unwrap();
    assert_eq!((&revealed["value"], &revealed["name"]), (&VALUE.into(), &"A".into()));
}

#[test]
fn what_has_no_value_or_may_not_be_revealed_shows_none() {
    let shell = Shell::new();
    let body = serde_json::json!({"name": "EMPTY"});
    assert_eq!(shell.server.client().json("POST", "/keyholt/v1/secrets", &body).unwrap().status, 200);
    let empty = shell.refused(&["secret", "get", "EMPTY", "--reveal"], 1);
    assert!(empty.contains("the secret EMPTY has no value"), "{empty}");
    shell.set(&["A"], VALUE);
    let engineer = shell.key("engineer", &["--role", "engineer"]);
    let refused = shell.run_as(&engineer, &["secret", "get", "A", "--reveal"], "");
    assert_eq!((refused.status.code(), &*refused.stdout), (Some(1), ""));
    assert!(refused.stderr.contains("This API key may not reveal values"), "{refused:?}");
    assert!(shell.run_as(&engineer, &["secret", "get", "A"], "").success());
}

#[test]
fn the_audit_log_says_who_saw_a_value() {
    let shell = Shell::new();
    shell.set(&["A"], VALUE);
    assert!(reveal(&shell, &["A"]).success());
    let listed = shell.json(&["audit", "list", "--limit", "1"]);
    assert_eq!(listed["objects"][0]["action"], "secret.reveal");
}
