//! How much was used.

use keyholt_engine::{Error, NewSecret, OrgChoice, Spent, UsageFilter, UsageView};
use keyholt_testkit::TestEngine;
use keyholt_types::{Action, ApiKeyId, Caller, RequestContext, Role, SecretId};

use crate::fixture::{bare, kind, rename, value};

const ALL: UsageFilter = UsageFilter { secret: None, api_key: None, starting_after: None, limit: 1000 };
const ANSWERED: Spent =
    Spent { status: Some(200), bytes_up: 1, bytes_down: 20, input_tokens: 300, output_tokens: 4000 };

async fn secret(test: &TestEngine, owner: &Caller, org: &str, name: &str) -> SecretId {
    let new = NewSecret { kind: Some(kind("openai")), value: Some(value("v")), ..bare(name) };
    test.engine.create_secret(owner, OrgChoice::Named(org), new).await.unwrap().secret.columns.id
}

async fn spend(test: &TestEngine, caller: &Caller, id: SecretId, spent: Spent) {
    let usable = test.engine.find_to_test(caller, id).await.unwrap();
    test.engine.count_spent(caller, &usable, spent);
}

async fn usage(test: &TestEngine, caller: &Caller, filter: UsageFilter) -> Vec<UsageView> {
    test.engine.list_usage(caller, OrgChoice::Unnamed, filter).await.unwrap()
}

fn places(usage: &[UsageView]) -> Vec<(SecretId, ApiKeyId)> {
    usage.iter().map(|view| (view.total.secret, view.total.api_key)).collect()
}

#[tokio::test]
async fn totals_add_up_however_often_they_are_written_down() {
    let test = TestEngine::in_memory().await;
    let id = secret(&test, &test.owner, "default", "a").await;
    let statuses = [Some(200), Some(399), Some(400), None, Some(500), Some(204), Some(199)];
    for (number, status) in statuses.into_iter().enumerate() {
        spend(&test, &test.owner, id, Spent { status, ..ANSWERED }).await;
        if number % 3 == 1 {
            test.engine.write_down_observations().await;
        }
        test.clock.advance_seconds(1);
    }
    assert_eq!(
        usage(&test, &test.owner, ALL).await[0].total.requests,
        5,
        "the others are not written down yet"
    );
    test.engine.write_down_observations().await;
    test.engine.write_down_observations().await;
    let all = usage(&test, &test.owner, ALL).await;
    let [UsageView { total, secret_name }] = &all[..] else { panic!("{all:?}") };
    assert_eq!(secret_name.as_deref(), Some("a"));
    assert_eq!((total.requests, total.failed, total.last_status), (7, 4, 199));
    assert_eq!((total.bytes_up, total.bytes_down), (7, 140));
    assert_eq!((total.input_tokens, total.output_tokens), (2100, 28_000));
    let begun = TestEngine::BEGINNING;
    assert_eq!(total.last_used_at.micros(), begun + 6_000_000);
}

#[tokio::test]
async fn a_number_beyond_all_bounds_does_not_turn_negative() {
    let test = TestEngine::in_memory().await;
    let id = secret(&test, &test.owner, "default", "a").await;
    for _ in 0..2 {
        spend(&test, &test.owner, id, Spent { input_tokens: u64::MAX, ..ANSWERED }).await;
    }
    test.engine.write_down_observations().await;
    assert_eq!(usage(&test, &test.owner, ALL).await[0].total.input_tokens, i64::MAX);
}

#[tokio::test]
async fn what_a_credential_uses_counts_for_the_key_that_made_it() {
    let test = TestEngine::in_memory().await;
    let id = secret(&test, &test.owner, "default", "a").await;
    let maker = test.caller_with(Role::App.rights()).await;
    for _ in 0..2 {
        let token = test.engine.create_credential(&maker, None, 600).await.unwrap();
        let request = RequestContext { id: test.engine.make_request_id(), address: None };
        let caller = test.engine.authenticate(&token.credential(), request).await.unwrap();
        spend(&test, &caller, id, ANSWERED).await;
    }
    spend(&test, &maker, id, ANSWERED).await;
    test.engine.write_down_observations().await;
    let all = usage(&test, &test.owner, ALL).await;
    assert_eq!(places(&all), [(id, maker.identity.api_key)]);
    assert_eq!(all[0].total.requests, 3);
}

