//! How much is let through.

use std::num::NonZeroU32;

use keyholt_engine::{Error, Rate, RateLimits};
use keyholt_testkit::TestEngine;
use keyholt_types::{Credential, RequestContext, Role};

use super::fixture::{org_of, patch_member, refusals, suspended};

const TOO_MANY: Error = Error::TooMany { retry_after_seconds: 1 };

fn rate(per_second: u32, burst: u32) -> Option<Rate> {
    Some(Rate { per_second: NonZeroU32::new(per_second).unwrap(), burst: NonZeroU32::new(burst).unwrap() })
}

/// How many of so many requests are let through, the others being too many.
async fn let_through(test: &TestEngine, api_key: &str, requests: usize) -> usize {
    let mut count = 0;
    for _ in 0..requests {
        match test.caller(api_key).await {
            Ok(_) => count += 1,
            Err(error) => assert_eq!(error, TOO_MANY),
        }
    }
    count
}

#[tokio::test]
async fn each_api_key_has_a_limit_of_its_own() {
    let limits = RateLimits { per_api_key: rate(5, 20), ..RateLimits::default() };
    let test = TestEngine::in_memory_with(limits).await;
    let one = test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap();
    let other = test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap();
    assert_eq!(let_through(&test, &one, 50).await, 20);
    assert_eq!(let_through(&test, &other, 50).await, 20);
    test.clock.advance_seconds(1);
    assert_eq!(let_through(&test, &one, 50).await, 5);
    // The time of day does not move it.
    test.clock.advance_seconds(-3600);
    assert_eq!(let_through(&test, &one, 50).await, 0);
    test.clock.advance_seconds(3600);
    assert_eq!(let_through(&test, &one, 50).await, 20);
}

/// Otherwise whoever can change an identity, be it in another organisation, could lift every limit.
#[tokio::test]
async fn a_limit_goes_on_when_what_is_known_of_keys_is_forgotten() {
    let limits = RateLimits { per_api_key: rate(1, 5), ..RateLimits::default() };
    let test = TestEngine::in_memory_with(limits).await;
    let api_key = test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap();
    let somebody = test.caller_with(Role::App.rights()).await.identity.principal;
    assert_eq!(let_through(&test, &api_key, 3).await, 3);
    for is_suspended in [true, false, true] {
        patch_member(&test, &test.owner, somebody, suspended(is_suspended)).await.unwrap();
        // The fourth and fifth are let through; what comes then is too many.
        let _ = test.caller(&api_key).await;
    }
    assert_eq!(let_through(&test, &api_key, 50).await, 0);
}

#[tokio::test]
async fn the_keys_of_an_organisation_share_its_limit() {
    let limits = RateLimits { per_org: rate(2, 10), ..RateLimits::default() };
    let test = TestEngine::in_memory_with(limits).await;
    test.engine.create_org(&test.owner, super::fixture::org_name("acme")).await.unwrap();
    let owner = Role::Owner.rights();
    let acme = test.issue(&test.owner, &["acme"], owner, None).await.unwrap();
    let one = test.issue(&test.owner, &[], owner, None).await.unwrap();
    let other = test.issue(&test.owner, &[], owner, None).await.unwrap();
    // The owner has come once.
    let sum = let_through(&test, &one, 4).await + let_through(&test, &other, 50).await;
    assert_eq!(sum, 9);
    assert_eq!(let_through(&test, &acme, 50).await, 10, "another organisation is not held up");
    test.clock.advance_seconds(1);
    assert_eq!(let_through(&test, &other, 50).await, 2);
    assert_eq!(let_through(&test, &one, 50).await, 0);
}

#[tokio::test]
async fn a_key_of_two_organisations_counts_in_both() {
    let limits = RateLimits { per_org: rate(1, 10), ..RateLimits::default() };
    let test = TestEngine::in_memory_with(limits).await;
    let both = test.make_orgs(&["acme"]).await;
    assert_eq!(let_through(&test, &both, 50).await, 9, "the owner of `default` has come once");
    test.clock.advance_seconds(60);
    let caller = test.caller(&both).await.unwrap();
    let acme = test.issue(&caller, &["acme"], Role::App.rights(), None).await.unwrap();
    assert_ne!(org_of(&caller, "acme"), org_of(&caller, "default"));
    assert_eq!(let_through(&test, &acme, 50).await, 9);
}

