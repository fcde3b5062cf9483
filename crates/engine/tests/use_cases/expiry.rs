//! Times to live (wire/together.md 3.7).

use keyholt_engine::{Error, ImportedSecret, OrgChoice, SecretFilter, SecretPatch, SecretView};
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::{Action, Description, SecretId, Timestamp};

use crate::fixture::{
    bare, create, find, full, list, list_project, names, new_ttl, new_value, patch, rename, with_ttl,
};

const DAY: i64 = 86_400;

async fn patch_a(test: &TestEngine, change: SecretPatch) -> SecretView {
    test.engine.patch_project_secret(&test.owner, "a", change).await.unwrap()
}

fn lifetime(secret: &SecretView) -> (Option<i64>, Option<String>) {
    (secret.columns.ttl_seconds, secret.columns.expires_at.map(|moment| moment.to_string()))
}

fn until(seconds: i64, moment: &str) -> (Option<i64>, Option<String>) {
    (Some(seconds), Some(moment.into()))
}

fn described(text: &str) -> SecretPatch {
    SecretPatch { description: Some(Description::parse(text).unwrap()), ..SecretPatch::default() }
}

/// The table of days.
#[tokio::test]
async fn a_life_goes_as_the_wire_says() {
    let test = TestEngine::in_memory().await;
    let noon = Timestamp::parse("2026-11-14T12:00:00.000Z").unwrap();
    test.clock.advance_micros(noon.micros() - TestEngine::BEGINNING);
    // The clock was set back: ids go on above those of the first start.
    test.clock.advance_seconds(7 * DAY);
    let made = test.engine.create_project_secret(&test.owner, with_ttl("a", "v", 7 * DAY)).await.unwrap();
    assert_eq!(lifetime(&made), until(7 * DAY, "2026-11-28T12:00:00.000Z"));
    test.clock.advance_seconds(2 * DAY);
    assert_eq!(lifetime(&patch_a(&test, described("x")).await), until(7 * DAY, "2026-11-28T12:00:00.000Z"));
    test.clock.advance_seconds(DAY);
    assert_eq!(lifetime(&patch_a(&test, new_value("new")).await), until(7 * DAY, "2026-12-01T12:00:00.000Z"));
    test.clock.advance_seconds(DAY);
    assert_eq!(lifetime(&patch_a(&test, new_ttl(DAY)).await), until(DAY, "2026-11-26T12:00:00.000Z"));
    test.clock.advance_micros(DAY * 1_000_000 - 1);
    test.engine.find_project_secret(&test.owner, "a").await.unwrap();
    test.clock.advance_micros(1);
    assert_eq!(test.engine.find_project_secret(&test.owner, "a").await.unwrap_err(), Error::NotFound);
}

#[tokio::test]
async fn each_event_does_to_a_life_what_the_table_says() {
    let test = TestEngine::in_memory().await;
    let both = |text| SecretPatch { ttl: new_ttl(DAY).ttl, ..new_value(text) };
    for (ttl, change, expected) in [
        (None, new_ttl(DAY), Some(DAY)),
        (None, both("w"), Some(DAY)),
        (None, new_value("v"), None),
        (None, described("x"), None),
        (Some(2 * DAY), new_ttl(DAY), Some(DAY)),
        (Some(2 * DAY), both("w"), Some(DAY)),
        (Some(2 * DAY), new_value("v"), Some(2 * DAY)),
        (Some(2 * DAY), new_ttl(2 * DAY), Some(2 * DAY)),
    ] {
        let new = match ttl {
            Some(seconds) => with_ttl("a", "v", seconds),
            None => full("a", "v"),
        };
        let made = test.engine.create_project_secret(&test.owner, new).await.unwrap();
        test.clock.advance_seconds(3600);
        let described = format!("{ttl:?} {change:?}");
        let patched = patch_a(&test, change).await;
        let now = patched.columns.updated_at.unwrap();
        let expires_at = expected.map(|seconds| now.plus_seconds(seconds));
        assert_eq!(patched.columns.ttl_seconds, expected, "{described}");
        assert_eq!(patched.columns.expires_at, expires_at, "{described}");
        assert!(patched.columns.updated_at > Some(made.columns.created_at));
        test.engine.delete_project_secret(&test.owner, "a").await.unwrap();
    }
    // Neither a name nor nothing moves it.
    let made = test.engine.create_project_secret(&test.owner, with_ttl("a", "v", DAY)).await.unwrap();
    test.clock.advance_seconds(3600);
    for change in [SecretPatch::default(), rename("a"), described("x")] {
        assert_eq!(patch_a(&test, change).await.columns.expires_at, made.columns.expires_at);
    }
}

#[tokio::test]
async fn an_expired_secret_does_not_exist() {
    let test = TestEngine::in_memory().await;
    let engine = &test.engine;
    let made = engine.create_project_secret(&test.owner, with_ttl("a", "v", DAY)).await.unwrap();
    let other = engine.create_project_secret(&test.owner, full("b", "v")).await.unwrap();
    test.clock.advance_seconds(DAY);
    for key in ["a".to_owned(), made.columns.id.to_string()] {
        assert_eq!(engine.find_project_secret(&test.owner, &key).await.unwrap_err(), Error::NotFound);
        assert_eq!(engine.delete_project_secret(&test.owner, &key).await.unwrap_err(), Error::NotFound);
        let revived = engine.patch_project_secret(&test.owner, &key, new_ttl(DAY)).await;
        assert_eq!(revived.unwrap_err(), Error::NotFound);
    }
    assert_eq!(names(&list_project(&test).await), ["b"]);
    // Its name is free, for a new one and for another.
    let renamed = engine.patch_project_secret(&test.owner, "b", rename("a")).await.unwrap();
    assert_eq!(renamed.columns.id, other.columns.id);
    assert_eq!(test.engine.erase_expired().await.unwrap(), 0);
}

