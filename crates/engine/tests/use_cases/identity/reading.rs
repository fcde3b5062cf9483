//! Looking identities up: everything of an organisation with the right to read, and oneself without it
//! (wire/braintrust.md 7.4).

use keyholt_engine::{
    ApiKeyView, Error, IdentityFilter, MemberFilter, NewApiKey, OrgChoice, OrgReach, PrincipalKind,
};
use keyholt_testkit::TestEngine;
use keyholt_types::{ApiKeyId, Caller, OrgId, PrincipalId, ProjectId, Right, Rights, Role};

use super::fixture::{key_of, org_name, org_of, person};

const UNNAMED: OrgChoice<'_> = OrgChoice::Unnamed;

async fn keys(test: &TestEngine, caller: &Caller, org: OrgChoice<'_>) -> Vec<ApiKeyId> {
    let all = IdentityFilter::default();
    let listed = test.engine.list_api_keys(caller, org, &all, |_| true).await.unwrap();
    listed.into_iter().map(|key| key.id).collect()
}

async fn members(test: &TestEngine, caller: &Caller, org: OrgChoice<'_>) -> Vec<PrincipalId> {
    let listed = test.engine.list_members(caller, org, &MemberFilter::default()).await.unwrap();
    listed.into_iter().map(|member| member.id).collect()
}

async fn projects(test: &TestEngine, caller: &Caller, org: OrgChoice<'_>) -> Vec<ProjectId> {
    let listed = test.engine.list_projects(caller, org, &IdentityFilter::default()).await.unwrap();
    listed.into_iter().map(|project| project.id).collect()
}

async fn orgs(test: &TestEngine, caller: &Caller, reach: OrgReach) -> Vec<String> {
    let listed = test.engine.list_orgs(caller, reach, &IdentityFilter::default()).await.unwrap();
    listed.into_iter().map(|org| org.name.into()).collect()
}

#[tokio::test]
async fn whoever_may_not_read_sees_itself_its_keys_and_its_project() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let evals = test.engine.create_project(&test.owner, UNNAMED, org_name("evals")).await.unwrap();
    for right in [Right::Write, Right::Use, Right::Reveal, Right::Admin] {
        let rights = Rights::of(&[right]);
        let ann = person(&test, &test.owner, &[], rights).await;
        let of_ann = async |project: &str| {
            let new = NewApiKey {
                principal: Some(ann),
                project: Some(project.into()),
                ..TestEngine::new_key(rights)
            };
            test.caller(&test.issue_with(&test.owner, new).await.unwrap()).await.unwrap()
        };
        let (first, second) = (of_ann("default").await, of_ann("evals").await);
        let own_keys = [second.identity.api_key, first.identity.api_key];
        for caller in [&first, &second] {
            for org in [UNNAMED, OrgChoice::Named("default")] {
                assert_eq!(keys(&test, caller, org).await, own_keys, "{right:?}");
                assert_eq!(members(&test, caller, org).await, [ann], "{right:?}");
                assert_eq!(projects(&test, caller, org).await, [caller.identity.project.id]);
            }
            assert_eq!(keys(&test, caller, OrgChoice::Named("acme")).await, []);
            assert_eq!(members(&test, caller, OrgChoice::Named("acme")).await, []);
            assert_eq!(projects(&test, caller, OrgChoice::Named("acme")).await, []);
            for id in own_keys {
                test.engine.find_api_key(caller, id).await.unwrap();
            }
            test.engine.find_member(caller, ann).await.unwrap();
            for reach in [OrgReach::Own, OrgReach::Operated] {
                assert_eq!(orgs(&test, caller, reach).await, ["default"]);
            }
        }
        assert_eq!(test.engine.find_project(&second, evals.id).await.unwrap(), evals);
        let missing = Error::NotFound;
        assert_eq!(test.engine.find_project(&first, evals.id).await.unwrap_err(), missing);
        for other in [&test.owner, &both] {
            let (key, principal) = (other.identity.api_key, other.identity.principal);
            assert_eq!(test.engine.find_api_key(&first, key).await.unwrap_err(), missing);
            assert_eq!(test.engine.find_member(&first, principal).await.unwrap_err(), missing);
        }
    }
}

