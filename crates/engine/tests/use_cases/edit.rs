//! What each write does with each field (wire/braintrust.md 4.1 to 4.5).

use keyholt_engine::{Error, Field, MetadataObject, MetadataPatch, OrgChoice, SecretPatch};
use keyholt_testkit::TestEngine;
use keyholt_types::{Action, FieldProblem, Patch, SecretId, Timestamp};
use serde_json::{Value, json};

use crate::fixture::{
    bare, create, description, find, full, kind, merge, metadata, metadata_of, new_kind, new_value, object,
    patch, preview_of, rename, replace, value,
};

#[tokio::test]
async fn a_new_secret_is_what_was_given_and_dates_from_its_id() {
    let test = TestEngine::in_memory().await;
    let secret = create(&test, full("a", "sk-proj-Wq3vT8mZkL2nR5xB7cY9")).await;
    let columns = &secret.columns;
    let now = Timestamp::from_micros(TestEngine::BEGINNING);
    assert_eq!((&*columns.name, columns.kind.as_deref()), ("a", Some("openai")));
    assert_eq!(metadata_of(&secret), json!({"a": 1, "b": {"c": 2}}));
    assert_eq!(&*secret.details.description, "for everybody");
    assert_eq!(preview_of(&secret), Some("********7cY9"));
    assert_eq!((columns.created_at, columns.updated_at, columns.value_updated_at), (now, None, Some(now)));
    assert_eq!((columns.version, columns.value_version), (1, 1));
    let owner = &test.owner.identity;
    assert_eq!((columns.created_by, columns.updated_by), (owner.api_key, owner.api_key));
    assert_eq!(columns.value_updated_by, Some(owner.principal));
    assert_eq!((columns.ttl_seconds, columns.expires_at), (None, None));
    assert_eq!(find(&test, columns.id).await.unwrap(), secret);
}

#[tokio::test]
async fn a_new_secret_without_a_value_has_no_value_and_no_date_of_one() {
    let test = TestEngine::in_memory().await;
    let secret = create(&test, bare("a")).await;
    let columns = &secret.columns;
    assert_eq!((columns.value_version, columns.value_updated_at, columns.value_updated_by), (0, None, None));
    assert_eq!((preview_of(&secret), secret.details.metadata.is_none()), (None, true));
}

#[tokio::test]
async fn creating_under_a_taken_name_changes_nothing_and_gives_what_is_there() {
    let test = TestEngine::in_memory().await;
    let secret = create(&test, full("a", "first")).await;
    let events = test.audit().await.len();
    test.clock.advance_seconds(5);
    let mut other = full("a", "second");
    other.kind = Some(kind("anthropic"));
    let written = test.engine.create_secret(&test.owner, OrgChoice::Unnamed, other).await.unwrap();
    assert!(written.found_existing);
    assert_eq!(written.secret, secret);
    assert_eq!(find(&test, secret.columns.id).await.unwrap(), secret);
    assert_eq!(test.audit().await.len(), events);
}

#[tokio::test]
async fn replacing_a_free_name_creates() {
    let test = TestEngine::in_memory().await;
    let written = test.engine.replace_secret(&test.owner, OrgChoice::Unnamed, full("a", "v")).await.unwrap();
    assert!(!written.found_existing);
    assert_eq!((written.secret.columns.version, written.secret.columns.updated_at), (1, None));
}

