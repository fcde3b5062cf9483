//! What is written down of those who are refused: gathered, so that a flood of them does not fill the disk.

use std::sync::Arc;

use keyholt_engine::{Error, OrgChoice, PageRequest};
use keyholt_testkit::{Canary, Intruder, Random, TestEngine};
use keyholt_types::{Action, Outcome, Right, Rights, Role, SubjectKind};

use super::fixture::refusals;
use crate::fixture::bare;

/// How many kinds are told apart at a time.
const KINDS: usize = 20;

#[tokio::test]
async fn a_flood_of_wrong_credentials_is_a_few_events_that_add_up() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let before = test.audit().await.len();
    let mut random = Random::new(20_261_122);
    let mut canaries = Vec::new();
    for number in 0..10_000_u32 {
        let address = if number % 3 == 0 {
            format!("2001:db8::{:x}", number % 500)
        } else {
            format!("192.0.{}.{}", number % 500 / 250, number % 250)
        };
        let canary = Canary::plain("a wrong credential", &mut random);
        let refused = test.caller_from(&canary.text, &address).await.unwrap_err();
        assert_eq!(refused, Error::Unauthenticated);
        if number % 100 == 0 {
            canaries.push(canary);
        }
    }
    let events = refusals(&test, &test.owner).await;
    assert!((KINDS..=KINDS + 3).contains(&events.len()), "{}", events.len());
    assert_eq!(test.audit().await.len(), before + events.len());
    assert_eq!(events.iter().map(|event| event.count).sum::<u32>(), 10_000);
    for event in &events {
        assert_eq!((event.action, event.outcome), (Action::Authenticate, Outcome::Refused));
        assert_eq!((event.org, event.api_key, event.principal), (None, None, None));
        assert_eq!(event.subject.kind, SubjectKind::Deployment);
    }
    // Those beyond the first kinds are one that names no address.
    assert_eq!(events.iter().filter(|event| event.address.is_none()).count(), 1);
    assert_eq!(test.engine.verify_audit(&test.owner).await.unwrap().first_bad, None);
    assert_eq!(Canary::find_all_below(&canaries, &dir).unwrap(), []);
    // Nothing is left over for the next time, which tells kinds apart anew.
    test.engine.write_down_observations().await;
    test.caller_from("wrong", "203.0.113.9").await.unwrap_err();
    let again = refusals(&test, &test.owner).await;
    assert_eq!(again.len(), events.len() + 1);
    assert_eq!(again[0].address, "203.0.113.9".parse().ok());
}

#[tokio::test]
async fn a_flood_of_refused_attempts_is_a_few_events_of_each_action() {
    let test = TestEngine::in_memory().await;
    let mut callers = Vec::new();
    for _ in 0..30 {
        callers.push(test.caller_with(Role::App.rights()).await);
    }
    for _ in 0..10 {
        for caller in &callers {
            test.engine.create_secret(caller, OrgChoice::Unnamed, bare("a")).await.unwrap_err();
            test.engine.find_secret(caller, keyholt_types::SecretId::MIN).await.unwrap_err();
        }
    }
    let events = refusals(&test, &test.owner).await;
    assert!(events.len() <= KINDS + 2, "{}", events.len());
    assert_eq!(events.iter().map(|event| event.count).sum::<u32>(), 600);
    let of_action = |action| {
        let of_it = events.iter().filter(|event| event.action == action);
        of_it.map(|event| event.count).sum::<u32>()
    };
    assert_eq!((of_action(Action::SecretWrite), of_action(Action::SecretRead)), (300, 300));
}

/// Otherwise whoever wants to try something unseen need only make some noise without a key.
#[tokio::test]
async fn a_flood_of_wrong_credentials_hides_nobody_who_has_a_key() {
    let test = TestEngine::in_memory().await;
    let revoked = test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap();
    let id = test.caller(&revoked).await.unwrap().identity.api_key;
    test.engine.revoke_api_key(&test.owner, id).await.unwrap();
    let caller = test.caller_with(Role::App.rights()).await;
    for number in 0..1_000 {
        test.caller_from("wrong", &format!("2001:db8::{number:x}")).await.unwrap_err();
    }
    test.engine.create_secret(&caller, OrgChoice::Unnamed, bare("a")).await.unwrap_err();
    test.caller_from(&revoked, "203.0.113.9").await.unwrap_err();
    let seen = refusals(&test, &test.owner).await;
    let of = |api_key| seen.iter().filter(|event| event.api_key == Some(api_key)).count();
    assert_eq!((of(caller.identity.api_key), of(id)), (1, 1), "{seen:?}");
    assert_eq!(seen.len(), KINDS + 1 + 2);
}

