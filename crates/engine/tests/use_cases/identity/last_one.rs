//! Nobody locks everybody out: an operator's API key stays, and in each organisation an owner's.

use keyholt_engine::{Error, LastOne, NewApiKey, OrgChoice};
use keyholt_testkit::TestEngine;
use keyholt_types::{Caller, Right, Rights, Role};

use super::fixture::{key_of, org_name, patch_member, person, restriction, rights, suspended};

const LAST_OPERATOR: Error = Error::LastOne(LastOne::Operator);
const LAST_OWNER: Error = Error::LastOne(LastOne::Owner);

/// Somebody who administers, and is no operator and no owner.
async fn admin(test: &TestEngine) -> Caller {
    test.caller_with(Rights::of(&[Right::Admin, Right::Read])).await
}

/// An operator's key of a service account of its own, which owns `default`.
async fn operator(test: &TestEngine, lifetime_seconds: Option<i64>) -> Caller {
    let new = NewApiKey { operator: true, lifetime_seconds, ..TestEngine::new_key(Role::Owner.rights()) };
    test.caller(&test.issue_with(&test.owner, new).await.unwrap()).await.unwrap()
}

async fn revoke(test: &TestEngine, caller: &Caller, victim: &Caller) -> Result<(), Error> {
    test.engine.revoke_api_key(caller, victim.identity.api_key).await.map(drop)
}

/// Takes the rights of whoever has this key away, in each way that there is but that of the key itself.
async fn take_away(test: &TestEngine, caller: &Caller, victim: &Caller) -> Vec<Result<(), Error>> {
    let id = victim.identity.principal;
    let lowered = patch_member(test, caller, id, rights(Rights::NONE)).await.map(drop);
    let shut_out = patch_member(test, caller, id, suspended(true)).await.map(drop);
    let removed = test.engine.remove_member(caller, OrgChoice::Unnamed, id).await.map(drop);
    vec![lowered, shut_out, removed]
}

#[tokio::test]
async fn the_last_operator_stays_whoever_asks_and_whatever_way() {
    let test = TestEngine::in_memory().await;
    // So that an owner is left in any case.
    let other_owner = test.caller_with(Role::Owner.rights()).await;
    for caller in [&admin(&test).await, &other_owner, &test.owner] {
        assert_eq!(revoke(&test, caller, &test.owner).await, Err(LAST_OPERATOR));
        assert_eq!(take_away(&test, caller, &test.owner).await, [Err(LAST_OPERATOR); 3]);
    }
    assert!(test.caller(TestEngine::OWNER_KEY).await.unwrap().identity.operator);
    let second = operator(&test, None).await;
    revoke(&test, &other_owner, &test.owner).await.unwrap();
    assert_eq!(
        revoke(&test, &second, &second).await,
        Err(LAST_OPERATOR),
        "there is one again, and it is the last"
    );
}

#[tokio::test]
async fn a_way_that_leaves_an_operator_is_open() {
    for way in 0..4 {
        let test = TestEngine::in_memory().await;
        let (second, id) = (operator(&test, None).await, test.owner.identity.principal);
        let taken = match way {
            0 => revoke(&test, &second, &test.owner).await,
            1 => patch_member(&test, &second, id, rights(Role::Viewer.rights())).await.map(drop),
            2 => patch_member(&test, &second, id, suspended(true)).await.map(drop),
            _ => test.engine.remove_member(&second, OrgChoice::Unnamed, id).await.map(drop),
        };
        assert_eq!(taken, Ok(()), "{way}");
    }
}

#[tokio::test]
async fn one_whose_member_is_suspended_or_that_is_over_does_not_count() {
    let test = TestEngine::in_memory().await;
    let other_owner = test.caller_with(Role::Owner.rights()).await;
    let (second, ending) = (operator(&test, None).await, operator(&test, Some(60)).await);
    patch_member(&test, &other_owner, second.identity.principal, suspended(true)).await.unwrap();
    test.clock.advance_seconds(61);
    assert_eq!(revoke(&test, &other_owner, &test.owner).await, Err(LAST_OPERATOR));
    assert_eq!(revoke(&test, &test.owner, &test.owner).await, Err(LAST_OPERATOR));
    // What does not count may go.
    for gone in [&second, &ending] {
        assert_eq!(revoke(&test, &other_owner, gone).await, Ok(()));
    }
}

