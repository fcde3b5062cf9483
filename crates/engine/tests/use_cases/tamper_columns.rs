//! Every readable column of a secret is proven by its details: none can be changed in the database unnoticed.

use keyholt_engine::{Error, ImportedSecret, ListedSecret, OrgChoice, SecretFilter};
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::{Action, SecretId};
use serde_json::json;

use crate::fixture::{find, full, list, metadata, names, new_value, patch, rest_of, with_ttl};

/// What each column of the table is changed to. Where the row is found afterwards depends on the first three.
const TAMPERINGS: &[(&str, &[&str])] = &[
    ("org_id", &[]),
    ("collection_id", &[]),
    ("id", &[]),
    ("version", &["version + 1", "version - 1", "'x'"]),
    ("name", &["'renamed'", "upper(name)", "x'ff'", "CAST(x'ff' AS TEXT)"]),
    ("kind", &["'anthropic'", "''", "NULL", "x'00'"]),
    ("created_at", &["created_at + 1", "0", "'x'"]),
    ("created_by", &["randomblob(16)", "x'00'", "'x'"]),
    ("updated_at", &["updated_at + 1", "NULL", "0", "'x'"]),
    ("updated_by", &["randomblob(16)", "x''"]),
    ("value_version", &["value_version - 1", "value_version + 1", "0", "'x'"]),
    ("value_hash", &["randomblob(32)", "x''", "substr(value_hash, 2)", "'x'"]),
    ("value_updated_at", &["value_updated_at - 1", "NULL", "'x'"]),
    ("value_updated_by", &["randomblob(16)", "NULL", "x'00'"]),
    ("ttl_seconds", &["ttl_seconds + 1", "NULL", "'x'"]),
    // Later, earlier, and long ago: a forged expiry is not believed.
    ("expires_at", &["expires_at + 1000000", "expires_at - 1000000", "1", "NULL", "'x'"]),
    ("key_generation", &["2", "0", "'x'"]),
    (
        "details",
        &[
            "x''",
            "randomblob(length(details))",
            "substr(details, 1, length(details) - 1)",
            "details || x'00'",
            "'x'",
        ],
    ),
    // To say that they may where they do not changes nothing: rows of before there was this column say so.
    ("names_models", &["NULL", "0", "'x'"]),
];

/// A secret in which nothing is absent.
async fn make(test: &TestEngine) -> SecretId {
    let id = SecretId::parse("00000000-0000-4000-8000-000000000001").unwrap();
    let secret = keyholt_engine::NewSecret {
        ttl: with_ttl("a", "v", 86_400).ttl,
        metadata: Some(metadata(json!({"models": ["m"]}))),
        ..full("tampered", "a value")
    };
    let imported = ImportedSecret { id, created_at: None, secret };
    test.engine.import_secrets(&test.owner, OrgChoice::Unnamed, None, vec![imported]).await.unwrap();
    patch(test, id, new_value("another value")).await.unwrap();
    id
}

async fn locked_events(test: &TestEngine) -> usize {
    test.audit().await.iter().filter(|record| record.event.action == Action::SecretLocked).count()
}

#[tokio::test]
async fn every_column_of_the_table_is_tried() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let _test = TestEngine::on_file(&dir).await;
    let intruder = Intruder::in_directory(&dir).unwrap();
    let columns: Vec<String> = intruder.read("SELECT name FROM pragma_table_info('secrets')").unwrap();
    let tried: Vec<&str> = TAMPERINGS.iter().map(|(column, _)| *column).collect();
    assert_eq!(columns, tried);
}

