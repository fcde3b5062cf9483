//! One process has a data directory.

use std::time::Duration;

use keyholt_testkit::{Setup, StartError, Stopwatch};

#[test]
fn a_second_server_on_one_directory_ends_within_2_s_and_names_the_first() {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    let first = setup.start().unwrap();
    let watch = Stopwatch::start();
    let Err(StartError::Ended(second)) = setup.start() else { panic!("a second server runs on one directory") };
    assert!(watch.elapsed() < Duration::from_secs(2), "{:?}", watch.elapsed());
    assert!(!second.success());
    assert!(
        second.stderr.contains(&first.pid().to_string()),
        "names no process {}: {}",
        first.pid(),
        second.stderr
    );
    let answer = first.client().send("GET", "/v1/ai_secret", None).unwrap();
    assert_eq!(answer.status, 200, "the first one serves on");
}

#[test]
fn a_directory_is_free_again_when_its_server_was_killed() {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    for _ in 0..3 {
        setup.start().unwrap().kill().unwrap();
    }
    assert!(setup.start().unwrap().stop().unwrap().success());
}