#[tokio::test]
async fn replacing_makes_type_and_metadata_what_is_given_and_keeps_the_value() {
    let test = TestEngine::in_memory().await;
    let before = create(&test, full("a", "first")).await;
    test.clock.advance_seconds(5);
    let written = test.engine.replace_secret(&test.owner, OrgChoice::Unnamed, bare("a")).await.unwrap();
    assert!(written.found_existing);
    let after = written.secret;
    assert_eq!((after.columns.id, after.columns.created_at), (before.columns.id, before.columns.created_at));
    assert_eq!((after.columns.kind.as_deref(), metadata_of(&after)), (None, Value::Null));
    assert_eq!(after.columns.updated_at, Some(test_now(&test)));
    assert_eq!(after.columns.value_updated_at, before.columns.value_updated_at);
    assert_eq!((after.columns.value_version, preview_of(&after)), (1, Some("********")));
    // Replaced whole, not merged; nulls are stored as given.
    let mut given = bare("a");
    given.metadata = Some(metadata(json!({"x": null})));
    let after = replace(&test, given).await;
    assert_eq!(metadata_of(&after), json!({"x": null}));
}

#[tokio::test]
async fn replacing_with_a_value_is_a_rotation_also_of_an_equal_one() {
    let test = TestEngine::in_memory().await;
    create(&test, full("a", "same")).await;
    test.clock.advance_seconds(5);
    let after = replace(&test, full("a", "same")).await;
    assert_eq!(after.columns.value_version, 2);
    assert_eq!(after.columns.updated_at, Some(test_now(&test)));
    assert_eq!(after.columns.value_updated_at, Some(test_now(&test)));
}

#[tokio::test]
async fn what_leaves_all_as_it_was_changes_no_date_and_is_no_event() {
    let test = TestEngine::in_memory().await;
    let secret = create(&test, full("a", "v")).await;
    let id = secret.columns.id;
    let events = test.audit().await.len();
    test.clock.advance_seconds(5);
    for nothing in [
        SecretPatch::default(),
        merge(json!({})),
        merge(json!({"a": null, "b": {"c": null}})),
        merge(json!({"b": {"c": 2}})),
        rename("a"),
        new_kind("openai"),
        SecretPatch { description: Some(description("for everybody")), ..SecretPatch::default() },
        SecretPatch {
            metadata: MetadataPatch::Replace(metadata(json!({"b": {"c": 2}, "a": 1}))),
            ..SecretPatch::default()
        },
    ] {
        assert_eq!(patch(&test, id, nothing).await.unwrap(), secret);
    }
    let mut same = full("a", "v");
    same.value = None;
    assert_eq!(replace(&test, same).await, secret);
    assert_eq!(find(&test, id).await.unwrap(), secret);
    assert_eq!(test.audit().await.len(), events);
}

#[tokio::test]
async fn a_patch_changes_what_it_gives_and_dates_it() {
    let test = TestEngine::in_memory().await;
    let mut last = create(&test, full("a", "sk-proj-Wq3vT8mZkL2nR5xB7cY9")).await;
    let created = last.columns.clone();
    for (change, is_value) in [
        (rename("b"), false),
        (new_kind("anthropic"), false),
        (SecretPatch { kind: Patch::Clear, ..SecretPatch::default() }, false),
        (merge(json!({"d": 3})), false),
        (SecretPatch { metadata: MetadataPatch::Clear, ..SecretPatch::default() }, false),
        (SecretPatch { description: Some(description("")), ..SecretPatch::default() }, false),
        (new_value("another value"), true),
        (new_value("another value"), true),
    ] {
        test.clock.advance_seconds(5);
        let now = test_now(&test);
        let after = patch(&test, created.id, change).await.unwrap();
        assert_eq!(after.columns.updated_at, Some(now));
        let value_date = if is_value { Some(now) } else { last.columns.value_updated_at };
        assert_eq!(after.columns.value_updated_at, value_date);
        assert_eq!(after.columns.version, last.columns.version + 1);
        assert_eq!(after.columns.value_version, last.columns.value_version + i64::from(is_value));
        assert_eq!(after.columns.created_at, created.created_at);
        assert_eq!(find(&test, created.id).await.unwrap(), after);
        last = after;
    }
    assert_eq!((&*last.columns.name, last.columns.kind.as_deref()), ("b", None));
    assert_eq!((metadata_of(&last), &*last.details.description), (Value::Null, ""));
    assert_eq!(preview_of(&last), Some("********"));
}

