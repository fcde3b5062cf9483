//! The value before a rotation, which may be tried for a while (design/decisions.md 5).

use keyholt_engine::providers::Unfit;
use keyholt_engine::{Error, NewSecret, Usable, WhichVersion};
use keyholt_testkit::TestEngine;
use keyholt_types::{SecretId, SecretValue};

use crate::fixture::{bare, create, kind, merge, new_value, patch, value};

async fn secret(test: &TestEngine, text: &str) -> SecretId {
    create(test, NewSecret { kind: Some(kind("openai")), value: Some(value(text)), ..bare("a") })
        .await
        .columns
        .id
}

async fn usable(test: &TestEngine, id: SecretId) -> Usable {
    test.engine.find_to_test(&test.owner, id).await.unwrap()
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: a test compares what it is given with what it wrote")]
async fn opened(test: &TestEngine, usable: &Usable, which: WhichVersion) -> Option<String> {
    let value = test.engine.open_for_use(usable, which).await.unwrap();
    value.as_ref().map(SecretValue::expose).map(str::to_owned)
}

#[tokio::test]
async fn the_value_before_a_rotation_is_there_for_an_hour_and_no_longer() {
    let test = TestEngine::in_memory().await;
    let id = secret(&test, "first").await;
    assert_eq!(opened(&test, &usable(&test, id).await, WhichVersion::Previous).await, None);
    for (text, before) in [("second", "first"), ("third", "second")] {
        patch(&test, id, new_value(text)).await.unwrap();
        let usable = usable(&test, id).await;
        assert_eq!(opened(&test, &usable, WhichVersion::Present).await.as_deref(), Some(text));
        assert_eq!(opened(&test, &usable, WhichVersion::Previous).await.as_deref(), Some(before));
    }
    test.clock.advance_seconds(3599);
    // What is no rotation does not make the hour begin anew.
    patch(&test, id, merge(serde_json::json!({"note": 1}))).await.unwrap();
    assert_eq!(
        opened(&test, &usable(&test, id).await, WhichVersion::Previous).await.as_deref(),
        Some("second")
    );
    test.clock.advance_seconds(1);
    let usable = usable(&test, id).await;
    assert_eq!(opened(&test, &usable, WhichVersion::Previous).await, None);
    assert_eq!(opened(&test, &usable, WhichVersion::Present).await.as_deref(), Some("third"));
}

/// Whoever was about to use a secret when its value was replaced is given the new one.
#[tokio::test]
async fn a_value_that_was_replaced_meanwhile_is_the_new_one_or_none() {
    let test = TestEngine::in_memory().await;
    let id = secret(&test, "first").await;
    let before = usable(&test, id).await;
    for text in ["second", "third", "fourth", "fifth"] {
        patch(&test, id, new_value(text)).await.unwrap();
    }
    assert_eq!(opened(&test, &before, WhichVersion::Present).await.as_deref(), Some("fifth"));
    test.engine.delete_secret(&test.owner, id).await.unwrap();
    test.engine.open_for_use(&before, WhichVersion::Present).await.unwrap_err();
}

#[tokio::test]
async fn a_value_that_cannot_be_put_into_a_request_is_not_used() {
    let test = TestEngine::in_memory().await;
    let id = secret(&test, "two\nlines").await;
    let usable = usable(&test, id).await;
    let refused = test.engine.open_for_use(&usable, WhichVersion::Present).await.unwrap_err();
    assert!(matches!(refused, Error::Unusable(unfit) if unfit != Unfit::NoValue), "{refused:?}");
}
