//! A server without its root key, or with a wrong one, does not start.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use keyholt_testkit::Setup;

use crate::refused::{ANY_PORT, refusal, setup, used_setup};

fn root_key(setup: &Setup) -> PathBuf {
    setup.folder().join("data.root-key")
}

/// The path as messages show it.
fn shown(setup: &Setup) -> String {
    root_key(setup).display().to_string()
}

#[test]
fn a_missing_root_key_of_a_store_in_use_is_asked_for_and_none_is_made() {
    let setup = used_setup();
    let elsewhere = setup.folder().join("elsewhere");
    fs::rename(root_key(&setup), &elsewhere).unwrap();
    let said = refusal(&setup, &ANY_PORT, 1);
    assert!(said.contains(&shown(&setup)) && said.contains("does not exist"), "{said}");
    assert!(said.contains("put the root key of this store back there"), "{said}");
    assert!(!root_key(&setup).exists());
    fs::rename(elsewhere, root_key(&setup)).unwrap();
    assert!(setup.start().is_ok(), "nothing is lost");
}

#[test]
fn a_wrong_root_key_is_named() {
    let (ours, other) = (used_setup(), used_setup());
    fs::copy(root_key(&other), root_key(&ours)).unwrap();
    let said = refusal(&ours, &ANY_PORT, 1);
    assert!(said.contains(&shown(&ours)), "{said}");
    assert!(said.contains("is not the one that this store was made with"), "{said}");
}

#[test]
fn a_root_key_that_others_may_read_is_refused_with_the_remedy() {
    let setup = used_setup();
    for mode in [0o640, 0o604] {
        fs::set_permissions(root_key(&setup), Permissions::from_mode(mode)).unwrap();
        let said = refusal(&setup, &ANY_PORT, 1);
        assert!(said.contains(&format!("mode {mode:04o}")), "{said}");
        assert!(said.contains(&format!("chmod 600 {}", shown(&setup))), "{said}");
    }
    fs::set_permissions(root_key(&setup), Permissions::from_mode(0o600)).unwrap();
    assert!(setup.start().is_ok(), "the remedy helps");
}

#[test]
fn a_malformed_root_key_is_named_and_not_repeated() {
    let setup = used_setup();
    let text = fs::read_to_string(root_key(&setup)).unwrap();
    let mut mistyped = text.trim().to_owned();
    mistyped.insert(20, 'x');
    fs::write(root_key(&setup), &mistyped).unwrap();
    let said = refusal(&setup, &ANY_PORT, 1);
    assert!(said.contains(&shown(&setup)) && said.contains("malformed"), "{said}");
    assert!(!said.contains(&mistyped[8..16]), "{said}");
}

#[test]
fn a_malformed_root_key_of_an_empty_store_is_not_replaced() {
    let setup = setup();
    fs::write(root_key(&setup), "not a key").unwrap();
    fs::set_permissions(root_key(&setup), Permissions::from_mode(0o600)).unwrap();
    let said = refusal(&setup, &ANY_PORT, 1);
    assert!(said.contains("malformed"), "{said}");
    assert_eq!(fs::read_to_string(root_key(&setup)).unwrap(), "not a key");
}

#[test]
fn the_root_key_may_be_a_variable_and_a_wrong_one_is_named() {
    let (ours, other) = (used_setup(), used_setup());
    let text = fs::read_to_string(root_key(&ours)).unwrap();
    fs::remove_file(root_key(&ours)).unwrap();
    let ours = ours.variable("KEYHOLT_ROOT_KEY", text.trim());
    assert!(ours.start().unwrap().stop().unwrap().success());
    assert!(!root_key(&ours).exists());
    let other_text = fs::read_to_string(root_key(&other)).unwrap();
    let ours = ours.variable("KEYHOLT_ROOT_KEY", other_text.trim());
    let said = refusal(&ours, &ANY_PORT, 1);
    assert!(said.contains("variable KEYHOLT_ROOT_KEY is not the one"), "{said}");
    let ours = ours.variable("KEYHOLT_ROOT_KEY", "very-private");
    let said = refusal(&ours, &ANY_PORT, 1);
    assert!(said.contains("KEYHOLT_ROOT_KEY is malformed") && !said.contains("very-private"), "{said}");
}
