//! The data directory: its lock, its files, its schema, damage.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use keyholt_store::{Changes, CommitError, OpenError, Store};

use crate::audit::{assert_follow, records};
use crate::fixture::{
    api_key, chain, commit, inserted, issued, make_orgs, next, org_id, org_scope, recorded, run, scope, secret,
    secret_id, updated, value,
};

const DATABASE: &str = "keyholt.db";

/// Opens the store of a directory, with an audit chain that has begun.
fn open(dir: &Path, number: u8) -> Store {
    let store = Store::open_directory(dir).unwrap();
    store.begin_chain(chain(number));
    store
}

/// Carries a statement out past the store.
fn execute(dir: &Path, sql: &str) {
    rusqlite::Connection::open(dir.join(DATABASE)).unwrap().execute_batch(sql).unwrap();
}

fn files(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[track_caller]
fn refusal(opened: Result<Store, OpenError>) -> OpenError {
    match opened {
        Ok(_) => panic!("it was opened"),
        Err(refusal) => refusal,
    }
}

#[test]
fn a_second_opening_is_refused_and_names_the_holder() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 1);
    let refused = refusal(Store::open_directory(dir.path()));
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused:?}");
    let line = refused.to_string();
    let holder = format!("pid {}", std::process::id());
    assert!(line.contains(&holder) && line.contains(&dir.path().display().to_string()), "{line}");
    drop(store);
    open(dir.path(), 2);
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let row = secret(scope(), 1, "a");
    let mut last = row.clone();
    run(async {
        let store = open(dir.path(), 1);
        store.commit(inserted(&row)).await.unwrap();
        let insertion = Changes::new().insert_value(scope(), secret_id(1), &value(1));
        store.commit(recorded("value", insertion)).await.unwrap();
    });
    for number in 2..=4 {
        run(async {
            let store = open(dir.path(), number);
            last = next(&last);
            store.commit(updated(&last)).await.unwrap();
        });
    }
    run(async {
        let store = open(dir.path(), 5);
        assert_eq!(store.find_secret(scope(), secret_id(1)).await.unwrap(), Some(last));
        assert_eq!(store.find_value(scope(), secret_id(1), 1).await.unwrap(), Some(value(1)));
        let records = records(&store).await;
        assert_eq!(records.len(), 5);
        assert_follow(&records);
    });
}

#[test]
fn a_closed_store_leaves_its_database_and_no_log() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path(), 1);
        store.commit(inserted(&secret(scope(), 1, "a"))).await.unwrap();
        store.find_secret(scope(), secret_id(1)).await.unwrap();
        assert!(files(dir.path()).contains(&format!("{DATABASE}-wal")));
    });
    assert_eq!(files(dir.path()), [DATABASE, "lock"]);
}

#[test]
fn what_was_committed_survives_a_process_that_ends_at_once() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(async {
        let store = open(dir.path(), 1);
        for id in 1..=5 {
            store.commit(inserted(&secret(scope(), id, &format!("secret {id}")))).await.unwrap();
        }
        // The files as a crash would leave them: the log has not been emptied.
        for name in files(dir.path()) {
            fs::copy(dir.path().join(&name), copy.path().join(&name)).unwrap();
        }
    });
    run(async {
        let store = open(copy.path(), 2);
        for id in 1..=5 {
            assert!(store.find_secret(scope(), secret_id(id)).await.unwrap().is_some());
        }
    });
}

