//! Credentials for a short time: they count as the key that made them, and end with it (design/decisions.md 24).

use std::num::NonZeroU32;

use keyholt_engine::{Error, NewApiKey, OrgChoice, Rate, RateLimits};
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::{Action, Caller, Credential, RequestContext, Right, Rights, Role};

use super::fixture::{MORE, key_of, org_name, person, restriction};

async fn show(test: &TestEngine, credential: &Credential) -> Result<Caller, Error> {
    let request = RequestContext { id: test.engine.make_request_id(), address: None };
    test.engine.authenticate(credential, request).await
}

async fn make(test: &TestEngine, maker: &Caller) -> Credential {
    test.engine.create_credential(maker, None, 600).await.unwrap().credential()
}

#[tokio::test]
async fn a_credential_has_no_more_than_to_use_and_to_reveal_what_its_maker_may() {
    let test = TestEngine::in_memory().await;
    for (rights, expected) in [
        (Role::Owner.rights(), Role::Resolver.rights()),
        (Role::Engineer.rights(), Role::App.rights()),
        (Role::App.rights(), Role::App.rights()),
    ] {
        let new = NewApiKey {
            restriction: restriction(&["OPENAI_*"], &[], &[]),
            lifetime_seconds: Some(60),
            ..TestEngine::new_key(rights)
        };
        let maker = test.caller(&test.issue_with(&test.owner, new).await.unwrap()).await.unwrap();
        let made = show(&test, &make(&test, &maker).await).await.unwrap().identity;
        assert_eq!(made.orgs.iter().map(|grant| grant.rights).collect::<Vec<_>>(), [expected]);
        assert!(!made.operator);
        assert_eq!(made.restrictions, maker.identity.restrictions);
        assert_eq!(made.expires_at, maker.identity.expires_at);
        assert_eq!((made.principal, made.counted_as()), (maker.identity.principal, maker.identity.api_key));
    }
    let reader = test.caller_with(Rights::of(&[Right::Read, Right::Write, Right::Reveal, Right::Admin])).await;
    test.engine.create_credential(&reader, None, 600).await.unwrap_err();
    // The operator's own is none of an operator, and makes none.
    let credential = make(&test, &test.owner).await;
    let caller = show(&test, &credential).await.unwrap();
    assert!(!caller.identity.operator);
    assert_eq!(test.engine.create_credential(&caller, None, 600).await.unwrap_err(), MORE);
}

#[tokio::test]
async fn a_credential_ends_with_its_maker_and_with_its_makers_membership() {
    let test = TestEngine::in_memory().await;
    let app = Role::App.rights();
    let ann = person(&test, &test.owner, &[], app).await;
    let maker = test.caller(&key_of(&test, &test.owner, ann, &[], app).await).await.unwrap();
    let credential = make(&test, &maker).await;
    show(&test, &credential).await.unwrap();
    for is_suspended in [true, false] {
        let patch = super::fixture::suspended(is_suspended);
        super::fixture::patch_member(&test, &test.owner, ann, patch).await.unwrap();
        assert_eq!(show(&test, &credential).await.is_ok(), !is_suspended);
    }
    test.engine.revoke_api_key(&test.owner, maker.identity.api_key).await.unwrap();
    assert_eq!(show(&test, &credential).await.unwrap_err(), Error::Unauthenticated);
    // Nor does whoever was let in just before make another one.
    let late = test.engine.create_credential(&maker, None, 600).await;
    assert_eq!(late.map(drop), Err(Error::Unauthenticated));
}

/// A maker that was revoked cannot be brought back in the database for the sake of what it made.
#[tokio::test]
async fn a_credential_does_not_outlive_a_revocation_that_was_taken_back() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let maker = test.caller_with(Role::App.rights()).await;
    let credential = make(&test, &maker).await;
    test.engine.revoke_api_key(&test.owner, maker.identity.api_key).await.unwrap();
    let id = Intruder::literal(maker.identity.api_key.as_bytes());
    let taken_back = format!("UPDATE api_keys SET revoked_at = NULL, version = 1 WHERE id = {id}");
    assert_eq!(Intruder::in_directory(&dir).unwrap().execute(&taken_back).unwrap(), 1);
    assert_eq!(show(&test, &credential).await.unwrap_err(), Error::Unauthenticated);
}

/// Otherwise whoever makes many has no limit at all.
#[tokio::test]
async fn credentials_share_the_limit_of_the_key_that_makes_them() {
    let rate = Rate { per_second: NonZeroU32::MIN, burst: NonZeroU32::new(10).unwrap() };
    let test =
        TestEngine::in_memory_with(RateLimits { per_api_key: Some(rate), ..RateLimits::default() }).await;
    let maker = test.caller_with(Role::App.rights()).await;
    let mut let_through = 0;
    for _ in 0..5 {
        let credential = make(&test, &maker).await;
        for _ in 0..10 {
            let_through += usize::from(show(&test, &credential).await.is_ok());
        }
    }
    // The maker has come once.
    assert_eq!(let_through, 9);
}

/// They end with their maker in any case; the change that replaces it must not grow with their number.
#[tokio::test]
async fn a_key_that_is_replaced_is_one_revocation_however_many_credentials_it_made() {
    let test = TestEngine::in_memory().await;
    let app = Role::App.rights();
    let ann = person(&test, &test.owner, &[], app).await;
    let new = |replaces_namesakes| NewApiKey {
        name: org_name("laptop"),
        principal: Some(ann),
        replaces_namesakes,
        ..TestEngine::new_key(app)
    };
    let maker = test.caller(&test.issue_with(&test.owner, new(false)).await.unwrap()).await.unwrap();
    let credential = make(&test, &maker).await;
    make(&test, &maker).await;
    test.issue_with(&test.owner, new(true)).await.unwrap();
    assert_eq!(show(&test, &credential).await.unwrap_err(), Error::Unauthenticated);
    let log = test.audit().await;
    assert_eq!(log.iter().filter(|record| record.event.action == Action::ApiKeyRevoke).count(), 1);
}

#[tokio::test]
async fn a_project_is_not_held_by_credentials_whose_maker_is_revoked() {
    let test = TestEngine::in_memory().await;
    let evals = test.engine.create_project(&test.owner, OrgChoice::Unnamed, org_name("evals")).await.unwrap();
    let new = NewApiKey { project: Some("evals".into()), ..TestEngine::new_key(Role::App.rights()) };
    let maker = test.caller(&test.issue_with(&test.owner, new).await.unwrap()).await.unwrap();
    make(&test, &maker).await;
    assert_eq!(test.engine.delete_project(&test.owner, evals.id).await.unwrap_err(), Error::InUse);
    test.engine.revoke_api_key(&test.owner, maker.identity.api_key).await.unwrap();
    assert_eq!(test.engine.delete_project(&test.owner, evals.id).await.unwrap(), evals);
}
