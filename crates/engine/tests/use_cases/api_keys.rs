//! Issuing and listing API keys.

use std::sync::Arc;

use keyholt_engine::{ApiKeyView, Denied, Error, IdentityFilter, MemberPatch, NewApiKey, OrgChoice};
use keyholt_testkit::TestEngine;
use keyholt_types::{ApiKeyId, Caller, OrgName, Right, Rights, Role};

const NOT_ADMIN: Error = Error::Forbidden(Denied::Right(Right::Admin));

async fn page(
    test: &TestEngine,
    caller: &Caller,
    org: OrgChoice<'_>,
    starting_after: Option<ApiKeyId>,
    limit: u64,
) -> Vec<ApiKeyView> {
    let filter = IdentityFilter { starting_after, limit: Some(limit), ..IdentityFilter::default() };
    test.engine.list_api_keys(caller, org, &filter, |_| true).await.unwrap()
}

#[tokio::test]
async fn nobody_grants_more_than_they_have() {
    let test = TestEngine::in_memory().await;
    let admin = Rights::of(&[Right::Admin, Right::Read, Right::Use]);
    let maker = test.caller_with(admin).await;
    for bits in 0..32 {
        let rights = Rights::from_bits(bits).unwrap();
        let issued = test.issue(&maker, &[], rights, None).await;
        // A key that could do nothing is not issued.
        if rights != Rights::NONE && rights.is_within(admin) {
            let caller = test.caller(&issued.unwrap()).await.unwrap();
            assert_eq!(caller.identity.orgs[0].rights, rights);
            assert!(!caller.identity.operator);
        } else {
            assert_eq!(issued.unwrap_err(), Error::Forbidden(Denied::MoreThanOwn), "{rights:?}");
        }
    }
}

#[tokio::test]
async fn whoever_does_not_administer_issues_nothing() {
    let test = TestEngine::in_memory().await;
    for role in [Role::Engineer, Role::Viewer, Role::App, Role::Resolver] {
        let maker = test.caller_with(role.rights()).await;
        for rights in [Rights::NONE, role.rights(), Role::Owner.rights()] {
            assert_eq!(test.issue(&maker, &[], rights, None).await.unwrap_err(), NOT_ADMIN, "{role:?}");
        }
    }
}

#[tokio::test]
async fn an_administrator_of_one_organisation_grants_nothing_in_another() {
    let test = TestEngine::in_memory().await;
    test.make_orgs(&["acme"]).await;
    let owner = test.caller_with(Role::Owner.rights()).await;
    for org in ["acme", "nowhere", ""] {
        for orgs in [&[org][..], &["default", org]] {
            let refused = test.issue(&owner, orgs, Role::App.rights(), None).await.unwrap_err();
            assert_eq!(refused, Error::Forbidden(Denied::Org), "{orgs:?}");
        }
    }
}

