//! `keyholt audit`.

use keyholt_testkit::{Intruder, Setup};
use serde_json::Value;

use crate::shell::{Shell, VALUE};

#[test]
fn the_audit_log_says_who_changed_what_newest_first() {
    let shell = Shell::new();
    shell.set(&["A"], VALUE);
    shell.ok(&["secret", "rm", "A", "--yes"]);
    let list = shell.json(&["audit", "list", "--limit", "2"]);
    let events = list["objects"].as_array().unwrap();
    assert_eq!(events.len(), 2, "{list}");
    for (event, action) in events.iter().zip(["secret.delete", "secret.create"]) {
        assert_eq!((&event["action"], &event["outcome"]), (&action.into(), &"done".into()), "{event}");
        assert_eq!(
            (&event["subject"]["name"], &event["address"]),
            (&"A".into(), &"127.0.0.1".into()),
            "{event}"
        );
        assert!(event["api_key_id"].is_string(), "{event}");
    }
    let table = shell.ok(&["audit", "list"]);
    assert!(table.starts_with("AT"), "{table}");
    assert!(table.lines().any(|line| line.contains("delete") && line.contains("secret A")), "{table}");
    assert!(!table.contains(Setup::KEY), "{table}");
    shell.refused(&["audit", "list", "--limit", "0"], 2);
}

#[test]
fn what_was_refused_is_listed_by_itself_with_how_often() {
    let shell = Shell::new();
    for _ in 0..3 {
        shell.run_as("khk_very-private", &["secret", "list"], "");
    }
    let viewer = shell.key("viewer", &["--role", "viewer"]);
    shell.run_as(&viewer, &["secret", "rm", "A", "--yes"], "");
    shell.run_as(&viewer, &["user", "create", "eve", "--role", "viewer"], "");
    // What was refused is written down at the end at the latest.
    let shell = shell.restart();
    let list = shell.json(&["audit", "list", "--refused"]);
    let events = list["objects"].as_array().unwrap();
    assert!(!events.is_empty() && events.iter().all(|event| event["outcome"] == "refused"), "{list}");
    assert!(!list.to_string().contains("very-private"), "{list}");
    let table = shell.ok(&["audit", "list", "--refused"]);
    let signing_in = table.lines().find(|line| line.contains("sign in")).unwrap();
    assert!(signing_in.contains("installation") && signing_in.contains("×3"), "{table}");
    let managing = table.lines().find(|line| line.contains("manage members and keys")).unwrap();
    assert!(managing.contains("API key viewer") && !managing.contains('×'), "{table}");
    assert!(shell.ok(&["audit", "list"]).lines().count() > table.lines().count());
}

#[test]
fn an_audit_log_as_it_was_written_is_whole() {
    let shell = Shell::new();
    shell.set(&["A"], VALUE);
    let said = shell.ok(&["audit", "verify"]);
    assert!(said.starts_with("the audit log is whole: "), "{said}");
    let verdict = shell.json(&["audit", "verify"]);
    assert_eq!((&verdict["ok"], &verdict["first_bad"]), (&true.into(), &Value::Null));
    assert!(verdict["events"].as_u64().unwrap() > 0, "{verdict}");
}

#[test]
fn a_changed_record_and_a_missing_one_are_named_by_verify() {
    for (problem, tampering) in [
        ("changed", "UPDATE audit_events SET subject_name = 'B' WHERE subject_name = 'A'"),
        ("missing", "DELETE FROM audit_events WHERE subject_name = 'A'"),
    ] {
        let shell = Shell::new();
        for name in ["A", "C"] {
            shell.set(&[name], VALUE);
        }
        let intruder = Intruder::in_directory(&shell.setup.data_dir()).unwrap();
        let seq: Vec<i64> = intruder.read("SELECT seq FROM audit_events WHERE subject_name = 'A'").unwrap();
        assert_eq!(intruder.execute(tampering).unwrap(), 1);
        let for_programs = shell.run(&["audit", "verify", "--json"], "");
        assert_eq!(for_programs.status.code(), Some(1), "{for_programs:?}");
        let verdict: Value = serde_json::from_str(&for_programs.stdout).unwrap();
        let bad = &verdict["first_bad"];
        assert_eq!(
            (&verdict["ok"], &bad["problem"], &bad["seq"]),
            (&false.into(), &problem.into(), &seq[0].into())
        );
        let said = shell.refused(&["audit", "verify"], 1);
        let chain = bad["chain"].as_str().unwrap();
        let expected = format!("the first bad record is number {} of chain {chain} ({problem})", seq[0]);
        assert!(said.contains(&expected), "{said}");
    }
}
