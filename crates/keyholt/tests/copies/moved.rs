//! Moves between databases, and backups of PostgreSQL.

use std::fs;

use keyholt_testkit::postgres::TestDatabase;
use keyholt_testkit::{Setup, StartError};
use serde_json::Value;

use crate::fixture::{bring_root_key, done, list, put, refused, reveal, setup, value_of};

/// The URL of a database without its password, and the file that holds this.
pub(crate) fn url_and_password(setup: &Setup, database: &TestDatabase) -> (String, String) {
    let (scheme, rest) = database.url().split_once("://").unwrap();
    let (user, place) = rest.split_once('@').unwrap();
    let (user, password) = user.split_once(':').unwrap();
    let file = setup.folder().join("password");
    fs::write(&file, format!("{password}\n")).unwrap();
    (format!("{scheme}://{user}@{place}"), file.to_str().unwrap().to_owned())
}

/// Whoever looks at half a store is told that it is one, and nothing of the rows that are still to come.
#[track_caller]
fn assert_unfinished(setup: &Setup) {
    let said = refused(setup, &["verify"], 1);
    assert!(said.contains("unfinished copy") && said.contains("the same command"), "{said}");
    let doctor = setup.run(&["doctor", "--json"], b"").unwrap();
    assert_eq!(doctor.status.code(), Some(1), "{doctor:?}");
    let report: Value = serde_json::from_str(&doctor.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let failed: Vec<&Value> = checks.iter().filter(|check| check["state"] == "fail").collect();
    let [only] = failed.as_slice() else { panic!("{report}") };
    assert_eq!(only["check"], "copy");
    assert!(only["message"].as_str().unwrap().contains("the same `keyholt restore`"), "{report}");
    assert!(!checks.iter().any(|check| check["check"] == "secrets"), "{report}");
}

fn directory(setup: &Setup) -> String {
    format!("sqlite:{}", setup.data_dir().display())
}

#[test]
fn a_store_is_moved_in_two_goes_with_its_server_stopped_for_the_second() {
    let (old, new) = (setup(), setup());
    let server = old.start().unwrap();
    let mut client = server.client();
    for name in ["A", "B"] {
        put(&mut client, name, &value_of(name));
    }
    let (from, to) = (directory(&old), directory(&new));
    let words = ["migrate-store", "--from", &from, "--to", &to];
    let report = done(&old, &words);
    assert_eq!((&report["finished"], &report["differences"]), (&false.into(), &0.into()), "{report}");
    let people = old.run(&words, b"").unwrap();
    assert!(people.success() && people.stdout.contains("Stop the servers"), "{people:?}");
    bring_root_key(&old, &new);
    let Err(StartError::Ended(ended)) = new.start() else { panic!("an unfinished copy is served") };
    assert!(ended.stderr.contains("unfinished copy"), "{ended:?}");
    assert_unfinished(&new);
    put(&mut client, "B", &value_of("B2"));
    put(&mut client, "C", &value_of("C"));
    let there = list(&mut client);
    assert!(server.stop().unwrap().success());
    let report = done(&old, &words);
    assert_eq!(report["finished"], true, "{report}");
    let moved = new.start().unwrap();
    assert_eq!(list(&mut moved.client()), there);
    assert_eq!(reveal(&new, &moved, "B"), value_of("B2"));
    let said = refused(&old, &words, 1);
    assert!(said.contains("is in use by another keyholt process"), "{said}");
    assert!(moved.stop().unwrap().success());
    let said = refused(&old, &words, 1);
    assert!(said.contains("holds an installation already"), "{said}");
}

#[test]
fn a_store_is_moved_to_postgres_and_back() {
    let (old, back) = (setup(), setup());
    let database = TestDatabase::database().unwrap();
    let server = old.start().unwrap();
    let mut client = server.client();
    for name in ["A", "ключ", "C"] {
        put(&mut client, name, &value_of(name));
    }
    put(&mut client, "A", &value_of("A2"));
    let there = list(&mut client);
    assert!(server.stop().unwrap().success());
    let (url, password) = url_and_password(&old, &database);
    let words = ["migrate-store", "--from", &directory(&old), "--to", &url, "--to-password-file", &password];
    assert_eq!(done(&old, &words)["finished"], true);
    // Served from there, with the same root key.
    let served = setup().variable("KEYHOLT_DATABASE_URL", database.url());
    bring_root_key(&old, &served);
    let node = served.start().unwrap();
    assert_eq!(list(&mut node.client()), there);
    assert_eq!(reveal(&served, &node, "A"), value_of("A2"));
    put(&mut node.client(), "D", &value_of("D"));
    let there = list(&mut node.client());
    let verdict = done(&served, &["verify"]);
    let found = (&verdict["ok"], &verdict["secrets"], &verdict["values"]);
    assert_eq!(found, (&true.into(), &4.into(), &5.into()), "{verdict}");
    // A backup beside the node.
    let file = back.folder().join("keyholt.db");
    assert_eq!(done(&served, &["backup", file.to_str().unwrap()])["finished"], true);
    let words = ["migrate-store", "--from", &url, "--to", &directory(&back), "--from-password-file", &password];
    assert_eq!(done(&old, &words)["finished"], false, "a node serves it");
    assert!(node.stop().unwrap().success());
    assert_eq!(done(&old, &words)["finished"], true);
    bring_root_key(&old, &back);
    let server = back.start().unwrap();
    assert_eq!(list(&mut server.client()), there);
    // And the backup into another PostgreSQL database.
    let other = TestDatabase::database().unwrap();
    let restored = setup().variable("KEYHOLT_DATABASE_URL", other.url());
    bring_root_key(&old, &restored);
    assert_eq!(done(&restored, &["restore", file.to_str().unwrap()])["finished"], true);
    let node = restored.start().unwrap();
    assert_eq!(list(&mut node.client()), there);
    assert_eq!(reveal(&restored, &node, "D"), value_of("D"));
    let said = refused(&restored, &["restore", file.to_str().unwrap()], 1);
    assert!(said.contains("holds an installation already"), "{said}");
}

#[test]
fn half_a_store_in_postgres_is_not_served() {
    let (old, database) = (setup(), TestDatabase::database().unwrap());
    let server = old.start().unwrap();
    put(&mut server.client(), "A", &value_of("A"));
    let (url, password) = url_and_password(&old, &database);
    let words = ["migrate-store", "--from", &directory(&old), "--to", &url, "--to-password-file", &password];
    assert_eq!(done(&old, &words)["finished"], false);
    let served = setup().variable("KEYHOLT_DATABASE_URL", database.url());
    bring_root_key(&old, &served);
    let Err(StartError::Ended(ended)) = served.start() else { panic!("an unfinished copy is served") };
    assert!(ended.stderr.contains("unfinished copy"), "{ended:?}");
    assert_unfinished(&served);
}

#[test]
fn a_password_on_the_command_line_is_refused_and_not_repeated() {
    let old = setup();
    let with_password = "postgres://me:very-private@127.0.0.1/keyholt";
    let said = refused(&old, &["migrate-store", "--from", &directory(&old), "--to", with_password], 2);
    assert!(said.contains("--to-password-file") && !said.contains("very-private"), "{said}");
    let said = refused(&old, &["migrate-store", "--from", "/nowhere", "--to", "sqlite:x"], 2);
    assert!(said.contains("sqlite:DIR"), "{said}");
}