#[test]
fn a_store_can_be_read_beside_its_writer() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let writer = open(dir.path(), 1);
        writer.commit(inserted(&secret(scope(), 1, "a"))).await.unwrap();
        let reader = Store::open_directory_for_reading(dir.path()).unwrap();
        assert!(reader.find_secret(scope(), secret_id(1)).await.unwrap().is_some());
        writer.commit(inserted(&secret(scope(), 2, "b"))).await.unwrap();
        assert!(reader.find_secret(scope(), secret_id(2)).await.unwrap().is_some());
        let refused = reader.commit(inserted(&secret(scope(), 3, "c"))).await;
        assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{refused:?}");
        assert_eq!(reader.check_integrity().await.unwrap(), Vec::<String>::new());
        drop(writer);
        assert!(reader.find_secret(scope(), secret_id(2)).await.unwrap().is_some());
    });
    run(async {
        let reader = Store::open_directory_for_reading(dir.path()).unwrap();
        assert!(reader.find_secret(scope(), secret_id(2)).await.unwrap().is_some());
    });
}

#[test]
fn reading_makes_no_database() {
    let dir = tempfile::tempdir().unwrap();
    refusal(Store::open_directory_for_reading(dir.path()));
    assert_eq!(files(dir.path()), Vec::<String>::new());
}

#[test]
fn directory_and_files_are_their_owners_alone() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("a/data");
    let store = open(&dir, 1);
    run(store.commit(inserted(&secret(scope(), 1, "a")))).unwrap();
    assert_eq!(mode(&dir), 0o700);
    let names = files(&dir);
    assert_eq!(names, [DATABASE, "keyholt.db-shm", "keyholt.db-wal", "lock"]);
    for name in names {
        assert_eq!(mode(&dir.join(&name)), 0o600, "{name}");
    }
}

#[test]
fn a_schema_of_a_later_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), 1));
    execute(dir.path(), "INSERT INTO schema_migrations (version) VALUES (1000)");
    for refused in
        [Store::open_directory(dir.path()), Store::open_directory_for_reading(dir.path())].map(refusal)
    {
        assert!(matches!(refused, OpenError::SchemaNewer { found: 1000, .. }), "{refused:?}");
    }
    execute(dir.path(), "DELETE FROM schema_migrations WHERE version = 1000");
    open(dir.path(), 2);
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let content = b"this is no database".repeat(1000);
    fs::write(dir.path().join(DATABASE), &content).unwrap();
    let refused = refusal(Store::open_directory(dir.path()));
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused:?}");
    assert_eq!(fs::read(dir.path().join(DATABASE)).unwrap(), content);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let path = dir.path().join("file/data");
    let line = refusal(Store::open_directory(&path)).to_string();
    assert!(line.contains(&path.display().to_string()), "{line}");
}

#[test]
fn a_damaged_page_is_found_by_the_check() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path(), 1);
        for id in 1..=200 {
            store.commit(inserted(&secret(scope(), id, &format!("secret {id}")))).await.unwrap();
        }
    });
    let path = dir.path().join(DATABASE);
    let mut bytes = fs::read(&path).unwrap();
    let last_page = bytes.len() - 4096;
    bytes[last_page..].fill(0xEE);
    fs::write(&path, bytes).unwrap();
    run(async {
        let store = Store::open_directory_for_reading(dir.path()).unwrap();
        // Either it is said what is wrong, or it cannot even be read.
        let found = store.check_integrity().await;
        assert!(!matches!(&found, Ok(problems) if problems.is_empty()), "{found:?}");
    });
}

#[test]
fn what_is_deleted_is_in_no_file_once_the_log_is_emptied() {
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path(), 1);
        let mut row = secret(scope(), 1, "a");
        row.details = b"details that must go ".repeat(400);
        let mut one = value(1);
        one.value.sealed = b"a value that must go ".repeat(400);
        let made = Changes::new().insert_secret(scope(), &row).insert_value(scope(), secret_id(1), &one);
        store.commit(recorded("made", made)).await.unwrap();
        assert!(holds(dir.path(), b"that must go"));
        let deletion = Changes::new().delete_secret(scope(), secret_id(1), 1);
        store.commit(recorded("gone", deletion)).await.unwrap();
        store.checkpoint().await.unwrap();
        assert!(!holds(dir.path(), b"that must go"));
    });
}