#[tokio::test]
async fn who_is_no_operator_leaves_one_without_an_end_that_may_do_all() {
    for narrowed in [false, true] {
        let test = TestEngine::in_memory().await;
        let other_owner = test.caller_with(Role::Owner.rights()).await;
        let second = match narrowed {
            false => operator(&test, Some(86_400)).await,
            true => {
                let restriction = restriction(&["A*"], &[], &[]);
                let new =
                    NewApiKey { operator: true, restriction, ..TestEngine::new_key(Role::Owner.rights()) };
                test.caller(&test.issue_with(&test.owner, new).await.unwrap()).await.unwrap()
            }
        };
        assert_eq!(revoke(&test, &other_owner, &test.owner).await, Err(LAST_OPERATOR), "{narrowed}");
        // An operator whose key ends must be able to shut a thief out; one whose key is narrowed leaves nobody.
        let by_operator = revoke(&test, &second, &test.owner).await;
        assert_eq!(by_operator, if narrowed { Err(LAST_OPERATOR) } else { Ok(()) });
    }
}

#[tokio::test]
async fn the_last_owner_of_an_organisation_stays_unless_an_operator_asks() {
    let test = TestEngine::in_memory().await;
    let everywhere = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let ann = person(&test, &everywhere, &["acme"], Role::Owner.rights()).await;
    let text = key_of(&test, &everywhere, ann, &["acme"], Role::Owner.rights()).await;
    let owner = test.caller(&text).await.unwrap();
    // From here on Ann's is the only owner's key of `acme`.
    revoke(&test, &owner, &everywhere).await.unwrap();
    let rights_of_admin = Rights::of(&[Right::Admin, Right::Read]);
    let admin = test.caller(&test.issue(&owner, &[], rights_of_admin, None).await.unwrap()).await.unwrap();
    for caller in [&admin, &owner] {
        assert_eq!(revoke(&test, caller, &owner).await, Err(LAST_OWNER));
        assert_eq!(take_away(&test, caller, &owner).await, [Err(LAST_OWNER); 3]);
    }
    // A narrowed owner could make no other that is not.
    let narrowed =
        NewApiKey { restriction: restriction(&["A*"], &[], &[]), ..TestEngine::new_key(Role::Owner.rights()) };
    test.issue_with(&owner, narrowed).await.unwrap();
    assert_eq!(revoke(&test, &owner, &owner).await, Err(LAST_OWNER));
    // To rotate it another one is made first, also in one step.
    let replacing = NewApiKey {
        principal: Some(ann),
        replaces_namesakes: true,
        ..TestEngine::new_key(Role::Owner.rights())
    };
    let replaced = test.caller(&test.issue_with(&owner, replacing).await.unwrap()).await.unwrap();
    assert_eq!(test.caller(&text).await.unwrap_err(), Error::Unauthenticated);
    test.issue(&replaced, &[], Role::Owner.rights(), None).await.unwrap();
    assert_eq!(revoke(&test, &admin, &replaced).await, Ok(()));
}

#[tokio::test]
async fn an_operator_may_take_the_last_owner_and_make_the_first_one_again() {
    let test = TestEngine::in_memory().await;
    test.engine.create_org(&test.owner, org_name("acme")).await.unwrap();
    let orgs = vec!["default".into(), "acme".into()];
    let new = NewApiKey { orgs, operator: true, ..TestEngine::new_key(Role::Owner.rights()) };
    let only = test.caller(&test.issue_with(&test.owner, new).await.unwrap()).await.unwrap();
    assert_eq!(revoke(&test, &only, &only).await, Ok(()));
    test.issue(&test.owner, &["acme"], Role::Owner.rights(), None).await.unwrap();
}

#[tokio::test]
async fn of_two_last_operators_who_revoke_each_other_one_stays() {
    for _ in 0..20 {
        let test = TestEngine::in_memory().await;
        let (one, other) = (operator(&test, None).await, operator(&test, None).await);
        revoke(&test, &one, &test.owner).await.unwrap();
        let (first, second) = tokio::join!(revoke(&test, &one, &other), revoke(&test, &other, &one));
        let mut outcomes = [first, second];
        outcomes.sort_by_key(Result::is_err);
        assert_eq!(outcomes, [Ok(()), Err(LAST_OPERATOR)]);
    }
}