#[tokio::test]
async fn a_refused_attempt_says_who_where_and_what() {
    let test = TestEngine::in_memory().await;
    let api_key = test.issue(&test.owner, &[], Rights::of(&[Right::Read]), None).await.unwrap();
    let caller = test.caller_from(&api_key, "203.0.113.9").await.unwrap();
    for _ in 0..7 {
        test.engine.create_secret(&caller, OrgChoice::Unnamed, bare("a")).await.unwrap_err();
    }
    // From elsewhere, or something else, is another kind.
    let elsewhere = test.caller(&api_key).await.unwrap();
    test.engine.create_secret(&elsewhere, OrgChoice::Unnamed, bare("a")).await.unwrap_err();
    test.engine.verify_audit(&caller).await.unwrap_err();
    test.clock.advance_seconds(5);
    let events = refusals(&test, &test.owner).await;
    let seen: Vec<_> =
        events.iter().map(|event| (event.action, event.address.is_some(), event.count)).collect();
    let expected =
        [(Action::Operate, true, 1), (Action::SecretWrite, false, 1), (Action::SecretWrite, true, 7)];
    assert_eq!(seen, expected);
    for event in events {
        assert_eq!(event.org, Some(caller.identity.orgs[0].org));
        assert_eq!(event.api_key, Some(caller.identity.api_key));
        assert_eq!(event.principal, Some(caller.identity.principal));
        assert_eq!(event.at.micros(), TestEngine::BEGINNING, "when it first happened");
        assert!(event.request.is_some());
    }
}

#[tokio::test]
async fn a_key_that_is_no_longer_valid_is_named_and_an_unknown_one_is_not() {
    let test = TestEngine::in_memory().await;
    let expired = test.issue(&test.owner, &[], Role::App.rights(), Some(60)).await.unwrap();
    let revoked = test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap();
    let mut ids = Vec::new();
    for text in [&expired, &revoked] {
        ids.push(test.caller(text).await.unwrap().identity.api_key);
    }
    test.engine.revoke_api_key(&test.owner, ids[1]).await.unwrap();
    test.clock.advance_seconds(60);
    for (text, id) in [(&*expired, Some(ids[0])), (&*revoked, Some(ids[1])), ("unknown", None)] {
        assert_eq!(test.caller(text).await.unwrap_err(), Error::Unauthenticated);
        let event = refusals(&test, &test.owner).await.remove(0);
        assert_eq!((event.action, event.api_key), (Action::Authenticate, id));
        assert!(id.is_none_or(|id| event.subject.id == id.uuid()));
        assert_eq!(event.org.is_some(), id.is_some());
    }
}

#[tokio::test]
async fn who_shows_an_unknown_credential_is_told_to_operators_only() {
    let test = TestEngine::in_memory().await;
    let admin = test.caller_with(Role::Owner.rights()).await;
    test.caller_from("wrong", "203.0.113.9").await.unwrap_err();
    assert_eq!(refusals(&test, &test.owner).await.len(), 1);
    assert_eq!(refusals(&test, &admin).await, []);
    let page = PageRequest { starting_after: None, limit: 10 };
    let of_one = test.engine.list_audit(&test.owner, OrgChoice::Named("default"), page).await.unwrap();
    assert!(of_one.iter().all(|record| record.event.outcome == Outcome::Done));
}

#[tokio::test]
async fn a_changed_count_is_found() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    for _ in 0..5 {
        test.caller("wrong").await.unwrap_err();
    }
    test.engine.write_down_observations().await;
    let intruder = Intruder::in_directory(&dir).unwrap();
    for (to, is_found) in [(4, true), (1, true), (0, true), (5, false), (-1, true)] {
        assert_eq!(
            intruder
                .execute(&format!("UPDATE audit_events SET count = {to} WHERE action = 'authenticate'"))
                .unwrap(),
            1
        );
        let found = test.engine.verify_audit(&test.owner).await.unwrap().first_bad.is_some();
        assert_eq!(found, is_found, "{to}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_refusal_is_lost_while_others_are_written_down() {
    let test = Arc::new(TestEngine::in_memory().await);
    let mut tasks = tokio::task::JoinSet::new();
    for guesser in 0..8 {
        let test = Arc::clone(&test);
        tasks.spawn(async move {
            for _ in 0..100 {
                test.caller_from("wrong", &format!("192.0.2.{guesser}")).await.unwrap_err();
            }
        });
    }
    for _ in 0..4 {
        let test = Arc::clone(&test);
        tasks.spawn(async move {
            for _ in 0..20 {
                test.engine.write_down_observations().await;
            }
        });
    }
    tasks.join_all().await;
    let events = refusals(&test, &test.owner).await;
    assert_eq!(events.iter().map(|event| event.count).sum::<u32>(), 800);
    assert_eq!(test.engine.verify_audit(&test.owner).await.unwrap().first_bad, None);
}