#[tokio::test]
async fn whoever_may_read_sees_all_of_its_organisations_and_nothing_of_others() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let acme = test.issue(&both, &["acme"], Role::Owner.rights(), None).await.unwrap();
    let acme = test.caller(&acme).await.unwrap();
    let viewer = test.caller_with(Role::Viewer.rights()).await;
    let in_default = [viewer.identity.api_key, both.identity.api_key, test.owner.identity.api_key];
    assert_eq!(keys(&test, &viewer, UNNAMED).await, in_default);
    assert_eq!(members(&test, &viewer, UNNAMED).await.len(), 3);
    assert_eq!(keys(&test, &acme, UNNAMED).await, [acme.identity.api_key, both.identity.api_key]);
    // What is another's and what is nobody's is told apart by none.
    for key in [acme.identity.api_key, ApiKeyId::MIN, ApiKeyId::MAX] {
        assert_eq!(test.engine.find_api_key(&viewer, key).await.unwrap_err(), Error::NotFound);
    }
    for member in [acme.identity.principal, PrincipalId::MIN] {
        assert_eq!(test.engine.find_member(&viewer, member).await.unwrap_err(), Error::NotFound);
    }
    for project in [acme.identity.project.id, ProjectId::MAX] {
        assert_eq!(test.engine.find_project(&viewer, project).await.unwrap_err(), Error::NotFound);
    }
    for org in [org_of(&acme, "acme"), OrgId::MIN] {
        for reach in [OrgReach::Own, OrgReach::Operated] {
            assert_eq!(test.engine.find_org(&viewer, reach, org).await.unwrap_err(), Error::NotFound);
        }
    }
    // Of whoever is in both it is told what concerns one's own.
    let own = org_of(&viewer, "default");
    let seen = test.engine.find_member(&viewer, both.identity.principal).await.unwrap();
    assert_eq!(seen.memberships.iter().map(|one| one.org).collect::<Vec<_>>(), [own]);
    let seen: ApiKeyView = test.engine.find_api_key(&viewer, both.identity.api_key).await.unwrap();
    assert_eq!(seen.grants.iter().map(|(org, _)| *org).collect::<Vec<_>>(), [own]);
    let project_of_both = &both.identity.project;
    assert_eq!(seen.project, (project_of_both.org == own).then_some(project_of_both.id));
}

#[tokio::test]
async fn the_right_to_read_counts_in_its_own_organisation() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let ann = person(&test, &both, &["default", "acme"], Role::Viewer.rights()).await;
    let api_key = key_of(&test, &both, ann, &["default", "acme"], Role::Viewer.rights()).await;
    let less = super::fixture::rights(Role::App.rights());
    test.engine.patch_member(&both, OrgChoice::Named("acme"), ann, less).await.unwrap();
    let more = super::fixture::rights(Role::Viewer.rights());
    test.engine.patch_member(&both, OrgChoice::Named("default"), ann, more).await.unwrap();
    // Nothing is left to her in `acme`: a viewer's key and a user's membership have no right in common.
    let caller = test.caller(&api_key).await.unwrap();
    assert_eq!(caller.identity.orgs.len(), 1);
    let reads_and_uses = Rights::of(&[Right::Read, Right::Use]);
    for org in ["default", "acme"] {
        let patch = super::fixture::rights(reads_and_uses);
        test.engine.patch_member(&both, OrgChoice::Named(org), ann, patch).await.unwrap();
    }
    let api_key = key_of(&test, &both, ann, &["default", "acme"], reads_and_uses).await;
    let patch = super::fixture::rights(Role::App.rights());
    test.engine.patch_member(&both, OrgChoice::Named("acme"), ann, patch).await.unwrap();
    let caller = test.caller(&api_key).await.unwrap();
    assert_eq!(caller.identity.orgs.len(), 2);
    let of_acme = test.issue(&both, &["acme"], Role::App.rights(), None).await.unwrap();
    let of_acme = test.caller(&of_acme).await.unwrap();
    assert_eq!(members(&test, &caller, OrgChoice::Named("acme")).await, [ann]);
    assert_eq!(members(&test, &caller, OrgChoice::Named("default")).await.len(), 3);
    let id = of_acme.identity.api_key;
    assert_eq!(test.engine.find_api_key(&caller, id).await.unwrap_err(), Error::NotFound);
    assert_eq!(
        test.engine.find_member(&caller, of_acme.identity.principal).await.unwrap_err(),
        Error::NotFound
    );
    // The key of both is seen through either.
    test.engine.find_api_key(&caller, both.identity.api_key).await.unwrap();
}

#[tokio::test]
async fn an_organisation_is_renamed_by_whom_it_is_administered_by_and_by_operators() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let bob = person(&test, &both, &["default", "acme"], Role::Owner.rights()).await;
    let api_key = key_of(&test, &both, bob, &["default", "acme"], Role::Owner.rights()).await;
    let less = super::fixture::rights(Role::Engineer.rights());
    test.engine.patch_member(&both, OrgChoice::Named("acme"), bob, less).await.unwrap();
    let caller = test.caller(&api_key).await.unwrap();
    let (here, there) = (org_of(&caller, "default"), org_of(&caller, "acme"));
    let rename = async |caller: &Caller, id: OrgId, name: &str| {
        test.engine.rename_org(caller, id, org_name(name)).await.map(|org| String::from(org.name))
    };
    assert_eq!(rename(&caller, there, "beta").await, Err(super::fixture::NOT_ADMIN));
    assert_eq!(rename(&caller, OrgId::MAX, "beta").await, Err(Error::NotFound));
    assert_eq!(rename(&caller, here, "home").await.as_deref(), Ok("home"));
    assert_eq!(rename(&both, there, "beta").await.as_deref(), Ok("beta"));
    assert_eq!(rename(&test.owner, there, "gamma").await.as_deref(), Ok("gamma"));
}

