//! A start that is refused.

use std::fs;

use keyholt_testkit::{Finished, Setup, StartError};

/// The options of an ordinary start.
pub(crate) const ANY_PORT: [&str; 2] = ["--listen", "127.0.0.1:0"];

/// A setup for the built program.
pub(crate) fn setup() -> Setup {
    Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap()
}

/// A setup whose store is made and has been in use.
pub(crate) fn used_setup() -> Setup {
    let setup = setup();
    assert!(setup.start().unwrap().stop().unwrap().success());
    setup
}

/// The one line with which a start is refused, which ends with this status and serves nobody.
#[track_caller]
pub(crate) fn refusal(setup: &Setup, options: &[&str], status: i32) -> String {
    let ended = match setup.start_with(options) {
        Err(StartError::Ended(ended)) => ended,
        other => panic!("not refused: {other:?}"),
    };
    assert_eq!(ended.status.code(), Some(status), "{ended:?}");
    assert_eq!(ended.stdout, "", "nothing is promised");
    the_line(&ended)
}

/// The last line on standard error, and the only one that is not of the log.
#[track_caller]
fn the_line(ended: &Finished) -> String {
    let last = ended.stderr.lines().last().unwrap_or_default();
    let own = ended.stderr.lines().filter(|line| !line.contains(" WARN ")).count();
    assert_eq!(own, 1, "{}", ended.stderr);
    last.strip_prefix("keyholt: ").unwrap_or_else(|| panic!("{}", ended.stderr)).to_owned()
}

/// There is neither a data directory nor a root key.
#[track_caller]
pub(crate) fn assert_nothing_was_made(setup: &Setup) {
    let made: Vec<_> = fs::read_dir(setup.folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!made.iter().any(|path| path.starts_with(setup.data_dir())), "{made:?}");
    assert!(!made.iter().any(|path| path.ends_with("data.root-key")), "{made:?}");
}
