//! Ctrl-C in the middle: one line says what is left and how to go on, and it is so.

use std::fs;
use std::os::unix::fs::MetadataExt;

use keyholt_testkit::Finished;

use crate::fixture::{bring_root_key, done, list, setup};
use crate::killed::{break_off, finish, installation, rows_in};

/// The one line with which a command that was stopped ends.
#[track_caller]
fn stopped(ended: &Finished, status: i32) -> &str {
    assert_eq!(ended.status.code(), Some(status), "{ended:?}");
    assert_eq!(ended.stdout, "", "nothing is promised");
    let line = ended.stderr.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "{ended:?}");
    line.strip_prefix("keyholt: stopped: ").unwrap_or_else(|| panic!("{ended:?}"))
}

#[test]
fn a_backup_that_is_stopped_leaves_nothing() {
    let old = installation();
    let written = || {
        let size = |end: &str| {
            fs::metadata(old.folder().join(format!("keyholt.db.unfinished{end}"))).map_or(0, |file| file.size())
        };
        (size("") + size("-wal") > 1 << 20).then_some(())
    };
    let dir = old.data_dir().display().to_string();
    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        let ended = break_off(&old, &["backup", "keyholt.db", "--data-dir", &dir], signal, written);
        let said = stopped(&ended, status);
        assert!(said.contains("nothing of it is left"), "{said}");
        let left: Vec<_> =
            fs::read_dir(old.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("keyholt.db")), "{left:?}");
    }
    assert_eq!(done(&old, &["backup", "keyholt.db"])["finished"], true);
}

#[test]
fn a_move_that_is_stopped_says_that_it_goes_on_and_does() {
    let (old, new) = (installation(), setup());
    let [from, to] = [&old, &new].map(|setup| format!("sqlite:{}", setup.data_dir().display()));
    let options = ["--from", &from, "--to", &to];
    let some = || {
        let rows = new.data_dir().join("keyholt.db").exists().then(|| rows_in(&new.data_dir())).flatten();
        rows.filter(|rows| *rows > 5000).map(drop)
    };
    let ended = break_off(&old, &[&["migrate-store"], &options[..]].concat(), "-INT", some);
    let said = stopped(&ended, 130);
    assert!(said.contains("give the same command again") && said.contains("unfinished copy"), "{said}");
    finish(&old, &options);
    bring_root_key(&old, &new);
    assert_eq!(list(&mut new.start().unwrap().client()).len(), 1);
}
