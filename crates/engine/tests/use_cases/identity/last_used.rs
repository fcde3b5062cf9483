//! When API keys were last used.

use keyholt_engine::Error;
use keyholt_testkit::TestEngine;
use keyholt_types::{ApiKeyId, Clock, Role, Timestamp};

use super::fixture::{patch_member, suspended};

async fn last_used(test: &TestEngine, id: ApiKeyId) -> Option<Timestamp> {
    test.engine.find_api_key(&test.owner, id).await.unwrap().last_used_at
}

#[tokio::test]
async fn the_latest_use_is_written_down_with_the_other_observations() {
    let test = TestEngine::in_memory().await;
    let api_key = test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap();
    let id = test.caller(&api_key).await.unwrap().identity.api_key;
    assert_eq!(last_used(&test, id).await, None, "not before it is written down");
    for seconds in [0, 10, 20] {
        test.clock.advance_seconds(seconds);
        test.caller(&api_key).await.unwrap();
    }
    let used = test.clock.now();
    test.clock.advance_seconds(5);
    let events = test.audit().await;
    test.engine.write_down_observations().await;
    assert_eq!(last_used(&test, id).await, Some(used));
    assert_eq!(test.audit().await, events, "a use is no event");
    // Unless it is used again, it stays.
    test.engine.write_down_observations().await;
    assert_eq!(last_used(&test, id).await, Some(used));
    // A clock that is set back does not make a use older.
    test.clock.advance_seconds(-3600);
    test.caller(&api_key).await.unwrap();
    test.engine.write_down_observations().await;
    assert_eq!(last_used(&test, id).await, Some(used));
}

#[tokio::test]
async fn a_use_is_not_lost_when_what_is_known_of_keys_is_forgotten() {
    let test = TestEngine::in_memory().await;
    let mut ids = Vec::new();
    let mut keys = Vec::new();
    for _ in 0..2 {
        let api_key = test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap();
        ids.push(test.caller(&api_key).await.unwrap().identity.api_key);
        keys.push(api_key);
    }
    let used = test.clock.now();
    // Any change of an identity makes the engine look all of them up again.
    let forget = async || {
        let id = test.owner.identity.orgs[0].org;
        test.engine.rename_org(&test.owner, id, super::fixture::org_name("x")).await.unwrap();
        test.engine.rename_org(&test.owner, id, super::fixture::org_name("default")).await.unwrap();
    };
    forget().await;
    test.clock.advance_seconds(60);
    // One is shown again afterwards, the other is not.
    test.caller(&keys[0]).await.unwrap();
    forget().await;
    test.engine.write_down_observations().await;
    assert_eq!(last_used(&test, ids[0]).await, Some(test.clock.now()));
    assert_eq!(last_used(&test, ids[1]).await, Some(used));
}

#[tokio::test]
async fn a_refused_key_is_not_a_used_one() {
    let test = TestEngine::in_memory().await;
    let revoked = test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap();
    let expired = test.issue(&test.owner, &[], Role::App.rights(), Some(60)).await.unwrap();
    let out = test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap();
    let mut ids = Vec::new();
    for api_key in [&revoked, &expired, &out] {
        ids.push(test.caller(api_key).await.unwrap().identity);
    }
    let used = test.clock.now();
    test.engine.revoke_api_key(&test.owner, ids[0].api_key).await.unwrap();
    patch_member(&test, &test.owner, ids[2].principal, suspended(true)).await.unwrap();
    test.clock.advance_seconds(60);
    for api_key in [&revoked, &expired, &out] {
        assert_eq!(test.caller(api_key).await.unwrap_err(), Error::Unauthenticated);
    }
    test.engine.write_down_observations().await;
    for identity in &ids {
        assert_eq!(last_used(&test, identity.api_key).await, Some(used));
    }
}

#[tokio::test]
async fn uses_outlive_a_restart() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let (id, used) = {
        let test = TestEngine::on_file(&dir).await;
        test.engine.write_down_observations().await;
        (test.owner.identity.api_key, test.clock.now())
    };
    let test = TestEngine::on_file(&dir).await;
    assert_eq!(last_used(&test, id).await, Some(used));
}