#[tokio::test]
async fn a_new_secret_takes_the_place_of_an_expired_namesake() {
    let test = TestEngine::in_memory().await;
    let old = test.engine.create_project_secret(&test.owner, with_ttl("a", "v", DAY)).await.unwrap();
    test.clock.advance_seconds(DAY);
    let new = test.engine.create_project_secret(&test.owner, full("a", "w")).await.unwrap();
    assert_ne!(new.columns.id, old.columns.id);
    assert_eq!((new.columns.version, new.columns.expires_at), (1, None));
    let audit = test.audit().await;
    let newest: Vec<_> =
        audit[..2].iter().map(|record| (record.event.action, record.event.subject.id)).collect();
    assert_eq!(
        newest,
        [(Action::SecretCreate, new.columns.id.uuid()), (Action::SecretExpire, old.columns.id.uuid()),]
    );
    assert_eq!(test.engine.erase_expired().await.unwrap(), 0);
}

#[tokio::test]
async fn erasing_takes_rows_and_values_away_for_good() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    for number in 0..130 {
        let new = with_ttl(&format!("short-{number}"), "v", DAY);
        test.engine.create_project_secret(&test.owner, new).await.unwrap();
    }
    test.engine.create_project_secret(&test.owner, with_ttl("long", "v", 2 * DAY)).await.unwrap();
    test.engine.create_project_secret(&test.owner, full("for-ever", "v")).await.unwrap();
    assert_eq!(test.engine.erase_expired().await.unwrap(), 0);
    test.clock.advance_seconds(DAY);
    let mut erased = 0;
    loop {
        let some = test.engine.erase_expired().await.unwrap();
        erased += some;
        if some == 0 {
            break;
        }
    }
    assert_eq!(erased, 130);
    let intruder = Intruder::in_directory(&dir).unwrap();
    assert_eq!(intruder.read::<i64>("SELECT count(*) FROM secrets").unwrap(), [2]);
    assert_eq!(intruder.read::<i64>("SELECT count(*) FROM secret_values").unwrap(), [2]);
    assert_eq!(names(&list_project(&test).await), ["long", "for-ever"]);
    let expiries = test.audit().await;
    let expiries = expiries.iter().filter(|record| record.event.action == Action::SecretExpire);
    assert!(expiries.clone().all(|record| record.event.api_key.is_none()));
    assert_eq!(expiries.count(), 130);
}

#[tokio::test]
async fn a_moment_of_expiry_is_the_one_that_is_shown() {
    let test = TestEngine::in_memory().await;
    test.engine.create_project_secret(&test.owner, full("a", "v")).await.unwrap();
    test.clock.advance_micros(5_000_777);
    let patched = patch_a(&test, new_ttl(DAY)).await;
    let shown = Timestamp::parse(&patched.columns.expires_at.unwrap().to_string()).unwrap();
    assert_eq!(patched.columns.expires_at, Some(shown));
}

#[tokio::test]
async fn an_organisations_secret_expires_in_the_same_way() {
    let test = TestEngine::in_memory().await;
    let id = SecretId::parse("00000000-0000-4000-8000-000000000001").unwrap();
    let imported = ImportedSecret { id, created_at: None, secret: with_ttl("a", "v", DAY) };
    test.engine.import_secrets(&test.owner, OrgChoice::Unnamed, None, vec![imported]).await.unwrap();
    create(&test, bare("b")).await;
    assert_eq!(names(&list(&test, &test.owner, SecretFilter::default()).await), ["b", "a"]);
    test.clock.advance_seconds(DAY);
    assert_eq!(names(&list(&test, &test.owner, SecretFilter::default()).await), ["b"]);
    for filter in [
        SecretFilter { ids: Some(vec![id]), ..SecretFilter::default() },
        SecretFilter { name: Some("a".into()), ..SecretFilter::default() },
    ] {
        assert_eq!(list(&test, &test.owner, filter).await, []);
    }
    assert_eq!(find(&test, id).await.unwrap_err(), Error::NotFound);
    assert_eq!(patch(&test, id, rename("c")).await.unwrap_err(), Error::NotFound);
    assert_eq!(test.engine.delete_secret(&test.owner, id).await.unwrap_err(), Error::NotFound);
    let deleted = test.engine.delete_secret_named(&test.owner, OrgChoice::Unnamed, "a").await;
    assert_eq!(deleted.unwrap_err(), Error::NotFound);
    let made = test.engine.replace_secret(&test.owner, OrgChoice::Unnamed, bare("a")).await.unwrap();
    assert!(!made.found_existing);
    assert_ne!(made.secret.columns.id, id);
}

#[tokio::test]
async fn what_was_deleted_or_replaced_leaves_the_log_with_the_next_sweep() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let log = || std::fs::metadata(dir.join("keyholt.db-wal")).unwrap().len();
    let id = create(&test, full("a", "the first value")).await.columns.id;
    test.engine.erase_expired().await.unwrap();
    assert_eq!(log(), 0);
    patch(&test, id, new_value("the second value")).await.unwrap();
    assert!(log() > 0);
    test.engine.erase_expired().await.unwrap();
    assert_eq!(log(), 0);
    test.engine.delete_secret(&test.owner, id).await.unwrap();
    test.engine.erase_expired().await.unwrap();
    assert_eq!(log(), 0);
    // Without such a change the log is left alone.
    create(&test, full("b", "another value")).await;
    test.engine.erase_expired().await.unwrap();
    assert!(log() > 0);
}