#[tokio::test]
async fn a_changes_author_is_who_made_it() {
    let test = TestEngine::in_memory().await;
    let secret = create(&test, full("a", "v")).await;
    let engineer = test.caller_with(keyholt_types::Role::Engineer.rights()).await;
    let id = secret.columns.id;
    let renamed = test.engine.patch_secret(&engineer, id, rename("b")).await.unwrap();
    assert_eq!(renamed.columns.created_by, test.owner.identity.api_key);
    assert_eq!(renamed.columns.updated_by, engineer.identity.api_key);
    assert_eq!(renamed.columns.value_updated_by, Some(test.owner.identity.principal));
    let rotated = test.engine.patch_secret(&engineer, id, new_value("v")).await.unwrap();
    assert_eq!(rotated.columns.value_updated_by, Some(engineer.identity.principal));
}

#[tokio::test]
async fn metadata_are_merged_deep_and_the_result_is_bounded() {
    let test = TestEngine::in_memory().await;
    let id = create(&test, full("a", "v")).await.columns.id;
    let merged = patch(&test, id, merge(json!({"b": {"d": [null]}, "a": {"x": null}}))).await.unwrap();
    assert_eq!(metadata_of(&merged), json!({"a": {}, "b": {"c": 2, "d": [null]}}));
    for (wrong, problem) in [
        (json!({"big": "x".repeat(65_536)}), FieldProblem::TooLong("64 KiB")),
        ((0..32).fold(json!({}), |inner, _| json!({ "a": inner })), FieldProblem::TooDeep("32 levels")),
    ] {
        let refused = patch(&test, id, merge(wrong)).await.unwrap_err();
        assert_eq!(refused, Error::Invalid(Field::Metadata, problem));
    }
    // Each half fits; what they come to does not.
    let half = |key: &str| {
        let object = object(json!({ key: "x".repeat(40_000) }));
        SecretPatch { metadata: MetadataPatch::Merge(MetadataObject(object)), ..rename("never") }
    };
    let mut first = half("one");
    first.name = None;
    let before = patch(&test, id, first).await.unwrap();
    assert!(patch(&test, id, half("two")).await.is_err());
    assert_eq!(find(&test, id).await.unwrap(), before);
    let bare_id = create(&test, bare("without metadata")).await.columns.id;
    let merged = patch(&test, bare_id, merge(json!({"a": {"b": null}}))).await.unwrap();
    assert_eq!(metadata_of(&merged), json!({"a": {}}));
}

#[tokio::test]
async fn a_secret_without_metadata_that_is_patched_with_none_gets_an_empty_object() {
    let test = TestEngine::in_memory().await;
    let id = create(&test, bare("a")).await.columns.id;
    assert_eq!(metadata_of(&patch(&test, id, merge(json!({}))).await.unwrap()), json!({}));
}

#[tokio::test]
async fn a_rename_keeps_the_id_and_frees_the_old_name() {
    let test = TestEngine::in_memory().await;
    let (a, b) = (create(&test, full("a", "v")).await, create(&test, bare("b")).await);
    assert_eq!(patch(&test, a.columns.id, rename("b")).await.unwrap_err(), Error::NameTaken);
    let renamed = patch(&test, a.columns.id, rename("c")).await.unwrap();
    assert_eq!((renamed.columns.id, &*renamed.columns.name), (a.columns.id, "c"));
    assert_eq!(preview_of(&renamed), Some("********"));
    let taken_over = patch(&test, b.columns.id, rename("a")).await.unwrap();
    assert_eq!(taken_over.columns.id, b.columns.id);
}

#[tokio::test]
async fn a_refused_change_changes_nothing_of_what_it_gives() {
    let test = TestEngine::in_memory().await;
    create(&test, bare("taken")).await;
    let before = create(&test, full("a", "v")).await;
    let all = SecretPatch { kind: Patch::Set(kind("x")), value: Some(value("new")), ..rename("taken") };
    assert_eq!(patch(&test, before.columns.id, all).await.unwrap_err(), Error::NameTaken);
    assert_eq!(find(&test, before.columns.id).await.unwrap(), before);
}

