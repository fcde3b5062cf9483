//! What a proxy is given.

use keyholt_engine::{Denied, Error, NewSecret, OrgChoice, ResolveRequest};
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::{Action, Caller, RequestContext, Right, Rights};
use serde_json::json;

use crate::fixture::{bare, create, kind, merge, metadata, new_kind, patch, value};
use crate::identity::fixture::{OUTSIDE, refusals};

async fn resolve(test: &TestEngine, caller: &Caller, model: Option<&str>) -> Result<Vec<String>, Error> {
    let found = test.engine.resolve(caller, ResolveRequest { model, org: OrgChoice::Unnamed }).await?;
    Ok(found.iter().map(|one| one.secret.columns.name.to_string()).collect())
}

async fn with_secret() -> TestEngine {
    let test = TestEngine::in_memory().await;
    create(&test, NewSecret { kind: Some(kind("openai")), value: Some(value("v")), ..bare("a") }).await;
    test
}

#[tokio::test]
async fn a_credential_for_another_model_is_refused_and_counted() {
    let test = with_secret().await;
    let token = test.engine.create_credential(&test.owner, Some("gpt-4o".into()), 600).await.unwrap();
    let request = RequestContext { id: test.engine.make_request_id(), address: None };
    let caller = test.engine.authenticate(&token.credential(), request).await.unwrap();
    assert_eq!(resolve(&test, &caller, Some("gpt-4o")).await.unwrap(), ["a"]);
    for model in [Some("gpt-5"), None] {
        assert_eq!(resolve(&test, &caller, model).await.unwrap_err(), OUTSIDE);
    }
    let refused = refusals(&test, &test.owner).await;
    let [one] = &refused[..] else { panic!("{refused:?}") };
    assert_eq!((one.action.word(), one.count), ("secret.reveal", 2));
    assert_eq!(one.api_key, Some(caller.identity.api_key));
}

#[tokio::test]
async fn who_may_only_use_is_given_nothing() {
    let test = with_secret().await;
    let user = test.caller_with(Rights::of(&[Right::Use, Right::Read])).await;
    let denied = Error::Forbidden(Denied::Right(Right::Reveal));
    assert_eq!(resolve(&test, &user, Some("gpt-4o")).await.unwrap_err(), denied);
    let none = ResolveRequest { model: None, org: OrgChoice::Named("nobody's") };
    assert_eq!(test.engine.resolve(&test.owner, none).await.unwrap_err(), Error::Forbidden(Denied::Org));
    let actions: Vec<_> = refusals(&test, &test.owner).await.iter().map(|one| one.action.word()).collect();
    assert_eq!(actions, ["secret.reveal", "secret.reveal"]);
    assert!(!test.audit().await.iter().any(|record| record.event.action.word() == "secret.resolve"));
}

#[tokio::test]
async fn metadata_count_from_the_moment_that_they_are_written() {
    let test = with_secret().await;
    let found = async |model| resolve(&test, &test.owner, Some(model)).await.unwrap();
    let naming = metadata(json!({"customModels": {"mine": {"format": "openai", "flavor": "chat"}}}));
    let new =
        NewSecret { kind: Some(kind("groq")), metadata: Some(naming), value: Some(value("v")), ..bare("b") };
    let b = create(&test, new).await.columns.id;
    assert_eq!(found("mine").await, ["b"]);
    assert_eq!(found("gpt-4o").await, ["a"]);
    patch(&test, b, merge(json!({"models": ["gpt-4o"]}))).await.unwrap();
    assert_eq!((found("gpt-4o").await, found("mine").await), (vec!["b".into(), "a".into()], vec![]));
    // Now both ways lead to it: by its type and by what it names.
    patch(&test, b, new_kind("openai")).await.unwrap();
    test.engine.confirm_hosts(&test.owner, b).await.unwrap();
    assert_eq!(found("gpt-4o").await, ["b", "a"]);
    patch(&test, b, merge(json!({"models": []}))).await.unwrap();
    assert_eq!((found("gpt-5").await, found("mine").await), (vec!["b".into(), "a".into()], vec!["b".into()]));
    patch(&test, b, merge(json!({"excludeDefaultModels": true}))).await.unwrap();
    assert_eq!(found("gpt-5").await, ["a"]);
}

#[tokio::test]
async fn no_row_is_read_that_cannot_serve_the_model_and_all_are_that_may() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    for (name, of) in [("a", "openai"), ("b", "anthropic")] {
        create(&test, NewSecret { kind: Some(kind(of)), value: Some(value("v")), ..bare(name) }).await;
    }
    let intruder = Intruder::in_directory(&dir).unwrap();
    assert_eq!(intruder.execute("UPDATE secrets SET version = 7 WHERE name = 'a'").unwrap(), 1);
    let was_read = async || test.audit().await.iter().any(|one| one.event.action == Action::SecretLocked);
    assert_eq!(resolve(&test, &test.owner, Some("claude-sonnet-4-5")).await.unwrap(), ["b"]);
    assert!(!was_read().await);
    // As rows of before have it: they may name models.
    assert_eq!(intruder.execute("UPDATE secrets SET names_models = 1").unwrap(), 2);
    assert_eq!(resolve(&test, &test.owner, Some("claude-sonnet-4-5")).await.unwrap(), ["b"]);
    assert!(was_read().await);
}
