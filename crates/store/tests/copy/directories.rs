//! From one data directory to another.

use keyholt_store::{CopyError, CopySource, CopyStage, CopyTarget, OpenError, Store, copy};

use crate::fixture::{copy_directory, done_to, dump_of, make_installation, open, run};

#[test]
fn every_row_of_every_table_is_copied_as_it_is() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    let before = dump_of(from.path());
    let report = copy_directory(from.path(), to.path()).unwrap();
    assert!(report.is_finished);
    assert_eq!(dump_of(to.path()), before);
    assert_eq!(dump_of(from.path()), before, "the source is only read");
    assert_eq!(report.tables.iter().map(|table| table.rows).sum::<u64>(), before.len() as u64);
    assert!(report.tables.iter().all(|table| table.rows > 0 && table.added == table.rows), "{report:?}");
    let keys: Vec<u64> =
        report.tables.iter().filter(|table| table.name == "api_keys").map(|table| table.rows).collect();
    assert_eq!(keys, [3], "the parts of a table are told as one");
    let store = Store::open_directory(to.path()).unwrap();
    assert_eq!(run(store.find_unfinished_copy()).unwrap(), None);
}

#[test]
fn what_holds_an_installation_is_not_written_to() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    make_installation(to.path(), 2);
    let before = dump_of(to.path());
    let refused = copy_directory(from.path(), to.path()).unwrap_err();
    assert!(matches!(refused, CopyError::TargetTaken(_)), "{refused}");
    assert_eq!(dump_of(to.path()), before);
    // A copy that is finished is an installation.
    let other = tempfile::tempdir().unwrap();
    copy_directory(from.path(), other.path()).unwrap();
    let refused = copy_directory(from.path(), other.path()).unwrap_err();
    assert!(matches!(refused, CopyError::TargetTaken(_)), "{refused}");
}

#[test]
fn a_row_of_any_table_makes_a_target_taken() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    drop(Store::open_directory(to.path()).unwrap());
    open(to.path())
        .execute_batch("INSERT INTO orgs VALUES (x'00000000000000000000000000000001', 'x', 1, 1)")
        .unwrap();
    let refused = copy_directory(from.path(), to.path()).unwrap_err();
    assert!(matches!(refused, CopyError::TargetTaken(_)), "{refused}");
}

#[test]
fn a_target_that_a_server_has_is_refused() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    let _server = Store::open_directory(to.path()).unwrap();
    let refused = copy_directory(from.path(), to.path()).unwrap_err();
    assert!(matches!(refused, CopyError::Open(OpenError::Locked { .. })), "{refused}");
}

#[test]
fn no_server_starts_on_a_source_that_none_had() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    let source = CopySource::open_directory(from.path()).unwrap();
    assert!(!source.is_in_use());
    assert!(matches!(Store::open_directory(from.path()), Err(OpenError::Locked { .. })));
    let target = CopyTarget::open_directory(to.path()).unwrap();
    run(copy(&source, target, &mut |_| {})).unwrap();
    drop(source);
    assert!(Store::open_directory(from.path()).is_ok());
}

#[test]
fn what_is_written_after_the_moment_is_not_in_the_copy() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    let before = dump_of(from.path());
    let source = CopySource::open_directory(from.path()).unwrap();
    let target = CopyTarget::open_directory(to.path()).unwrap();
    let writer = open(from.path());
    let mut written = 0;
    run(copy(&source, target, &mut |progress| {
        written += 1;
        let touch = "UPDATE secrets SET version = version + 1; UPDATE orgs SET name = name || '!';
                     DELETE FROM audit_events WHERE seq = (SELECT max(seq) FROM audit_events)";
        writer.execute_batch(touch).unwrap();
        assert!(progress.done <= progress.total);
    }))
    .unwrap();
    assert!(written > 10);
    assert_eq!(dump_of(to.path()), before);
}