#[tokio::test]
async fn a_deleted_secret_is_given_as_it_was_last_and_its_name_is_free() {
    let test = TestEngine::in_memory().await;
    let first = create(&test, full("a", "v")).await;
    let last = patch(&test, first.columns.id, new_kind("x")).await.unwrap();
    test.clock.advance_seconds(5);
    assert_eq!(test.engine.delete_secret(&test.owner, first.columns.id).await.unwrap(), last);
    for _ in 0..2 {
        let again = test.engine.delete_secret(&test.owner, first.columns.id).await;
        assert_eq!(again.unwrap_err(), Error::NotFound);
    }
    assert_eq!(find(&test, first.columns.id).await.unwrap_err(), Error::NotFound);
    let second = create(&test, bare("a")).await;
    assert_ne!(second.columns.id, first.columns.id);
    let unnamed = OrgChoice::Unnamed;
    let deleted = test.engine.delete_secret_named(&test.owner, unnamed, "a").await.unwrap();
    assert_eq!(deleted, second);
    let again = test.engine.delete_secret_named(&test.owner, unnamed, "a").await;
    assert_eq!(again.unwrap_err(), Error::NotFound);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let test = TestEngine::in_memory().await;
    for id in [SecretId::MIN, SecretId::MAX] {
        assert_eq!(find(&test, id).await.unwrap_err(), Error::NotFound);
        assert_eq!(patch(&test, id, rename("a")).await.unwrap_err(), Error::NotFound);
        assert_eq!(test.engine.delete_secret(&test.owner, id).await.unwrap_err(), Error::NotFound);
    }
    for name in ["a", "", "\0"] {
        let deleted = test.engine.delete_secret_named(&test.owner, OrgChoice::Unnamed, name).await;
        assert_eq!(deleted.unwrap_err(), Error::NotFound);
    }
}

#[tokio::test]
async fn previews_follow_the_value() {
    let test = TestEngine::in_memory().await;
    for (text, preview) in [
        ("x", "********"),
        ("abcdefghij0123456789abc", "********"),
        ("abcdefghij0123456789abcd", "********abcd"),
        (r#"{"type":"service_account","private_key":"x"}"#, "********"),
        ("abcdefghij 0123456789 abcd", "********"),
    ] {
        let secret = replace(&test, full("a", text)).await;
        assert_eq!(preview_of(&secret), Some(preview), "{text}");
    }
}

#[tokio::test]
async fn each_change_is_one_event_of_its_kind() {
    let test = TestEngine::in_memory().await;
    let before = test.audit().await.len();
    let id = create(&test, full("a", "v")).await.columns.id;
    patch(&test, id, rename("b")).await.unwrap();
    patch(&test, id, new_value("v")).await.unwrap();
    test.engine.delete_secret(&test.owner, id).await.unwrap();
    let audit = test.audit().await;
    let events: Vec<_> = audit[..audit.len() - before].iter().rev().map(|record| &record.event).collect();
    let actions: Vec<_> = events.iter().map(|event| (event.action, &*event.subject.name)).collect();
    assert_eq!(
        actions,
        [
            (Action::SecretCreate, "a"),
            (Action::SecretUpdate, "b"),
            (Action::SecretRotate, "b"),
            (Action::SecretDelete, "b"),
        ]
    );
    for event in events {
        assert_eq!(event.subject.id, id.uuid());
        assert_eq!(event.api_key, Some(test.owner.identity.api_key));
        assert_eq!(event.request, Some(test.owner.request.id));
    }
}

fn test_now(test: &TestEngine) -> Timestamp {
    use keyholt_types::Clock;
    test.clock.now()
}
