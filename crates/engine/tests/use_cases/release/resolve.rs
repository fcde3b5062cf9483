//! What a proxy is given.

use keyholt_engine::{Denied, Error, NewSecret, OrgChoice, ResolveRequest};
use keyholt_testkit::TestEngine;
use keyholt_types::{Caller, RequestContext, Right, Rights};

use crate::fixture::{bare, create, kind, value};
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
