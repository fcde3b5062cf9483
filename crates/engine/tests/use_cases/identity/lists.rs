//! Pages of organisations, projects, members and API keys (wire/braintrust.md 7.4, 3.1).

use std::fmt::Debug;

use keyholt_engine::{IdentityFilter, MemberFilter, OrgChoice, OrgReach};
use keyholt_testkit::TestEngine;
use keyholt_types::{ApiKeyId, Caller, OrgId, PrincipalId, ProjectId, Role};

use super::fixture::{create_person, org_name};

const UNNAMED: OrgChoice<'_> = OrgChoice::Unnamed;

/// What a list of `all`, newest first, answers to a filter without names.
fn model<Id: Copy + Ord>(all: &[Id], filter: &IdentityFilter<Id>) -> Vec<Id> {
    let is_wanted = |id: &&Id| {
        filter.ids.as_ref().is_none_or(|ids| ids.contains(id))
            && filter.starting_after.is_none_or(|cursor| **id < cursor)
            && filter.ending_before.is_none_or(|cursor| **id > cursor)
    };
    let wanted: Vec<Id> = all.iter().filter(is_wanted).copied().collect();
    let limit = filter.limit.map_or(wanted.len(), |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let limit = limit.min(wanted.len());
    match (filter.ending_before, filter.starting_after) {
        // The rows nearest to the cursor are the last ones.
        (Some(_), None) => wanted[wanted.len() - limit..].to_vec(),
        _ => wanted[..limit].to_vec(),
    }
}

/// Every way to ask for a page: each cursor, no limit and small ones, all ids and some.
async fn assert_pages<Id: Copy + Ord + Debug>(all: &[Id], list: impl AsyncFn(IdentityFilter<Id>) -> Vec<Id>) {
    assert!(all.len() >= 5 && all.is_sorted_by(|one, next| one > next), "{all:?}");
    let mut cursors: Vec<Option<Id>> = all.iter().copied().map(Some).collect();
    cursors.push(None);
    let some: Vec<Id> = all.iter().step_by(2).copied().collect();
    for ids in [None, Some(some), Some(all.to_vec()), Some(Vec::new())] {
        for starting_after in &cursors {
            for ending_before in &cursors {
                for limit in [None, Some(0), Some(1), Some(2), Some(3), Some(u64::MAX)] {
                    let filter = IdentityFilter {
                        ids: ids.clone(),
                        names: None,
                        starting_after: *starting_after,
                        ending_before: *ending_before,
                        limit,
                    };
                    assert_eq!(list(filter.clone()).await, model(all, &filter), "{filter:?}");
                }
            }
        }
    }
}

/// An owner of two organisations, which share it and in each of which there is more.
async fn two_orgs() -> (TestEngine, Caller) {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    for number in 0..4 {
        let org = ["acme", "default", "default", "acme"][number];
        let name = org_name(&format!("project {number}"));
        test.engine.create_project(&both, OrgChoice::Named(org), name).await.unwrap();
        create_person(&test, &both, &[org], Role::App.rights()).await.unwrap();
        test.issue(&both, &[org], Role::App.rights(), None).await.unwrap();
    }
    create_person(&test, &both, &["default", "acme"], Role::App.rights()).await.unwrap();
    test.issue(&both, &["default", "acme"], Role::App.rights(), None).await.unwrap();
    (test, both)
}

#[tokio::test]
async fn pages_of_projects_are_as_they_are_asked_for() {
    let (test, both) = two_orgs().await;
    let list = async |filter: IdentityFilter<ProjectId>| {
        let listed = test.engine.list_projects(&both, UNNAMED, &filter).await.unwrap();
        listed.into_iter().map(|project| project.id).collect::<Vec<_>>()
    };
    assert_pages(&list(IdentityFilter::default()).await, list).await;
}

#[tokio::test]
async fn pages_of_members_are_as_they_are_asked_for() {
    let (test, both) = two_orgs().await;
    let list = async |page: IdentityFilter<PrincipalId>| {
        let filter = MemberFilter { page, ..MemberFilter::default() };
        let listed = test.engine.list_members(&both, UNNAMED, &filter).await.unwrap();
        listed.into_iter().map(|member| member.id).collect::<Vec<_>>()
    };
    let all = list(IdentityFilter::default()).await;
    // Two owners, four keys' service accounts and one of both organisations, and five people: each once.
    assert_eq!(all.len(), 2 + 5 + 5);
    assert_pages(&all, list).await;
}

#[tokio::test]
async fn pages_of_api_keys_are_as_they_are_asked_for() {
    let (test, both) = two_orgs().await;
    let list = async |filter: IdentityFilter<ApiKeyId>| {
        let listed = test.engine.list_api_keys(&both, UNNAMED, &filter, |_| true).await.unwrap();
        listed.into_iter().map(|key| key.id).collect::<Vec<_>>()
    };
    let all = list(IdentityFilter::default()).await;
    assert_eq!(all.len(), 2 + 5);
    assert_pages(&all, list).await;
}

#[tokio::test]
async fn pages_of_organisations_are_as_they_are_asked_for() {
    let test = TestEngine::in_memory().await;
    let all = test.caller(&test.make_orgs(&["a", "b", "c", "d", "e"]).await).await.unwrap();
    for (caller, reach) in [(&all, OrgReach::Own), (&test.owner, OrgReach::Operated)] {
        let list = async |filter: IdentityFilter<OrgId>| {
            let listed = test.engine.list_orgs(caller, reach, &filter).await.unwrap();
            listed.into_iter().map(|org| org.id).collect::<Vec<_>>()
        };
        let listed = list(IdentityFilter::default()).await;
        assert_eq!(listed.len(), 6);
        assert_pages(&listed, list).await;
    }
}

/// More rows than are read at a time, of which few are wanted: limits count only those.
#[tokio::test]
async fn a_page_is_full_however_many_rows_are_not_wanted() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let mut wanted = Vec::new();
    for number in 0..1_200 {
        let org = OrgChoice::Named(["default", "acme"][usize::from(number >= 1_100)]);
        let project = test.engine.create_project(&both, org, org_name(&format!("p{number}"))).await.unwrap();
        if [0, 1, 499, 500, 501, 998, 1_000, 1_099, 1_150].contains(&number) {
            wanted.push((project.id, project.name));
        }
    }
    wanted.reverse();
    let names: Vec<Box<str>> = wanted.iter().map(|(_, name)| name.clone()).collect();
    let ids: Vec<ProjectId> = wanted.iter().map(|(id, _)| *id).collect();
    let list = async |filter: IdentityFilter<ProjectId>| {
        let listed = test.engine.list_projects(&both, UNNAMED, &filter).await.unwrap();
        listed.into_iter().map(|project| project.id).collect::<Vec<_>>()
    };
    let named = || IdentityFilter { names: Some(names.clone()), ..IdentityFilter::default() };
    assert_eq!(list(named()).await, ids);
    assert_eq!(list(IdentityFilter::default()).await.len(), 1_202);
    for limit in 1..=3 {
        let (mut forwards, mut after) = (Vec::new(), None);
        loop {
            let filter = IdentityFilter { starting_after: after, limit: Some(limit), ..named() };
            let page = list(filter.clone()).await;
            assert_eq!(page, model(&ids, &filter));
            let Some(last) = page.last() else { break };
            after = Some(*last);
            forwards.extend(page);
        }
        assert_eq!(forwards, ids, "{limit}");
        let (mut backwards, mut before) = (Vec::new(), ProjectId::MIN);
        loop {
            let filter = IdentityFilter { ending_before: Some(before), limit: Some(limit), ..named() };
            let page = list(filter.clone()).await;
            assert_eq!(page, model(&ids, &filter));
            let Some(first) = page.first() else { break };
            before = *first;
            backwards.extend(page.into_iter().rev());
        }
        backwards.reverse();
        assert_eq!(backwards, ids, "{limit} backwards");
    }
}

#[tokio::test]
async fn only_the_keys_that_are_wanted_count_for_a_limit() {
    let test = TestEngine::in_memory().await;
    let mut expected = Vec::new();
    for number in 0..12 {
        let caller = test.caller_with(Role::App.rights()).await;
        if number % 3 == 0 {
            test.engine.revoke_api_key(&test.owner, caller.identity.api_key).await.unwrap();
        } else {
            expected.push(caller.identity.api_key);
        }
    }
    expected.reverse();
    for limit in 1..=8 {
        let filter = IdentityFilter { limit: Some(limit), ..IdentityFilter::default() };
        let is_robot = |key: &keyholt_engine::ApiKeyView| key.revoked_at.is_none() && &*key.name == "robot";
        let listed = test.engine.list_api_keys(&test.owner, UNNAMED, &filter, is_robot).await.unwrap();
        let ids: Vec<_> = listed.iter().map(|key| key.id).collect();
        assert_eq!(ids, expected[..limit as usize]);
    }
}
