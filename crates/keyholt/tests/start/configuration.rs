//! A configuration that makes no sense is refused with status 2, before anything is made.

use std::fs;

use crate::refused::{ANY_PORT, assert_nothing_was_made, refusal, setup};

#[test]
fn an_unknown_key_in_the_file_is_named_with_its_line_and_without_its_value() {
    let setup = setup();
    fs::write(setup.folder().join("keyholt.toml"), "log_level = \"info\"\nlisteen = \"very-private\"\n")
        .unwrap();
    let said = refusal(&setup, &ANY_PORT, 2);
    assert!(said.contains("keyholt.toml, line 2: unknown field `listeen`"), "{said}");
    assert!(!said.contains("very-private"), "{said}");
    assert_nothing_was_made(&setup);
}

#[test]
fn a_named_file_that_is_missing_is_refused() {
    let setup = setup().variable("KEYHOLT_CONFIG", "elsewhere.toml");
    let said = refusal(&setup, &ANY_PORT, 2);
    assert!(said.contains("elsewhere.toml does not exist"), "{said}");
}

#[test]
fn a_malformed_variable_is_named() {
    let setup = setup().variable("KEYHOLT_VERSIONS_KEPT", "many");
    let said = refusal(&setup, &ANY_PORT, 2);
    assert!(said.starts_with("KEYHOLT_VERSIONS_KEPT: "), "{said}");
    assert_nothing_was_made(&setup);
}

#[test]
fn a_database_url_that_cannot_be_is_refused_without_repeating_it() {
    let setup = setup().variable("KEYHOLT_DATABASE_URL", "postgres://keyholt:very-private@db.example");
    let said = refusal(&setup, &ANY_PORT, 2);
    assert!(said.starts_with("database_url: names no database"), "{said}");
    assert!(!said.contains("very-private"), "{said}");
    assert_nothing_was_made(&setup);
}

#[test]
fn a_malformed_flag_is_refused_as_wrong_usage() {
    let ended = setup().run(&["serve", "--listen", "somewhere"], b"").unwrap();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(ended.stderr.contains("--listen <ADDR:PORT>"), "{}", ended.stderr);
}
