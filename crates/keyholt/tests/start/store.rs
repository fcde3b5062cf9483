//! A store that cannot be trusted, or is not ours to open, is not served.

use std::fs;
use std::os::unix::fs::chown;

use keyholt_testkit::Intruder;

use crate::refused::{ANY_PORT, refusal, setup, used_setup};

#[test]
fn a_store_that_another_process_serves_is_refused_with_the_pid_of_that() {
    let setup = setup();
    let server = setup.start().unwrap();
    let said = refusal(&setup, &ANY_PORT, 1);
    let pid = format!("in use by another keyholt process (pid {})", server.pid());
    assert!(said.contains(&pid) && said.contains(&setup.data_dir().display().to_string()), "{said}");
    assert_eq!(server.client().send("GET", "/v1/ai_secret", None).unwrap().status, 200);
    server.kill().unwrap();
    assert!(setup.start().is_ok(), "a lock ends with its holder");
}

#[test]
fn a_store_of_a_later_version_is_refused_with_both_versions() {
    let setup = used_setup();
    let newest = "SELECT max(version) FROM schema_migrations";
    let intruder = Intruder::in_directory(&setup.data_dir()).unwrap();
    let known: i64 = intruder.read(newest).unwrap()[0];
    intruder.execute("INSERT INTO schema_migrations (version) VALUES (999)").unwrap();
    drop(intruder);
    let said = refusal(&setup, &ANY_PORT, 1);
    assert!(said.contains("schema version 999") && said.contains(&format!("up to {known}")), "{said}");
    assert!(said.contains("use the newer keyholt"), "{said}");
}

#[test]
fn what_is_no_database_is_refused_and_left_as_it_is() {
    let setup = used_setup();
    let path = setup.data_dir().join("keyholt.db");
    let garbage = b"not a database, but long enough to be taken for one. ".repeat(100);
    fs::write(&path, &garbage).unwrap();
    let said = refusal(&setup, &ANY_PORT, 1);
    assert!(said.contains(&path.display().to_string()) && said.contains("restore it from a backup"), "{said}");
    assert_eq!(fs::read(&path).unwrap(), garbage);
}

#[test]
fn a_data_directory_of_another_user_is_refused_with_both_users() {
    let setup = used_setup();
    let dir = setup.data_dir();
    // Only root can give a directory away; for others root's own one is somebody else's.
    let said = if chown(&dir, Some(65534), None).is_ok() {
        refusal(&setup, &ANY_PORT, 1)
    } else {
        let usr = setup.run(&["doctor", "--data-dir", "/usr"], b"").unwrap();
        assert_eq!(usr.status.code(), Some(1), "{usr:?}");
        usr.stdout
    };
    assert!(said.contains("belongs to user") && said.contains("keyholt runs as user"), "{said}");
}

#[test]
fn a_data_directory_that_is_a_file_is_refused() {
    let setup = setup();
    fs::write(setup.data_dir(), "").unwrap();
    let said = refusal(&setup, &ANY_PORT, 1);
    assert!(said.contains("is not a directory") && said.contains("--data-dir"), "{said}");
}