#[tokio::test]
async fn each_filter_gives_its_own_page_by_page_in_all_organisations() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let (mut secrets, mut callers) = (Vec::new(), vec![test.caller(TestEngine::OWNER_KEY).await.unwrap()]);
    for number in 0..6 {
        let org = ["default", "acme"][number % 2];
        secrets.push((secret(&test, &both, org, &format!("s {number}")).await, org));
    }
    for orgs in [&["default"][..], &["acme"], &["default", "acme"]] {
        let api_key = test.issue(&both, orgs, Role::App.rights(), None).await.unwrap();
        callers.push(test.caller(&api_key).await.unwrap());
    }
    let mut all = Vec::new();
    for caller in &callers {
        for (id, org) in &secrets {
            if caller.identity.orgs.iter().any(|grant| &*grant.org_name == *org) {
                spend(&test, caller, *id, ANSWERED).await;
                all.push((*id, caller.identity.api_key));
            }
        }
    }
    test.engine.write_down_observations().await;
    all.sort_unstable();
    let keys = callers.iter().map(|caller| Some(caller.identity.api_key)).chain([None, Some(ApiKeyId::MAX)]);
    for api_key in keys {
        for secret in secrets.iter().map(|(id, _)| Some(*id)).chain([None, Some(SecretId::MAX)]) {
            let is_wanted = |place: &&(SecretId, ApiKeyId)| {
                secret.is_none_or(|secret| secret == place.0) && api_key.is_none_or(|key| key == place.1)
            };
            let expected: Vec<_> = all.iter().filter(is_wanted).copied().collect();
            for limit in [1, 2, 5, 1000] {
                let mut pages = Vec::new();
                loop {
                    let starting_after = pages.last().copied();
                    let filter = UsageFilter { secret, api_key, starting_after, limit };
                    let page = places(&usage(&test, &both, filter).await);
                    assert!(page.len() <= limit as usize);
                    if page.is_empty() {
                        break;
                    }
                    pages.extend(page);
                }
                assert_eq!(pages, expected, "{api_key:?} {secret:?} {limit}");
            }
            // A place between rows is as good as one of a row.
            for (id, _) in &secrets {
                let filter =
                    UsageFilter { secret, api_key, starting_after: Some((*id, ApiKeyId::MAX)), limit: 1000 };
                let after: Vec<_> = expected.iter().filter(|place| place.0 > *id).copied().collect();
                assert_eq!(places(&usage(&test, &both, filter).await), after);
            }
        }
    }
}

#[tokio::test]
async fn usage_is_shown_where_the_caller_may_read_and_under_the_present_name() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let a = secret(&test, &both, "default", "a").await;
    spend(&test, &both, a, ANSWERED).await;
    let there = secret(&test, &both, "acme", "there").await;
    spend(&test, &both, there, ANSWERED).await;
    test.engine.write_down_observations().await;
    test.engine.patch_secret(&both, a, rename("b")).await.unwrap();
    let names = |usage: &[UsageView]| -> Vec<_> { usage.iter().map(|view| view.secret_name.clone()).collect() };
    assert_eq!(names(&usage(&test, &test.owner, ALL).await), [Some("b".into())]);
    test.engine.delete_secret(&both, a).await.unwrap();
    assert_eq!(names(&usage(&test, &both, ALL).await), [None, Some("there".into())]);
    let app = test.caller_with(Role::App.rights()).await;
    let refused = test.engine.list_usage(&app, OrgChoice::Unnamed, ALL).await.unwrap_err();
    assert!(matches!(refused, Error::Forbidden(_)), "{refused:?}");
}

#[tokio::test]
async fn uses_of_a_second_are_one_event_of_each_kind() {
    let test = TestEngine::in_memory().await;
    let id = secret(&test, &test.owner, "default", "a").await;
    let api_key = test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap();
    for address in ["192.0.2.1", "192.0.2.1", "192.0.2.2"] {
        let caller = test.caller_from(&api_key, address).await.unwrap();
        let usable = test.engine.find_to_test(&caller, id).await.unwrap();
        test.engine.count_use(&caller, &usable, Action::SecretUse);
    }
    let uses = async || {
        test.engine.write_down_observations().await;
        let log = test.audit().await.into_iter().map(|record| record.event);
        let uses = log.filter(|event| event.action == Action::SecretUse);
        uses.map(|event| (event.address.unwrap().to_string(), event.count, event.subject.id))
            .collect::<Vec<_>>()
    };
    let expected = [("192.0.2.2".to_owned(), 1, id.uuid()), ("192.0.2.1".to_owned(), 2, id.uuid())];
    assert_eq!(uses().await, expected);
    assert_eq!(uses().await, expected, "each is written down once");
}