/// What somebody is elsewhere is not told by being seen here.
#[tokio::test]
async fn a_member_is_shown_with_what_it_is_where_the_caller_may_read() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let (viewer, app) = (Role::Viewer.rights(), Role::App.rights());
    let ann = person(&test, &both, &["default", "acme"], Role::Engineer.rights()).await;
    let of_ann = key_of(&test, &both, ann, &["default", "acme"], app).await;
    let of_ann = test.caller(&of_ann).await.unwrap();
    let bob = person(&test, &both, &["default", "acme"], Rights::of(&[Right::Read, Right::Use])).await;
    let api_key = key_of(&test, &both, bob, &["default", "acme"], Rights::of(&[Right::Read, Right::Use])).await;
    for (org, given) in [("default", viewer), ("acme", app)] {
        let patch = super::fixture::rights(given);
        test.engine.patch_member(&both, OrgChoice::Named(org), bob, patch).await.unwrap();
    }
    let caller = test.caller(&api_key).await.unwrap();
    let orgs =
        |member: &keyholt_engine::MemberView| member.memberships.iter().map(|one| one.org).collect::<Vec<_>>();
    let here = org_of(&caller, "default");
    assert_eq!(orgs(&test.engine.find_member(&caller, ann).await.unwrap()), [here]);
    let listed = test.engine.list_members(&caller, UNNAMED, &MemberFilter::default()).await.unwrap();
    assert_eq!(orgs(listed.iter().find(|member| member.id == ann).unwrap()), [here]);
    // Of oneself everything is shown.
    assert_eq!(orgs(&test.engine.find_member(&caller, bob).await.unwrap()).len(), 2);
    // Nor is it told who holds a key once that is known only from there.
    let holder = async || {
        let all = IdentityFilter::default();
        let listed = test.engine.list_api_keys(&caller, UNNAMED, &all, |_| true).await.unwrap();
        let listed = listed.into_iter().find(|key| key.id == of_ann.identity.api_key).unwrap();
        let found = test.engine.find_api_key(&caller, of_ann.identity.api_key).await.unwrap();
        assert_eq!(listed.holder, found.holder);
        found.holder.name
    };
    assert_eq!(holder().await.as_deref(), Some("Ann"));
    test.engine.remove_member(&both, OrgChoice::Named("default"), ann).await.unwrap();
    assert_eq!(holder().await, None);
}

#[tokio::test]
async fn members_are_told_apart_by_kind_name_and_address() {
    let test = TestEngine::in_memory().await;
    let ann = person(&test, &test.owner, &[], Role::App.rights()).await;
    let robot = test.caller_with(Role::App.rights()).await.identity.principal;
    let owner = test.owner.identity.principal;
    let found = async |filter: MemberFilter| {
        let listed = test.engine.list_members(&test.owner, UNNAMED, &filter).await.unwrap();
        listed.into_iter().map(|member| member.id).collect::<Vec<_>>()
    };
    let of_kind = |kind| MemberFilter { kind: Some(kind), ..MemberFilter::default() };
    assert_eq!(found(of_kind(PrincipalKind::User)).await, [ann]);
    assert_eq!(found(of_kind(PrincipalKind::ServiceAccount)).await, [robot, owner]);
    let of_email = |emails: &[&str]| MemberFilter {
        emails: Some(emails.iter().map(|one| (*one).into()).collect()),
        ..MemberFilter::default()
    };
    assert_eq!(found(of_email(&["x", "ann@example.com"])).await, [ann]);
    assert_eq!(found(of_email(&["Ann@example.com"])).await, []);
    assert_eq!(found(of_email(&[])).await, []);
    let page = |names: Option<&[&str]>, ids: Option<&[PrincipalId]>| MemberFilter {
        page: IdentityFilter {
            names: names.map(|names| names.iter().map(|one| (*one).into()).collect()),
            ids: ids.map(<[_]>::to_vec),
            ..IdentityFilter::default()
        },
        ..MemberFilter::default()
    };
    assert_eq!(found(page(Some(&["Ann", "owner"]), None)).await, [ann, owner]);
    assert_eq!(found(page(None, Some(&[owner, ann, owner, PrincipalId::MIN]))).await, [ann, owner]);
    assert_eq!(found(page(Some(&["Ann"]), Some(&[owner]))).await, []);
    assert_eq!(found(page(Some(&[]), None)).await, []);
}
