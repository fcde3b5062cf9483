//! `keyholt doctor`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use keyholt_testkit::{Intruder, Setup};
use serde_json::Value;

use crate::shell::{Shell, VALUE};

/// The findings of a check, as state and message.
fn findings(report: &Value, check: &str) -> Vec<(String, String)> {
    let all = report["checks"].as_array().unwrap().iter();
    let text = |finding: &Value, member: &str| finding[member].as_str().unwrap().to_owned();
    all.filter(|finding| finding["check"] == check)
        .map(|finding| (text(finding, "state"), text(finding, "message")))
        .collect()
}

#[test]
fn all_is_well_beside_a_server_and_without_one() {
    let shell = Shell::new();
    shell.set(&["A"], VALUE);
    let listen = shell.server.address().to_string();
    let beside = shell.json(&["doctor", "--listen", &listen]);
    assert_eq!(beside["ok"], true, "{beside}");
    assert!(findings(&beside, "server")[0].1.contains("something answers"), "{beside}");
    assert_eq!(findings(&beside, "secrets"), [("ok".to_owned(), "all 1 open".to_owned())]);
    let lines = shell.ok(&["doctor", "--listen", &listen]);
    assert!(lines.lines().all(|line| line.starts_with("ok  ") || line.starts_with("warn")), "{lines}");
    assert!(shell.server.stop().unwrap().success());
    let alone = shell.setup.run(&["doctor", "--listen", &listen, "--json"], b"").unwrap();
    assert!(alone.success(), "{alone:?}");
    let alone: Value = serde_json::from_str(&alone.stdout).unwrap();
    assert!(findings(&alone, "server")[0].1.contains("nothing answers"), "{alone}");
}

#[test]
fn a_row_that_was_tampered_with_is_named() {
    let shell = Shell::new();
    for name in ["A", "B"] {
        shell.set(&[name], VALUE);
    }
    let id = shell.json(&["secret", "get", "A"])["id"].as_str().unwrap().to_owned();
    let intruder = Intruder::in_directory(&shell.setup.data_dir()).unwrap();
    assert_eq!(intruder.execute("UPDATE secrets SET kind = 'openai' WHERE name = 'A'").unwrap(), 1);
    let doctor = shell.run(&["doctor"], "");
    assert_eq!(doctor.status.code(), Some(1), "{doctor:?}");
    assert!(doctor.stdout.contains(&id) && doctor.stdout.contains("1 of 2 are locked"), "{doctor:?}");
    assert!(doctor.stdout.contains("`keyholt secret rm`"), "it says what to do: {doctor:?}");
    assert!(doctor.stderr.contains("failed"), "{doctor:?}");
    let listed = shell.run(&["secret", "list"], "");
    assert!(listed.success() && listed.stdout.contains("locked"), "{listed:?}");
    assert!(listed.stderr.contains("`keyholt doctor` says more"), "{listed:?}");
    // The remedy helps.
    shell.ok(&["secret", "rm", &id, "--yes"]);
    assert_eq!(shell.json(&["doctor"])["ok"], true);
}

#[test]
fn a_value_that_was_tampered_with_is_named() {
    let shell = Shell::new();
    shell.set(&["A"], VALUE);
    let id = shell.json(&["secret", "get", "A"])["id"].as_str().unwrap().to_owned();
    let intruder = Intruder::in_directory(&shell.setup.data_dir()).unwrap();
    let sealed: Vec<Vec<u8>> = intruder.read("SELECT sealed FROM secret_values").unwrap();
    let mut changed = sealed[0].clone();
    *changed.last_mut().unwrap() ^= 1;
    intruder.execute(&format!("UPDATE secret_values SET sealed = {}", Intruder::literal(&changed))).unwrap();
    let doctor = shell.run(&["doctor", "--json"], "");
    assert_eq!(doctor.status.code(), Some(1), "{doctor:?}");
    let report: Value = serde_json::from_str(&doctor.stdout).unwrap();
    let locked = findings(&report, "locked");
    assert!(locked.len() == 1 && locked[0].0 == "fail" && locked[0].1.contains(&id), "{report}");
}

#[test]
fn a_wrong_a_missing_and_an_open_root_key_are_said() {
    let shell = Shell::new();
    let root_key = shell.setup.folder().join("data.root-key");
    fs::set_permissions(&root_key, Permissions::from_mode(0o644)).unwrap();
    let open = shell.run(&["doctor"], "");
    assert_eq!(open.status.code(), Some(1), "{open:?}");
    assert!(open.stdout.contains("chmod 600"), "{open:?}");
    let other = Shell::new();
    fs::remove_file(&root_key).unwrap();
    let missing = shell.run(&["doctor"], "");
    assert_eq!(missing.status.code(), Some(1), "{missing:?}");
    assert!(missing.stdout.contains("does not exist"), "{missing:?}");
    assert!(!root_key.exists(), "none is made");
    fs::copy(other.setup.folder().join("data.root-key"), &root_key).unwrap();
    let wrong = shell.run(&["doctor"], "");
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    assert!(wrong.stdout.contains("is not the one that this store was made with"), "{wrong:?}");
}

#[test]
fn before_the_first_start_nothing_is_wrong_and_nothing_is_made() {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    let doctor = setup.run(&["doctor"], b"").unwrap();
    assert!(doctor.success(), "{doctor:?}");
    assert!(doctor.stdout.contains("the first `keyholt serve` makes it"), "{doctor:?}");
    assert_eq!(fs::read_dir(setup.folder()).unwrap().count(), 0);
}
