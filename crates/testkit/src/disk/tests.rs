//! What SQLite says of the disk, and what becomes of what is not synced.

use rusqlite::{Connection, ErrorCode};

use super::*;

fn connect(disk: &Disk) -> Connection {
    let connection = Connection::open(disk.folder().join("test.db")).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection
}

fn count(connection: &Connection) -> i64 {
    connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
}

fn insert(connection: &Connection, number: i64) -> rusqlite::Result<usize> {
    connection.execute("INSERT INTO t VALUES (?1, zeroblob(3000))", [number])
}

fn mounted(seed: u64) -> (tempfile::TempDir, Disk) {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::mount(folder.path(), Image::default(), seed).unwrap();
    (folder, disk)
}

#[test]
fn what_was_synced_survives_any_cut_and_nothing_of_it_touches_the_folder() {
    for seed in 0..50 {
        let (folder, disk) = mounted(seed);
        let connection = connect(&disk);
        connection.execute_batch("CREATE TABLE t (n, bytes)").unwrap();
        for number in 0..10 {
            insert(&connection, number).unwrap();
        }
        disk.cut();
        assert!(insert(&connection, 10).is_err());
        drop(connection);
        disk.restart(seed);
        assert_eq!(count(&connect(&disk)), 10, "seed {seed}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn what_was_not_synced_is_lost_by_some_cuts_and_kept_by_others() {
    let mut counts = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let (_folder, disk) = mounted(seed);
        let connection = connect(&disk);
        connection.execute_batch("CREATE TABLE t (n, bytes); PRAGMA synchronous = OFF").unwrap();
        for number in 0..10 {
            insert(&connection, number).unwrap();
        }
        disk.cut();
        drop(connection);
        disk.restart(seed);
        counts.insert(count(&connect(&disk)));
    }
    assert!(counts.len() > 3 && counts.contains(&0) && counts.contains(&10), "{counts:?}");
}

#[test]
fn connections_in_one_process_see_each_other_and_keep_out_of_each_others_way() {
    let (_folder, disk) = mounted(1);
    let (one, other) = (connect(&disk), connect(&disk));
    one.execute_batch("CREATE TABLE t (n, bytes); BEGIN IMMEDIATE").unwrap();
    insert(&one, 1).unwrap();
    assert_eq!(count(&other), 0);
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    let refused = insert(&other, 2).unwrap_err();
    assert_eq!(refused.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
    one.execute_batch("COMMIT").unwrap();
    insert(&other, 2).unwrap();
    assert_eq!((count(&one), count(&other)), (2, 2));
}

#[test]
fn an_operation_fails_when_it_is_told_to_and_no_other() {
    let (_folder, disk) = mounted(1);
    let connection = connect(&disk);
    connection.execute_batch("CREATE TABLE t (n, bytes)").unwrap();
    disk.set_plan(Plan::default());
    insert(&connection, 1).unwrap();
    let operations = disk.operations();
    for at in 1..=operations {
        disk.set_plan(Plan { fail_at: Some((at, Lasting::Once)), ..Plan::default() });
        insert(&connection, 2).unwrap_err();
        insert(&connection, 3).unwrap();
    }
    assert_eq!(count(&connection), 1 + i64::try_from(operations).unwrap());
}

#[test]
fn what_a_failed_sync_forgot_no_later_sync_brings_back() {
    let mut losses = 0;
    for seed in 0..20 {
        let (_folder, disk) = mounted(seed);
        let connection = connect(&disk);
        connection.execute_batch("CREATE TABLE t (n, bytes); BEGIN").unwrap();
        let change = medium::Medium::on_platter(Vec::new());
        let mut forgetful = change;
        forgetful.write(0, b"first");
        forgetful.fail_to_sync(&mut crate::Random::new(seed));
        forgetful.write(5, b"second");
        forgetful.sync();
        let mut seen = [0; 11];
        assert_eq!((forgetful.read(0, &mut seen), &seen), (11, b"firstsecond"));
        let found = forgetful.after_cut(fate::Fate::Kept, &mut crate::Random::new(seed));
        assert_eq!(found.get(5..), Some(&b"second"[..]));
        losses += u32::from(!found.starts_with(b"first"));
    }
    assert!((1..20).contains(&losses), "{losses}");
}
