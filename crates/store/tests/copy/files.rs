//! Backup files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use keyholt_store::{CopyError, CopyReport, CopySource, CopyTarget, Store, copy};
use rusqlite::{Connection, OpenFlags};

use crate::fixture::{dump, dump_of, make_installation, open, run};

fn back_up(dir: &Path, file: &Path, overwrite: bool) -> Result<CopyReport, CopyError> {
    let source = CopySource::open_directory(dir)?;
    run(copy(&source, CopyTarget::create_file(file, overwrite)?, &mut |_| {}))
}

fn dump_of_file(file: &Path) -> Vec<String> {
    dump(&Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap())
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A data directory with rows, and a folder for backups.
fn installation() -> (tempfile::TempDir, tempfile::TempDir) {
    let (dir, backups) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(dir.path(), 1);
    (dir, backups)
}

#[test]
fn a_backup_is_one_file_of_its_owners_with_all_that_was_there() {
    let (dir, backups) = installation();
    // Also where a server has the directory.
    for server in [None, Some(Store::open_directory(dir.path()).unwrap())] {
        let file = backups.path().join(format!("{}.db", server.is_some()));
        assert!(back_up(dir.path(), &file, false).unwrap().is_finished);
        assert_eq!(dump_of_file(&file), dump_of(dir.path()));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    }
    assert_eq!(names(backups.path()), ["false.db", "true.db"], "nothing stays beside them");
}

#[test]
fn a_backup_can_be_read_where_nothing_can_be_written() {
    let (dir, backups) = installation();
    let file = backups.path().join("keyholt.db");
    back_up(dir.path(), &file, false).unwrap();
    let header = fs::read(&file).unwrap();
    // The format's read and write versions: 1 is the one without a log beside the file.
    assert_eq!(header[18..20], [1, 1]);
    fs::set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
    let restored = tempfile::tempdir().unwrap();
    let target = CopyTarget::open_directory(restored.path()).unwrap();
    let source = CopySource::open_file(&file).unwrap();
    assert!(run(copy(&source, target, &mut |_| {})).unwrap().is_finished);
    assert_eq!(dump_of(restored.path()), dump_of(dir.path()));
    assert_eq!(names(backups.path()), ["keyholt.db"]);
    let store = Store::open_file_for_reading(&file).unwrap();
    assert!(run(store.find_deployment()).unwrap().is_some());
}

#[test]
fn a_file_that_is_there_is_replaced_only_where_that_is_asked_for() {
    let (dir, backups) = installation();
    let file = backups.path().join("keyholt.db");
    fs::write(&file, "precious").unwrap();
    let refused = back_up(dir.path(), &file, false).unwrap_err();
    assert!(matches!(&refused, CopyError::FileThere(path) if *path == file), "{refused}");
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    assert_eq!(names(backups.path()), ["keyholt.db"]);
    back_up(dir.path(), &file, true).unwrap();
    assert_eq!(dump_of_file(&file), dump_of(dir.path()));
}

#[test]
fn a_file_that_came_meanwhile_is_not_replaced() {
    let (dir, backups) = installation();
    let file = backups.path().join("keyholt.db");
    let source = CopySource::open_directory(dir.path()).unwrap();
    let target = CopyTarget::create_file(&file, false).unwrap();
    let refused = run(copy(&source, target, &mut |_| fs::write(&file, "precious").unwrap())).unwrap_err();
    assert!(matches!(refused, CopyError::FileThere(_)), "{refused}");
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    assert_eq!(names(backups.path()), ["keyholt.db"]);
}

#[test]
fn a_backup_that_fails_leaves_what_was_there_and_nothing_else() {
    let (dir, backups) = installation();
    let file = backups.path().join("keyholt.db");
    fs::write(&file, "precious").unwrap();
    open(dir.path()).execute_batch("UPDATE audit_events SET action = x'ff' WHERE seq = 1000").unwrap();
    let refused = back_up(dir.path(), &file, true).unwrap_err();
    assert!(matches!(refused, CopyError::Row { table: "audit_events", .. }), "{refused}");
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    assert_eq!(names(backups.path()), ["keyholt.db"]);
}

#[test]
fn what_a_killed_backup_left_does_not_get_into_the_next_one() {
    let (dir, backups) = installation();
    let other = tempfile::tempdir().unwrap();
    make_installation(other.path(), 2);
    let file = backups.path().join("keyholt.db");
    // As it is when the process is killed: marked, with some rows, with a log beside it, of another store even.
    let left = |end: &str| -> PathBuf { backups.path().join(format!("keyholt.db.unfinished{end}")) };
    let connection = Connection::open(left("")).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection
        .execute_batch("CREATE TABLE t (c); INSERT INTO t VALUES (1); PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    connection.execute_batch("INSERT INTO t VALUES (2)").unwrap();
    for end in ["", "-wal"] {
        fs::copy(left(end), backups.path().join(format!("kept{end}"))).unwrap();
    }
    drop(connection);
    for end in ["", "-wal"] {
        fs::rename(backups.path().join(format!("kept{end}")), left(end)).unwrap();
    }
    fs::set_permissions(left(""), Permissions::from_mode(0o644)).unwrap();
    back_up(dir.path(), &file, false).unwrap();
    assert_eq!(dump_of_file(&file), dump_of(dir.path()));
    assert_eq!(names(backups.path()), ["keyholt.db"]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[test]
fn two_backups_to_one_name_do_not_mix() {
    let (dir, backups) = installation();
    let file = backups.path().join("keyholt.db");
    let first = CopyTarget::create_file(&file, false).unwrap();
    let refused = back_up(dir.path(), &file, false).unwrap_err();
    assert!(matches!(refused, CopyError::FileBusy(_)), "{refused}");
    let source = CopySource::open_directory(dir.path()).unwrap();
    run(copy(&source, first, &mut |_| {})).unwrap();
    assert_eq!(dump_of_file(&file), dump_of(dir.path()));
}

#[test]
fn a_backup_that_was_cut_short_is_not_restored() {
    let (dir, backups) = installation();
    let file = backups.path().join("keyholt.db");
    back_up(dir.path(), &file, false).unwrap();
    let bytes = fs::read(&file).unwrap();
    for length in [0, 100, 4096, bytes.len() / 2, bytes.len() - 4096] {
        fs::write(&file, &bytes[..length]).unwrap();
        let restored = tempfile::tempdir().unwrap();
        let refused = CopySource::open_file(&file).and_then(|source| {
            let target = CopyTarget::open_directory(restored.path()).unwrap();
            run(copy(&source, target, &mut |_| {}))
        });
        assert!(refused.is_err(), "{length} of {} bytes", bytes.len());
    }
}