#[test]
fn progress_goes_from_nothing_to_all_of_both_stages() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    let source = CopySource::open_directory(from.path()).unwrap();
    let target = CopyTarget::open_directory(to.path()).unwrap();
    let mut seen = Vec::new();
    run(copy(&source, target, &mut |progress| seen.push(progress))).unwrap();
    assert!(seen.is_sorted_by_key(|progress| progress.done));
    assert_eq!((seen[0].stage, seen[0].done), (CopyStage::Writing, 0), "nothing of an empty target is read");
    let last = seen.last().unwrap();
    assert_eq!((last.stage, last.done), (CopyStage::Comparing, last.total));
    assert!(
        seen.iter().all(|progress| progress.total == last.total),
        "it is known from the beginning: {seen:?}"
    );
    let rows = dump_of(from.path()).len() as u64;
    let compared = seen.iter().find(|progress| progress.stage == CopyStage::Comparing).unwrap();
    assert_eq!(last.total - compared.done, rows, "each row is compared");
    assert!(compared.done > rows, "to write it is more work");
}

#[test]
fn nothing_and_what_is_no_database_are_refused() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let refused = copy_directory(from.path(), to.path()).unwrap_err();
    assert!(matches!(refused, CopyError::NothingThere(_)), "{refused}");
    drop(Store::open_directory(from.path()).unwrap());
    let refused = copy_directory(from.path(), to.path()).unwrap_err();
    assert!(matches!(refused, CopyError::NothingThere(_)), "an empty store: {refused}");
    let file = from.path().join("notes.txt");
    std::fs::write(&file, "no database at all, but long enough to be looked at").unwrap();
    let refused = CopySource::open_file(&file).err().unwrap();
    assert!(matches!(refused, CopyError::Open(OpenError::DamagedBackup { .. })), "{refused}");
    open(from.path()).execute_batch("INSERT INTO schema_migrations VALUES (9999)").unwrap();
    let refused = CopySource::open_directory(from.path()).err().unwrap();
    assert!(matches!(refused, CopyError::Open(OpenError::SchemaNewer { found: 9999, .. })), "{refused}");
}

#[test]
fn a_row_that_cannot_be_read_ends_the_copy_and_what_there_is_stays_marked() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    open(from.path()).execute_batch("UPDATE principals SET name = x'ff' WHERE name = 'robot'").unwrap();
    let refused = copy_directory(from.path(), to.path()).unwrap_err();
    assert!(matches!(refused, CopyError::Row { table: "principals", .. }), "{refused}");
    let store = Store::open_directory(to.path()).unwrap();
    assert!(run(store.find_unfinished_copy()).unwrap().is_some());
    drop(store);
    open(from.path()).execute_batch("UPDATE principals SET name = 'robot' WHERE name = x'ff'").unwrap();
    let report = copy_directory(from.path(), to.path()).unwrap();
    assert_eq!(done_to(&report, "orgs"), (0, 0, 0), "what was there is not written again");
    assert_eq!(dump_of(to.path()), dump_of(from.path()));
}

#[test]
fn a_target_that_does_not_keep_what_is_written_is_found_out_and_stays_marked() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    drop(Store::open_directory(to.path()).unwrap());
    open(to.path())
        .execute_batch(
            "CREATE TRIGGER forgets AFTER INSERT ON secret_values WHEN NEW.value_version = 1 BEGIN
                 UPDATE secret_values SET sealed = x'' WHERE secret_id = unhex(printf('%032x', 300));
                 DELETE FROM secret_values WHERE secret_id = unhex(printf('%032x', 600));
             END",
        )
        .unwrap();
    let refused = copy_directory(from.path(), to.path()).unwrap_err();
    assert!(matches!(refused, CopyError::Differs { table: "secret_values", rows: 2 }), "{refused}");
    let store = Store::open_directory(to.path()).unwrap();
    assert!(run(store.find_unfinished_copy()).unwrap().is_some());
}
