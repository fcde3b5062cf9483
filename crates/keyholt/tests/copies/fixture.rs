//! Servers with secrets, and commands beside them.

use std::fs;
use std::path::Path;

use keyholt_testkit::{Client, Finished, Intruder, Server, Setup};
use serde_json::{Value, json};

pub(crate) const SECRETS: &str = "/v1/ai_secret";

pub(crate) fn setup() -> Setup {
    Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap()
}

/// The value of a secret.
pub(crate) fn value_of(name: &str) -> String {
    format!("sk-never-in-the-clear-{name}")
}

/// Writes a secret, or another value to one that is there.
#[track_caller]
pub(crate) fn put(client: &mut Client, name: &str, value: &str) {
    let body = json!({ "name": name, "type": "openai", "secret": value, "metadata": { "note": name } });
    let answer = client.json("PUT", SECRETS, &body).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// All secrets as clients see them.
#[track_caller]
pub(crate) fn list(client: &mut Client) -> Vec<Value> {
    let answer = client.send("GET", &format!("{SECRETS}?limit=1000"), None).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["objects"].as_array().unwrap().clone()
}

/// The value of a secret, as `keyholt secret get --reveal` prints it.
#[track_caller]
pub(crate) fn reveal(setup: &Setup, server: &Server, name: &str) -> String {
    let shown = setup.run_against(Some(server), &["secret", "get", name, "--reveal", "--yes"], b"").unwrap();
    assert!(shown.success(), "{shown:?}");
    shown.stdout
}

/// What a command that succeeds prints for programs; no value is in what it prints.
#[track_caller]
pub(crate) fn done(setup: &Setup, words: &[&str]) -> Value {
    let finished = setup.run(&[words, &["--json"]].concat(), b"").unwrap();
    assert!(finished.success(), "{words:?}: {finished:?}");
    assert!(!finished.stdout.contains("sk-never"), "{}", finished.stdout);
    serde_json::from_str(&finished.stdout).unwrap()
}

/// What a command that is refused says.
#[track_caller]
pub(crate) fn refused(setup: &Setup, words: &[&str], status: i32) -> String {
    let Finished { status: ended, stdout, stderr } = setup.run(words, b"").unwrap();
    assert_eq!(ended.code(), Some(status), "{words:?}: {stdout}{stderr}");
    assert!(!stderr.contains("sk-never") && !stdout.contains("sk-never"));
    stderr
}

/// Brings the root key of one server to where another one looks for it.
pub(crate) fn bring_root_key(from: &Setup, to: &Setup) {
    let name = "data.root-key";
    fs::copy(from.folder().join(name), to.folder().join(name)).unwrap();
}

/// Changes rows of a database file behind everybody's back.
#[track_caller]
pub(crate) fn tamper(file: &Path, sql: &str) {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("keyholt.db");
    std::os::unix::fs::symlink(file, link).unwrap();
    assert!(Intruder::in_directory(dir.path()).unwrap().execute(sql).unwrap() > 0, "{sql}");
}