#[tokio::test]
async fn refused_credentials_are_limited_by_address_and_right_ones_never() {
    let limits = RateLimits { refused_per_address: rate(2, 10), ..RateLimits::default() };
    let test = TestEngine::in_memory_with(limits).await;
    let api_key = test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap();
    let revoked = test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap();
    let id = test.caller(&revoked).await.unwrap().identity.api_key;
    test.engine.revoke_api_key(&test.owner, id).await.unwrap();
    let guess = async |address: &str, number: usize| {
        let text = if number.is_multiple_of(2) { format!("wrong {number}") } else { revoked.clone() };
        test.caller_from(&text, address).await.unwrap_err()
    };
    let unauthenticated = async |address: &str| {
        let mut count = 0;
        for number in 0..30 {
            let told = guess(address, number).await;
            assert!([Error::Unauthenticated, TOO_MANY].contains(&told), "{told:?}");
            count += usize::from(told == Error::Unauthenticated);
            // Whoever shows a valid key is not held up, from there neither.
            test.caller_from(&api_key, address).await.unwrap();
        }
        count
    };
    assert_eq!(unauthenticated("192.0.2.1").await, 10);
    assert_eq!(unauthenticated("192.0.2.1").await, 0);
    assert_eq!(unauthenticated("192.0.2.2").await, 10);
    assert_eq!(unauthenticated("2001:db8::1").await, 10);
    assert_eq!(unauthenticated("2001:db8::2").await, 0, "of IPv6 a network counts as one address");
    assert_eq!(unauthenticated("::ffff:192.0.2.2").await, 0);
    test.clock.advance_seconds(1);
    assert_eq!(unauthenticated("192.0.2.1").await, 2);
    // What is told is limited; what is written down is not.
    let events = refusals(&test, &test.owner).await;
    assert_eq!(events.iter().map(|event| event.count).sum::<u32>(), 7 * 30);
}

#[tokio::test]
async fn a_right_key_that_comes_for_the_first_time_is_let_in_beyond_the_limit_of_its_address() {
    let limits = RateLimits { refused_per_address: rate(1, 1), ..RateLimits::default() };
    let test = TestEngine::in_memory_with(limits).await;
    let (right, other) = (
        test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap(),
        test.issue(&test.owner, &[], Role::App.rights(), Some(60)).await.unwrap(),
    );
    let address = "192.0.2.1";
    let told = [test.caller_from("wrong", address).await, test.caller_from("wrong", address).await];
    assert_eq!(told.map(|told| told.map(drop)), [Err(Error::Unauthenticated), Err(TOO_MANY)]);
    // Neither is in memory: first because they are new, then because a change of identity emptied it.
    for api_key in [&right, &other] {
        test.caller_from(api_key, address).await.unwrap();
    }
    let id = test.caller(&other).await.unwrap().identity.api_key;
    test.engine.revoke_api_key(&test.owner, id).await.unwrap();
    assert_eq!(test.caller_from(&other, address).await.map(drop), Err(TOO_MANY));
    test.caller_from(&right, address).await.unwrap();
}

#[tokio::test]
async fn a_request_without_a_credential_is_limited_as_a_refused_one_is() {
    let limits = RateLimits { refused_per_address: rate(1, 3), ..RateLimits::default() };
    let test = TestEngine::in_memory_with(limits).await;
    let request = |address: &str| RequestContext {
        id: test.engine.make_request_id(),
        address: Some(address.parse().unwrap()),
    };
    let told: Vec<Error> = (0..4).map(|_| test.engine.refuse_unauthenticated(request("192.0.2.1"))).collect();
    assert_eq!(told[..3], [Error::Unauthenticated; 3]);
    assert_eq!(told[3], TOO_MANY);
    assert_eq!(test.engine.refuse_unauthenticated(request("192.0.2.2")), Error::Unauthenticated);
    let wrong = Credential::new("wrong".into());
    let refused = test.engine.authenticate(&wrong, request("192.0.2.1")).await;
    assert_eq!(refused.map(drop), Err(TOO_MANY));
}

#[tokio::test]
async fn whoever_must_wait_longer_is_told_so() {
    let limits =
        RateLimits { refused_per_address: rate(1, 1), per_api_key: rate(1, 1), ..RateLimits::default() };
    let test = TestEngine::in_memory_with(limits).await;
    test.caller("wrong").await.unwrap_err();
    for _ in 0..100 {
        assert_eq!(test.caller("wrong").await.unwrap_err(), TOO_MANY);
    }
    test.clock.advance_micros(999_999);
    assert_eq!(test.caller("wrong").await.unwrap_err(), TOO_MANY);
    test.clock.advance_micros(1);
    assert_eq!(test.caller("wrong").await.unwrap_err(), Error::Unauthenticated);
}