#[tokio::test]
async fn a_row_with_a_changed_column_is_locked_left_out_of_lists_and_reported_once() {
    let parent = tempfile::tempdir().unwrap();
    for (number, (column, changes)) in TAMPERINGS.iter().enumerate() {
        for (turn, to) in changes.iter().enumerate() {
            let dir = parent.path().join(format!("data-{number}-{turn}"));
            let test = TestEngine::on_file(&dir).await;
            let id = make(&test).await;
            crate::fixture::create(&test, full("sound", "v")).await;
            find(&test, id).await.unwrap();
            let intruder = Intruder::in_directory(&dir).unwrap();
            let described = format!("{column} = {to}");
            let row = format!("id = {}", Intruder::literal(id.as_bytes()));
            let sql = format!("UPDATE secrets SET {described} WHERE {row}");
            assert_eq!(intruder.execute(&sql).unwrap(), 1, "{described}");

            for _ in 0..3 {
                assert_eq!(find(&test, id).await.unwrap_err(), Error::Locked, "{described}");
                let listed = list(&test, &test.owner, SecretFilter::default()).await;
                assert_eq!(names(&listed), ["sound"], "{described}");
            }
            for filter in [
                SecretFilter { ids: Some(vec![id]), ..SecretFilter::default() },
                SecretFilter { name: Some("tampered".into()), ..SecretFilter::default() },
                SecretFilter { kinds: Some(vec!["anthropic".into()]), ..SecretFilter::default() },
            ] {
                assert_eq!(list(&test, &test.owner, filter).await, [], "{described}");
            }
            let with_locked = SecretFilter { with_locked: true, ..SecretFilter::default() };
            let all = test.engine.list_secrets(&test.owner, OrgChoice::Unnamed, with_locked).await.unwrap();
            let all = rest_of(all).await;
            assert!(
                matches!(&all[..], [ListedSecret::Open(_), ListedSecret::Locked(columns)] if columns.id == id),
                "{described}: {all:?}"
            );
            assert_eq!(patch(&test, id, new_value("v")).await.unwrap_err(), Error::Locked, "{described}");
            let deleted = test.engine.delete_secret(&test.owner, id).await;
            assert_eq!(deleted.unwrap_err(), Error::Locked, "{described}");
            assert_eq!(locked_events(&test).await, 1, "{described}");
            // Which row is to go is told by its version, which must be one.
            if described != "version = 'x'" {
                let erased = test.engine.erase_secret(&test.owner, id).await;
                assert!(matches!(erased, Ok(ListedSecret::Locked(_))), "{described}: {erased:?}");
                assert_eq!(find(&test, id).await.unwrap_err(), Error::NotFound, "{described}");
            }
        }
    }
}

#[tokio::test]
async fn a_row_that_was_moved_is_locked_where_it_is_and_gone_where_it_was() {
    let parent = tempfile::tempdir().unwrap();
    for place in ["org", "project", "id"] {
        let dir = parent.path().join(place);
        let test = TestEngine::on_file(&dir).await;
        let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
        let id = make(&test).await;
        let other_id = SecretId::parse("00000000-0000-4000-8000-000000000002").unwrap();
        let acme = both.identity.orgs.iter().find(|grant| &*grant.org_name == "acme").unwrap().org;
        let project = test.owner.identity.project.id;
        let set = match place {
            "org" => format!("org_id = {0}, collection_id = {0}", Intruder::literal(acme.as_bytes())),
            "project" => format!("collection_id = {}", Intruder::literal(project.as_bytes())),
            _ => format!("id = {}", Intruder::literal(other_id.as_bytes())),
        };
        let intruder = Intruder::in_directory(&dir).unwrap();
        let row = format!("id = {}", Intruder::literal(id.as_bytes()));
        assert_eq!(intruder.execute(&format!("UPDATE secrets SET {set} WHERE {row}")).unwrap(), 1);
        assert_eq!(find(&test, id).await.unwrap_err(), Error::NotFound, "{place}");
        let found = match place {
            "org" => test.engine.find_secret(&both, id).await,
            "project" => test.engine.find_project_secret(&test.owner, &id.to_string()).await,
            _ => find(&test, other_id).await,
        };
        assert_eq!(found.unwrap_err(), Error::Locked, "{place}");
        assert_eq!(list(&test, &both, SecretFilter::default()).await, [], "{place}");
        assert_eq!(crate::fixture::list_project(&test).await, [], "{place}");
    }
}
