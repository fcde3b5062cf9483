//! `keyholt verify`: what is whole is proven, and whatever is not is named.

use std::fs;
use std::path::PathBuf;

use keyholt_testkit::Setup;

use crate::fixture::{done, put, refused, setup, tamper, value_of};

/// A backup of a store with three secrets, one of which has an earlier version of its value.
fn backup() -> (Setup, PathBuf) {
    let setup = setup();
    let server = setup.start().unwrap();
    let mut client = server.client();
    for name in ["A", "B", "C"] {
        put(&mut client, name, &value_of(name));
    }
    put(&mut client, "A", &value_of("A2"));
    assert!(server.stop().unwrap().success());
    let file = setup.folder().join("keyholt.db");
    done(&setup, &["backup", file.to_str().unwrap()]);
    (setup, file)
}

#[test]
fn what_is_whole_is_counted_in_the_store_and_in_its_backup() {
    let (setup, _) = backup();
    let of_backup = done(&setup, &["verify", "--backup", "keyholt.db"]);
    assert_eq!(of_backup["ok"], true, "{of_backup}");
    for (member, count) in [("organisations", 1), ("organisation_keys", 1), ("secrets", 3), ("values", 4)] {
        assert_eq!(of_backup[member], count, "{member}: {of_backup}");
    }
    assert!(of_backup["audit"]["events"].as_u64().unwrap() >= 5, "{of_backup}");
    assert_eq!(done(&setup, &["verify"]), of_backup);
    let server = setup.start().unwrap();
    put(&mut server.client(), "D", &value_of("D"));
    assert_eq!(done(&setup, &["verify"])["secrets"], 4, "beside a server");
    let people = setup.run(&["verify"], b"").unwrap();
    assert!(people.success() && people.stdout.ends_with("0 faults\n"), "{people:?}");
}

#[test]
fn whatever_was_tampered_with_is_found_and_named() {
    let (setup, file) = backup();
    let whole = fs::read(&file).unwrap();
    for (sql, named) in [
        ("UPDATE secrets SET kind = 'anthropic' WHERE name = 'A'", "the record does not open"),
        ("UPDATE secrets SET name = 'Z' WHERE name = 'B'", "the record does not open"),
        ("UPDATE secrets SET expires_at = 1 WHERE name = 'B'", "the record does not open"),
        ("UPDATE secrets SET details = substr(details, 1, 40)", "the record does not open"),
        (
            "UPDATE secret_values SET sealed = (SELECT sealed FROM secret_values v, secrets s
                 WHERE s.id = v.secret_id AND s.name = 'C')
             WHERE secret_id = (SELECT id FROM secrets WHERE name = 'B')",
            "the value is not the record's",
        ),
        ("UPDATE secret_values SET sealed = substr(sealed, 2) WHERE value_version = 2", "the value is not"),
        (
            "UPDATE secret_values SET sealed = zeroblob(length(sealed)) WHERE value_version = 1
                 AND secret_id = (SELECT id FROM secrets WHERE name = 'A')",
            "an earlier version of the value does not open",
        ),
        ("DELETE FROM secret_values WHERE value_version = 2", "the value is missing"),
        ("UPDATE api_keys SET operator = 0", "API key"),
        ("UPDATE api_keys SET expires_at = 1", "is not as it was written"),
        ("UPDATE api_key_grants SET rights = 1", "is not as it was written"),
        ("UPDATE org_keys SET wrapped = zeroblob(length(wrapped))", "does not open"),
        ("UPDATE audit_events SET subject_name = 'x' WHERE seq = 2", "audit record 2"),
        ("UPDATE audit_events SET action = 'no.such.action' WHERE seq = 2", "audit record 2"),
        ("UPDATE audit_events SET count = 2 WHERE seq = 3", "is changed"),
        ("DELETE FROM audit_events WHERE seq = 2", "is missing"),
        ("DELETE FROM projects", "refer to rows that are not there"),
    ] {
        fs::write(&file, &whole).unwrap();
        tamper(&file, sql);
        let finished = setup.run(&["verify", "--backup", "keyholt.db"], b"").unwrap();
        assert_eq!(finished.status.code(), Some(1), "{sql}: {finished:?}");
        assert!(finished.stdout.contains(named), "{sql}: {finished:?}");
        assert!(finished.stderr.contains("fault"), "{sql}: {finished:?}");
        assert!(!finished.stdout.contains("0 faults"), "{sql}: {finished:?}");
    }
}

#[test]
fn bytes_that_were_changed_on_the_disk_are_found() {
    let (setup, file) = backup();
    let whole = fs::read(&file).unwrap();
    // From the second page on, a page at a time: all zeros.
    for page in (1..whole.len() / 4096).step_by(3) {
        let mut damaged = whole.clone();
        let zeros = damaged.get_mut(page * 4096..(page + 1) * 4096).unwrap();
        if zeros.iter().all(|byte| *byte == 0) {
            continue;
        }
        zeros.fill(0);
        fs::write(&file, &damaged).unwrap();
        let said = refused(&setup, &["verify", "--backup", "keyholt.db"], 1);
        assert!(!said.is_empty(), "page {page}");
        assert!(said.matches("image is malformed").count() <= 1, "told once: {said}");
        let is_unreadable = said.contains("image is malformed");
        assert!(!is_unreadable || said.contains("use another backup"), "{said}");
    }
}

#[test]
fn without_the_root_key_only_what_can_be_seen_is_looked_at_and_that_is_said() {
    let (setup, file) = backup();
    fs::remove_file(setup.folder().join("data.root-key")).unwrap();
    let finished = setup.run(&["verify", "--backup", "keyholt.db"], b"").unwrap();
    assert!(finished.success(), "{finished:?}");
    assert!(finished.stderr.contains("nothing sealed was opened"), "{finished:?}");
    assert!(!finished.stdout.contains("proven"), "{finished:?}");
    assert_eq!(done(&setup, &["verify", "--backup", "keyholt.db"])["root_key"], false);
    tamper(&file, "DELETE FROM audit_events WHERE seq = 2");
    let said = setup.run(&["verify", "--backup", "keyholt.db"], b"").unwrap();
    assert!(said.status.code() == Some(1) && said.stdout.contains("is missing"), "{said:?}");
}

#[test]
fn another_root_key_and_what_is_not_there_are_refused() {
    let (setup, file) = backup();
    let other = crate::fixture::setup();
    assert!(other.start().unwrap().stop().unwrap().success());
    let said = refused(&other, &["verify", "--backup", file.to_str().unwrap()], 1);
    assert!(said.contains("is not the one that this store was made with"), "{said}");
    let said = refused(&setup, &["verify", "--backup", "nothing.db"], 1);
    assert!(said.contains("there is no file"), "{said}");
    fs::write(setup.folder().join("text"), "no database, but long enough to be looked at by somebody").unwrap();
    let said = refused(&setup, &["verify", "--backup", "text"], 1);
    assert!(said.contains("not a database"), "{said}");
    let nowhere = refused(&setup, &["verify", "--data-dir", "nowhere"], 1);
    assert!(nowhere.contains("there is no data directory"), "{nowhere}");
}