fn holds(dir: &Path, needle: &[u8]) -> bool {
    files(dir).iter().any(|name| {
        let bytes = fs::read(dir.join(name)).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[test]
fn a_row_that_is_not_of_its_form_is_listed_without_what_would_open_it() {
    use keyholt_store::SecretRange;
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path(), 1);
        for id in 1..=4 {
            store.commit(inserted(&secret(scope(), id, &format!("secret {id}")))).await.unwrap();
        }
        let id = |number: u128| format!("x'{:032x}'", number);
        execute(dir.path(), &format!("UPDATE secrets SET created_by = x'01' WHERE id = {}", id(2)));
        execute(dir.path(), &format!("UPDATE secrets SET id = x'ff' WHERE id = {}", id(4)));
        let all = SecretRange { above: None, below: None, kind: None };
        let rows = store.list_secrets(scope(), all, 10, usize::MAX).await.unwrap().rows;
        let ids: Vec<_> = rows.iter().map(|row| row.columns.id).collect();
        assert_eq!(ids, [secret_id(3), secret_id(2), secret_id(1)]);
        assert_eq!(rows[1].details, Vec::<u8>::new());
        assert_eq!(rows[2], secret(scope(), 1, "secret 1"));
        let unreadable = store.find_secret(scope(), secret_id(2)).await.unwrap().unwrap();
        assert_eq!(unreadable.details, Vec::<u8>::new());
    });
}

#[test]
fn a_head_whose_columns_are_not_of_their_form_says_nothing_of_them() {
    use keyholt_store::SecretRange;
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path(), 1);
        store.commit(inserted(&secret(scope(), 1, "a"))).await.unwrap();
        execute(dir.path(), "UPDATE secrets SET name = x'ff', kind = x'07', expires_at = 'soon'");
        let all = SecretRange { above: None, below: None, kind: None };
        let heads = store.list_secret_heads(scope(), all, 10).await.unwrap();
        let [head] = &heads[..] else { panic!("{heads:?}") };
        assert_eq!((head.id, &*head.name, head.kind.as_deref()), (secret_id(1), "", None));
        assert_eq!(head.expires_at, None);
    });
}

#[test]
fn an_identity_that_is_not_of_its_form_is_never_half_read() {
    use keyholt_store::StoreError;
    let dir = tempfile::tempdir().unwrap();
    run(async {
        let store = open(dir.path(), 1);
        make_orgs(&store).await;
        let key = api_key(1, &[(org_id(1), keyholt_types::Rights::NONE)]);
        commit(&store, issued(&key, 1)).await.unwrap();
        for wrong in ["'[]x'", "'[{}]'", "'{}'", "x'ff'", "7"] {
            execute(dir.path(), &format!("UPDATE api_keys SET restrictions = {wrong}"));
            let found = store.find_api_key(key.id).await;
            assert!(matches!(found, Err(StoreError::Malformed(_))), "{wrong}: {found:?}");
            // Whose text it is can still be told.
            assert!(store.find_api_key_near(&key.mac).await.unwrap().unwrap().is_its);
        }
        execute(dir.path(), "UPDATE api_keys SET restrictions = ''");
        assert_eq!(store.find_api_key(key.id).await.unwrap(), Some(key.clone()));
        for wrong in
            ["principals SET kind = 'root'", "principals SET issuer = 'x'", "memberships SET rights = 32"]
        {
            execute(dir.path(), &format!("UPDATE {wrong}"));
            let found = store.find_member(org_scope(1), key.principal).await;
            assert!(matches!(found, Err(StoreError::Malformed(_))), "{wrong}: {found:?}");
            execute(
                dir.path(),
                "UPDATE principals SET kind = 'user', issuer = NULL; UPDATE memberships SET rights = 0",
            );
        }
        execute(dir.path(), "UPDATE audit_events SET count = -1 WHERE seq = 1");
        assert!(store.list_audit_records(None, 10).await.unwrap()[0].is_err());
    });
}

#[test]
fn the_linked_sqlite_has_no_known_bug_that_loses_data() {
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}