#[tokio::test]
async fn an_operator_issues_the_first_owner_key_of_an_organisation_and_only_that() {
    let test = TestEngine::in_memory().await;
    test.engine.create_org(&test.owner, OrgName::parse("acme").unwrap()).await.unwrap();
    let owner = Role::Owner.rights();
    for rights in [Rights::NONE, Role::Viewer.rights(), Rights::of(&[Right::Admin])] {
        assert_eq!(test.issue(&test.owner, &["acme"], rights, None).await.unwrap_err(), NOT_ADMIN);
    }
    let first = test.issue(&test.owner, &["acme"], owner, Some(60)).await.unwrap();
    assert_eq!(test.issue(&test.owner, &["acme"], owner, None).await.unwrap_err(), NOT_ADMIN);
    let first = test.caller(&first).await.unwrap();
    assert_eq!((&*first.identity.orgs[0].org_name, first.identity.operator), ("acme", false));
    // When the only owner's key has been revoked, or has expired, nobody could administer any more.
    test.clock.advance_seconds(60);
    // Whoever is an operator besides may take itself away, as the last owner too.
    let new = || NewApiKey { orgs: vec!["acme".into()], operator: true, ..TestEngine::new_key(owner) };
    let second = test.caller(&test.issue_with(&test.owner, new()).await.unwrap()).await.unwrap();
    assert_eq!(test.issue(&test.owner, &["acme"], owner, None).await.unwrap_err(), NOT_ADMIN);
    test.engine.revoke_api_key(&second, second.identity.api_key).await.unwrap();
    let third = test.issue_with(&test.owner, new()).await.unwrap();
    // Nor could anybody when the only owner suspends itself, ceases to be one, or leaves.
    let mut last = test.caller(&third).await.unwrap();
    for patch in [
        Some(MemberPatch { suspended: Some(true), ..MemberPatch::default() }),
        Some(MemberPatch { rights: Some(Role::Engineer.rights()), ..MemberPatch::default() }),
        None,
    ] {
        assert_eq!(test.issue(&test.owner, &["acme"], owner, None).await.unwrap_err(), NOT_ADMIN);
        let own = last.identity.principal;
        let _ = match patch {
            Some(patch) => test.engine.patch_member(&last, OrgChoice::Unnamed, own, patch).await.unwrap(),
            None => test.engine.remove_member(&last, OrgChoice::Unnamed, own).await.unwrap(),
        };
        let next = test.issue_with(&test.owner, new()).await.unwrap();
        last = test.caller(&next).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_first_owner_keys_at_once_one_is_issued() {
    let test = Arc::new(TestEngine::in_memory().await);
    test.engine.create_org(&test.owner, OrgName::parse("acme").unwrap()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let test = Arc::clone(&test);
        tasks.spawn(async move { test.issue(&test.owner, &["acme"], Role::Owner.rights(), None).await });
    }
    let issued = tasks.join_all().await;
    assert_eq!(issued.iter().filter(|issued| issued.is_ok()).count(), 1);
    assert!(issued.iter().all(|issued| issued.is_ok() || *issued == Err(NOT_ADMIN)));
}

#[tokio::test]
async fn a_key_belongs_to_the_project_that_is_named_in_its_first_organisation() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let key = test.issue(&both, &["acme", "default", "acme"], Role::Viewer.rights(), None).await.unwrap();
    let caller = test.caller(&key).await.unwrap();
    let acme = caller.identity.orgs.iter().find(|grant| &*grant.org_name == "acme").unwrap();
    assert_eq!(caller.identity.project.org, acme.org);
    assert_eq!(caller.identity.orgs.len(), 2);
    assert!(caller.identity.orgs.is_sorted_by_key(|grant| grant.org));
    let new = NewApiKey {
        orgs: vec!["acme".into()],
        project: Some("nowhere".into()),
        ..TestEngine::new_key(Role::Viewer.rights())
    };
    let refused = test.engine.create_api_key(&both, new).await.map(drop);
    assert!(matches!(refused, Err(Error::Invalid(keyholt_engine::Field::Project, _))), "{refused:?}");
}

#[tokio::test]
async fn a_key_of_several_organisations_must_name_those_of_a_new_key() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    assert_eq!(test.issue(&both, &[], Role::App.rights(), None).await.unwrap_err(), Error::OrgRequired);
}

#[tokio::test]
async fn keys_are_listed_newest_first_each_once_and_revoked_ones_too() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    for org in ["acme", "default", "acme"] {
        test.issue(&both, &[org], Role::App.rights(), None).await.unwrap();
    }
    let all = page(&test, &both, OrgChoice::Unnamed, None, 100).await;
    // The owner, the owner of both, and these three.
    assert_eq!(all.len(), 5);
    assert!(all.is_sorted_by(|one, next| one.id > next.id));
    assert_eq!(page(&test, &both, OrgChoice::Named("acme"), None, 100).await.len(), 3);
    assert_eq!(page(&test, &both, OrgChoice::Named("nowhere"), None, 100).await, []);
    let mut pages = Vec::new();
    while let Some(last) = pages.last().map(|key: &ApiKeyView| key.id).or(Some(ApiKeyId::MAX)) {
        let next = page(&test, &both, OrgChoice::Unnamed, Some(last), 2).await;
        if next.is_empty() {
            break;
        }
        pages.extend(next);
    }
    assert_eq!(pages, all);
    test.engine.revoke_api_key(&both, all[0].id).await.unwrap();
    let listed = page(&test, &both, OrgChoice::Unnamed, None, 1).await;
    assert!(listed[0].revoked_at.is_some());
    assert!(all.iter().all(|key| key.shown.is_empty() || key.shown.starts_with("khk_")));
}
