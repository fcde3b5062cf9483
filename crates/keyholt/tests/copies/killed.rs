//! A move that is killed in the middle is finished by the same command.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use keyholt_testkit::postgres::TestDatabase;
use keyholt_testkit::{Deadline, Finished, Intruder, Setup, StartError};

use crate::fixture::{bring_root_key, done, list, put, refused, setup, value_of};
use crate::moved::url_and_password;

/// How many rows there are beside the few of the server's: enough that a kill comes in between.
const ROWS: u64 = 60_000;

/// A store of many rows, whose server has ended.
pub(crate) fn installation() -> Setup {
    let setup = setup();
    let server = setup.start().unwrap();
    put(&mut server.client(), "A", &value_of("A"));
    assert!(server.stop().unwrap().success());
    let intruder = Intruder::in_directory(&setup.data_dir()).unwrap();
    let more = format!(
        "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {ROWS})
         INSERT INTO audit_events SELECT x'00000000000000000000000000000001', n, unhex(printf('%032x', n)), n, org_id,
             request_id, api_key_id, principal_id, address, action, subject_kind, subject_id, subject_name, outcome,
             ring_generation, mac, count FROM number, (SELECT * FROM audit_events LIMIT 1)"
    );
    assert_eq!(intruder.execute(&more).unwrap(), ROWS);
    setup
}

/// Begins a command, and sends it a signal once it is in the middle.
pub(crate) fn break_off(
    old: &Setup,
    words: &[&str],
    signal: &str,
    is_midway: impl Fn() -> Option<()> + Sync,
) -> Finished {
    let pid_file = old.folder().join("pid");
    let program = ["-c", "echo $$ > pid; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_keyholt")];
    thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let came = Deadline::after(Duration::from_secs(60)).poll(&is_midway);
            let pid = fs::read_to_string(&pid_file).unwrap();
            let sent = old.run_tool("/bin/kill", &[signal, pid.trim()], b"").unwrap();
            assert!(came.is_some() && sent.success(), "{came:?}, {sent:?}");
        });
        let ended = old.run_tool("/bin/sh", &[&program, words].concat(), b"").unwrap();
        sending.join().unwrap();
        ended
    })
}

/// Begins a move with these options, and kills it once so many rows are there.
fn kill_in_the_middle(old: &Setup, options: &[&str], rows: impl Fn() -> Option<u64> + Sync) {
    let some = || rows().filter(|rows| *rows > ROWS / 10).map(drop);
    let ended = break_off(old, &[&["migrate-store"], options].concat(), "-KILL", some);
    assert_eq!(ended.status.code(), None, "it was too quick to be killed: {ended:?}");
    let left = rows().unwrap();
    assert!(left > 0 && left < ROWS, "not in the middle: {left}");
}

/// The same move once more, which goes on and ends.
pub(crate) fn finish(old: &Setup, options: &[&str]) {
    let report = done(old, &[&["migrate-store"], options].concat());
    assert_eq!((&report["finished"], &report["differences"]), (&true.into(), &0.into()), "{report}");
    let tables = report["tables"].as_array().unwrap();
    let events = tables.iter().find(|table| table["name"] == "audit_events").unwrap();
    assert!(events["added"].as_u64().unwrap() < ROWS, "it began anew: {events}");
}

pub(crate) fn rows_in(dir: &Path) -> Option<u64> {
    let counted = Intruder::in_directory(dir).ok()?.read("SELECT count(*) FROM audit_events").ok()?;
    counted.first().map(|count: &i64| count.unsigned_abs())
}

#[test]
fn a_move_that_was_killed_goes_on_and_ends_without_a_difference() {
    let (old, new) = (installation(), setup());
    let [from, to] = [&old, &new].map(|setup| format!("sqlite:{}", setup.data_dir().display()));
    let options = ["--from", &from, "--to", &to];
    // Nothing may look into a directory before it is there.
    let rows = || new.data_dir().join("keyholt.db").exists().then(|| rows_in(&new.data_dir())).flatten();
    kill_in_the_middle(&old, &options, rows);
    bring_root_key(&old, &new);
    let Err(StartError::Ended(ended)) = new.start() else { panic!("half a store is served") };
    assert!(!ended.success() && ended.stderr.contains("unfinished copy"), "{ended:?}");
    for words in [["backup", "half.db"].as_slice(), &["verify"]] {
        let said = refused(&new, words, 1);
        assert!(said.contains("unfinished copy"), "{said}");
    }
    finish(&old, &options);
    assert_eq!(rows_in(&new.data_dir()), rows_in(&old.data_dir()));
    assert_eq!(list(&mut new.start().unwrap().client()).len(), 1);
}

#[test]
fn a_move_to_postgres_that_was_killed_goes_on_and_ends_without_a_difference() {
    let (old, database) = (installation(), TestDatabase::database().unwrap());
    let from = format!("sqlite:{}", old.data_dir().display());
    let (to, password) = url_and_password(&old, &database);
    let options = ["--from", &from, "--to", &to, "--to-password-file", &password];
    let count = || database.sql("SELECT count(*) FROM audit_events").ok()?.trim().parse().ok();
    kill_in_the_middle(&old, &options, count);
    finish(&old, &options);
    assert_eq!(count(), rows_in(&old.data_dir()));
}
