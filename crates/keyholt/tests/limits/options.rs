//! The limits of API keys and organisations, given as flags, variables and lines of the file.

use std::fs;

use crate::fixture::{
    ORG, assert_says_when_to_come_back, is_never_too_many, key_of, setup, start_with, until_too_many,
};

#[test]
fn an_api_key_has_the_limit_of_the_flag_and_another_key_its_own() {
    let setup = setup();
    let server = start_with(&setup, &["--limits-per-api-key", "5"]);
    let mut other = server.anonymous().bearer(&key_of(&server, "viewer"));
    let mut owner = server.client();
    assert_says_when_to_come_back(&until_too_many(&mut owner, "GET", ORG));
    assert_eq!(other.send("GET", ORG, None).unwrap().status, 200, "it has asked for nothing yet");
    assert_says_when_to_come_back(&until_too_many(&mut other, "GET", ORG));
    let plain = until_too_many(&mut owner, "POST", "/api/apikey/login");
    assert_eq!(plain.status, 400);
}

#[test]
fn the_keys_of_an_organisation_share_the_limit_of_the_variable() {
    let setup = setup().variable("KEYHOLT_LIMITS_PER_ORG", "5");
    let server = start_with(&setup, &[]);
    let key = key_of(&server, "viewer");
    until_too_many(&mut server.client(), "GET", ORG);
    assert_says_when_to_come_back(&until_too_many(&mut server.anonymous().bearer(&key), "GET", ORG));
}

#[test]
fn the_file_sets_limits_in_a_table_of_their_own() {
    let setup = setup();
    fs::write(setup.folder().join("keyholt.toml"), "[limits]\nper_api_key = 5\n").unwrap();
    let server = start_with(&setup, &[]);
    assert_says_when_to_come_back(&until_too_many(&mut server.client(), "GET", ORG));
}

#[test]
fn a_flag_wins_over_a_variable_and_zero_is_no_limit() {
    let setup = setup().variable("KEYHOLT_LIMITS_PER_API_KEY", "5").variable("KEYHOLT_LIMITS_PER_ORG", "5");
    let server = start_with(&setup, &["--limits-per-api-key", "0", "--limits-per-org=0"]);
    assert!(is_never_too_many(&mut server.client(), ORG));
}
