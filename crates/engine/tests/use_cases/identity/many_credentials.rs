//! How many credentials for a short time an API key may have (design/decisions.md 24).

use std::sync::Arc;

use keyholt_engine::{Engine, Error};
use keyholt_testkit::TestEngine;
use keyholt_types::{Action, ApiKeyId, Caller, Credential, RequestContext, Role};
use tokio::task::JoinSet;

const MOST: usize = Engine::MOST_CREDENTIALS as usize;

async fn make(test: &TestEngine, maker: &Caller, seconds: i64) -> Result<Credential, Error> {
    test.engine.create_credential(maker, None, seconds).await.map(|token| token.credential())
}

async fn id_of(test: &TestEngine, credential: &Credential) -> ApiKeyId {
    let request = RequestContext { id: test.engine.make_request_id(), address: None };
    test.engine.authenticate(credential, request).await.unwrap().identity.api_key
}

fn too_many(retry_after_seconds: u8) -> Error {
    Error::TooMany { retry_after_seconds }
}

#[tokio::test]
async fn an_api_key_has_so_many_valid_credentials_and_no_more() {
    let test = TestEngine::in_memory().await;
    let maker = test.caller_with(Role::App.rights()).await;
    let first = make(&test, &maker, 600).await.unwrap();
    for _ in 1..MOST {
        make(&test, &maker, 86_400).await.unwrap();
    }
    let before = test.audit().await.len();
    // The wait is until the first one ends, as far as an answer can say it.
    for (passed, seconds) in [(0, 60), (541, 59), (58, 1)] {
        test.clock.advance_seconds(passed);
        assert_eq!(make(&test, &maker, 1).await.unwrap_err(), too_many(seconds));
    }
    assert_eq!(test.audit().await.len(), before, "nothing was made");
    // Each key has its own.
    make(&test, &test.owner, 600).await.unwrap();
    test.clock.advance_seconds(1);
    let next = make(&test, &maker, 600).await.unwrap();
    assert_eq!(make(&test, &maker, 600).await.unwrap_err(), too_many(60));
    // One that is revoked counts no more, as one that has ended does.
    let next = id_of(&test, &next).await;
    test.engine.revoke_api_key(&test.owner, next).await.unwrap();
    make(&test, &maker, 600).await.unwrap();
    assert_eq!(make(&test, &maker, 600).await.unwrap_err(), too_many(60));
    drop(first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_are_made_at_once_no_more_are_made() {
    let test = Arc::new(TestEngine::in_memory().await);
    let maker = test.caller_with(Role::App.rights()).await;
    let mut tasks = JoinSet::new();
    for _ in 0..MOST + 40 {
        let (test, maker) = (Arc::clone(&test), maker.clone());
        tasks.spawn(async move { make(&test, &maker, 600).await.map(drop) });
    }
    let made = tasks.join_all().await;
    assert_eq!(made.iter().filter(|one| one.is_ok()).count(), MOST);
    assert!(made.iter().all(|one| one.is_ok() || *one == Err(too_many(60))));
    let log = test.audit().await;
    assert!(log.iter().take(MOST).all(|record| record.event.action == Action::CredentialCreate));
}
