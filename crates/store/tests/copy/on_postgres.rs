//! From and to PostgreSQL.

use keyholt_store::{CopyError, CopyReport, CopySource, CopyTarget, PostgresOptions, PostgresUrl, Store, copy};
use keyholt_testkit::postgres::TestDatabase;

use crate::fixture::{done_to, dump_of, make_installation, open, run};

fn url(database: &TestDatabase) -> PostgresUrl {
    PostgresUrl::parse(database.url()).unwrap()
}

async fn to_postgres(dir: &std::path::Path, database: &TestDatabase) -> Result<CopyReport, CopyError> {
    let source = CopySource::open_directory(dir)?;
    copy(&source, CopyTarget::connect(&url(database)).await?, &mut |_| {}).await
}

#[test]
fn every_row_goes_to_postgres_and_comes_back_as_it_was() {
    let (from, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    let before = dump_of(from.path());
    let database = TestDatabase::schema().unwrap();
    run(async {
        let report = to_postgres(from.path(), &database).await.unwrap();
        assert!(report.is_finished);
        assert_eq!(report.tables.iter().map(|table| table.added).sum::<u64>(), before.len() as u64);
        let source = CopySource::connect(&url(&database)).await.unwrap();
        assert!(!source.is_in_use());
        let target = CopyTarget::open_directory(back.path()).unwrap();
        assert!(copy(&source, target, &mut |_| {}).await.unwrap().is_finished);
    });
    assert_eq!(dump_of(back.path()), before);
}

#[test]
fn a_backup_of_postgres_is_of_one_moment() {
    let (from, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    let database = TestDatabase::schema().unwrap();
    run(async {
        to_postgres(from.path(), &database).await.unwrap();
        let source = CopySource::connect(&url(&database)).await.unwrap();
        let target = CopyTarget::create_file(&back.path().join("keyholt.db"), false).unwrap();
        let mut written = false;
        let touch =
            "UPDATE orgs SET name = name || '!'; DELETE FROM audit_events; UPDATE secrets SET version = 9";
        copy(&source, target, &mut |_| {
            if !std::mem::replace(&mut written, true) {
                database.sql(touch).unwrap();
            }
        })
        .await
        .unwrap();
        assert!(written);
    });
    assert_eq!(database.sql("SELECT count(*) FROM audit_events").unwrap().trim(), "0");
    assert_eq!(dump_of(back.path()), dump_of(from.path()));
}

#[test]
fn a_copy_to_postgres_goes_on_with_what_has_changed() {
    let from = tempfile::tempdir().unwrap();
    make_installation(from.path(), 1);
    let database = TestDatabase::schema().unwrap();
    run(async {
        let server = Store::open_directory(from.path()).unwrap();
        assert!(!to_postgres(from.path(), &database).await.unwrap().is_finished);
        let marks = "SELECT count(*) FROM unfinished_copies";
        assert_eq!(database.sql(marks).unwrap().trim(), "1");
        open(from.path())
            .execute_batch(
                "UPDATE secrets SET name = 'x' WHERE name = 'secret 10';
                 UPDATE secrets SET name = 'secret 10' WHERE name = 'secret 20';
                 UPDATE secrets SET name = 'secret 20' WHERE name = 'x';
                 UPDATE principals SET issuer = NULL, subject = NULL WHERE name = 'ann';
                 UPDATE principals SET issuer = 'https://issuer', subject = 'ann' WHERE name = 'robot';
                 DELETE FROM secrets WHERE name = 'secret 30';",
            )
            .unwrap();
        drop(server);
        let report = to_postgres(from.path(), &database).await.unwrap();
        assert!(report.is_finished);
        assert_eq!(done_to(&report, "secrets"), (0, 2, 1));
        assert_eq!(done_to(&report, "secret_values"), (0, 0, 1));
        assert_eq!(database.sql(marks).unwrap().trim(), "0");
        let refused = to_postgres(from.path(), &database).await.unwrap_err();
        assert!(matches!(refused, CopyError::TargetTaken(_)), "{refused}");
    });
}

#[test]
fn two_copies_into_one_postgres_do_not_mix() {
    let from = tempfile::tempdir().unwrap();
    make_installation(from.path(), 1);
    let database = TestDatabase::schema().unwrap();
    run(async {
        let first = CopyTarget::connect(&url(&database)).await.unwrap();
        let refused = to_postgres(from.path(), &database).await.unwrap_err();
        assert!(matches!(refused, CopyError::TargetBusy(_)), "{refused}");
        drop(first);
    });
}

#[test]
fn a_postgres_that_a_node_serves_is_in_use() {
    let from = tempfile::tempdir().unwrap();
    make_installation(from.path(), 1);
    let database = TestDatabase::schema().unwrap();
    run(async {
        to_postgres(from.path(), &database).await.unwrap();
        let node = Store::connect(&PostgresOptions { url: url(&database), connections: 4, for_reading: false })
            .await
            .unwrap();
        while !node.leads() {
            tokio::task::yield_now().await;
        }
        assert!(CopySource::connect(&url(&database)).await.unwrap().is_in_use());
    });
}

#[test]
fn a_postgres_without_an_installation_is_nothing_to_copy() {
    let database = TestDatabase::schema().unwrap();
    run(async {
        let refused = CopySource::connect(&url(&database)).await.err().unwrap();
        assert!(matches!(refused, CopyError::NothingThere(_)), "{refused}");
    });
}
