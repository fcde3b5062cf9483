//! Ids: strictly increasing on one node, and the moment in them (wire/braintrust.md 2, 4.6).

use std::sync::Arc;

use keyholt_engine::{OrgChoice, SecretFilter};
use keyholt_testkit::TestEngine;
use keyholt_types::{Clock, SecretId, TestClock, Timestamp};

use crate::fixture::{bare, create, list, names, new_value, patch};

fn millis_in(id: SecretId) -> i64 {
    i64::try_from(id.uuid().as_u128() >> 80).unwrap()
}

#[tokio::test]
async fn ids_increase_whatever_the_clock_does_and_across_restarts() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let mut last = SecretId::MIN;
    let mut made = Vec::new();
    // Each start finds the clock somewhere else, also before the first.
    for (start, offset) in [0, 60, -3600, 10, -86_400].into_iter().enumerate() {
        let clock = Arc::new(TestClock::at(Timestamp::from_micros(TestEngine::BEGINNING).plus_seconds(offset)));
        let test = TestEngine::on_file_at(&dir, clock).await;
        for (step, micros) in [0, 0, 1, 999, 1000, -5_000_000, 0, 7_000_000].into_iter().enumerate() {
            test.clock.advance_micros(micros);
            let name = format!("{start}.{step}");
            let columns = create(&test, bare(&name)).await.columns;
            assert!(columns.id > last, "{name}");
            last = columns.id;
            assert_eq!(columns.created_at.micros(), millis_in(columns.id) * 1000, "{name}");
            made.push(name);
        }
        let listed = list(&test, &test.owner, SecretFilter::default()).await;
        assert!(names(&listed).into_iter().rev().eq(made.iter()));
    }
}

#[tokio::test]
async fn an_id_of_what_was_deleted_is_not_used_again_after_a_restart() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let deleted = {
        let test = TestEngine::on_file(&dir).await;
        test.clock.advance_seconds(1000);
        let id = create(&test, bare("a")).await.columns.id;
        test.engine.delete_secret(&test.owner, id).await.unwrap();
        id
    };
    let test = TestEngine::on_file(&dir).await;
    assert!(create(&test, bare("a")).await.columns.id > deleted);
}

#[tokio::test]
async fn a_rows_dates_never_lie_before_its_creation_or_an_earlier_change() {
    let test = TestEngine::in_memory().await;
    let id = create(&test, bare("a")).await.columns.id;
    let mut last = Timestamp::from_micros(TestEngine::BEGINNING);
    for micros in [-10_000_000, 5_000, 20_000_000, -15_000_000] {
        test.clock.advance_micros(micros);
        let columns = patch(&test, id, new_value("v")).await.unwrap().columns;
        let updated = columns.updated_at.unwrap();
        assert!(updated >= last && updated >= columns.created_at);
        assert_eq!(columns.value_updated_at, columns.updated_at);
        last = updated;
    }
    assert!(last > test.clock.now());
}

#[tokio::test]
async fn the_first_of_a_millisecond_dates_from_it() {
    let test = TestEngine::in_memory().await;
    test.clock.advance_micros(1_000_999);
    let columns = create(&test, bare("a")).await.columns;
    assert_eq!(columns.created_at.millis(), test.clock.now().millis());
    let written = test.engine.create_secret(&test.owner, OrgChoice::Unnamed, bare("b")).await.unwrap();
    assert!(written.secret.columns.created_at >= columns.created_at);
}
