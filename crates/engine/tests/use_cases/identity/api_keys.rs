//! Keys that other keys make: never more than their maker, nor more than whom they stand for.

use std::sync::Arc;

use keyholt_engine::{ApiKeyView, Denied, Error, Field, IdentityFilter, NewApiKey, NewKeyRights, OrgChoice};
use keyholt_testkit::TestEngine;
use keyholt_types::{
    Action, ApiKeyId, Caller, Restriction, Restrictions, Right, Rights, Role, SubjectKind, Timestamp,
};

use super::fixture::{
    MORE, NOT_ADMIN, key_of, narrowed, org_name, patch_member, person, refusals, restriction, rights, suspended,
};
use crate::fixture::{bare, create, list, names};

/// A key with these rights of a maker of one organisation.
fn new(rights: Rights) -> NewApiKey {
    TestEngine::new_key(rights)
}

async fn issue(test: &TestEngine, maker: &Caller, new: NewApiKey) -> Result<Caller, Error> {
    let api_key = test.issue_with(maker, new).await?;
    test.caller(&api_key).await
}

async fn all_keys(test: &TestEngine) -> Vec<ApiKeyView> {
    let all = IdentityFilter::default();
    test.engine.list_api_keys(&test.owner, OrgChoice::Unnamed, &all, |_| true).await.unwrap()
}

#[tokio::test]
async fn a_key_of_a_narrowed_key_is_narrowed_as_it_is() {
    let test = TestEngine::in_memory().await;
    for name in ["OPENAI_TEST", "OPENAI_PROD", "GOOGLE_TEST"] {
        create(&test, bare(name)).await;
    }
    let owner = Role::Owner.rights();
    let openai = restriction(&["OPENAI_*"], &[], &[]);
    let maker = narrowed(&test, owner, openai.clone()).await;
    let shown = async |caller: &Caller| {
        let listed = list(&test, caller, keyholt_engine::SecretFilter::default()).await;
        names(&listed).concat()
    };
    // Without a restriction of its own, with the same, with a wider one, and with a narrower one.
    for (own, expected) in [
        (Restriction::default(), "OPENAI_PRODOPENAI_TEST"),
        (openai.clone(), "OPENAI_PRODOPENAI_TEST"),
        (restriction(&["*"], &[], &[]), "OPENAI_PRODOPENAI_TEST"),
        (restriction(&["*_TEST"], &[], &[]), "OPENAI_TEST"),
        (restriction(&["GOOGLE_*"], &[], &[]), ""),
    ] {
        let child = issue(&test, &maker, NewApiKey { restriction: own.clone(), ..new(owner) }).await.unwrap();
        assert_eq!(child.identity.restrictions, maker.identity.restrictions.with(own).unwrap());
        assert_eq!(shown(&child).await, expected);
        let grandchild = issue(&test, &child, new(owner)).await.unwrap();
        assert_eq!(grandchild.identity.restrictions, child.identity.restrictions);
        let denied = test.engine.create_secret(&grandchild, OrgChoice::Unnamed, bare("NEW")).await;
        assert_eq!(denied.unwrap_err(), super::fixture::OUTSIDE);
    }
    // Also for somebody else: who is not narrowed gets a narrowed key from whoever is.
    let ann = person(&test, &maker, &[], owner).await;
    let of_ann = issue(&test, &maker, NewApiKey { principal: Some(ann), ..new(owner) }).await.unwrap();
    assert_eq!(of_ann.identity.restrictions, maker.identity.restrictions);
    assert_eq!(maker.identity.restrictions.each(), [openai]);
}

#[tokio::test]
async fn a_line_of_narrowed_keys_has_an_end() {
    let test = TestEngine::in_memory().await;
    let owner = Role::Owner.rights();
    let mut maker = test.owner.clone();
    let own = |number: usize| restriction(&[&format!("*{number}*")], &[], &[]);
    for number in 0..Restrictions::MOST {
        maker = issue(&test, &maker, NewApiKey { restriction: own(number), ..new(owner) }).await.unwrap();
    }
    let keys = all_keys(&test).await.len();
    let refused = issue(&test, &maker, NewApiKey { restriction: own(99), ..new(owner) }).await.unwrap_err();
    assert!(matches!(refused, Error::Invalid(Field::Restriction, _)), "{refused:?}");
    assert_eq!(all_keys(&test).await.len(), keys);
    for again in [Restriction::default(), own(3)] {
        let child = issue(&test, &maker, NewApiKey { restriction: again, ..new(owner) }).await.unwrap();
        assert_eq!(child.identity.restrictions, maker.identity.restrictions);
    }
}

#[tokio::test]
async fn a_key_does_not_outlive_its_maker() {
    let test = TestEngine::in_memory().await;
    let owner = Role::Owner.rights();
    let lasting = |lifetime_seconds| NewApiKey { lifetime_seconds, ..new(owner) };
    let maker = issue(&test, &test.owner, lasting(Some(100))).await.unwrap();
    let end = Timestamp::from_micros(TestEngine::BEGINNING).plus_seconds(100);
    assert_eq!(maker.identity.expires_at, Some(end));
    test.clock.advance_seconds(10);
    for (lifetime, expected) in [
        (None, Ok(Some(end))),
        (Some(1), Ok(Some(end.plus_seconds(-89)))),
        (Some(90), Ok(Some(end))),
        (Some(91), Err(MORE)),
        (Some(i64::MAX), Err(MORE)),
    ] {
        let child = issue(&test, &maker, lasting(lifetime)).await;
        assert_eq!(child.map(|child| child.identity.expires_at), expected, "{lifetime:?}");
    }
    let child = test.issue_with(&maker, lasting(None)).await.unwrap();
    let grandchild = test.issue_with(&test.caller(&child).await.unwrap(), lasting(None)).await.unwrap();
    test.clock.advance_seconds(90);
    for text in [child, grandchild] {
        assert_eq!(test.caller(&text).await.unwrap_err(), Error::Unauthenticated);
    }
    // Whose own end is not known makes keys without one.
    let forever = issue(&test, &test.owner, lasting(None)).await.unwrap();
    assert_eq!(forever.identity.expires_at, None);
}

#[tokio::test]
async fn the_operators_mark_is_given_by_operators_only() {
    let test = TestEngine::in_memory().await;
    let owner = Role::Owner.rights();
    let with_mark = || NewApiKey { operator: true, ..new(owner) };
    let plain = issue(&test, &test.owner, new(owner)).await.unwrap();
    assert!(!plain.identity.operator);
    let refused = issue(&test, &plain, with_mark()).await.unwrap_err();
    assert_eq!(refused, Error::Forbidden(Denied::Operator));
    let second = issue(&test, &test.owner, with_mark()).await.unwrap();
    assert!(second.identity.operator);
    assert!(!issue(&test, &second, new(owner)).await.unwrap().identity.operator);
    // The mark does not administer: without the right there is no key.
    let engineer = NewApiKey { operator: true, ..new(Role::Engineer.rights()) };
    let engineer = issue(&test, &test.owner, engineer).await.unwrap();
    assert_eq!(issue(&test, &engineer, with_mark()).await.unwrap_err(), NOT_ADMIN);
    let marked = all_keys(&test).await.iter().filter(|key| key.operator).count();
    assert_eq!(marked, 3);
}

/// The first owner's key of an organisation is no way around what narrows an operator.
#[tokio::test]
async fn the_first_owners_key_is_narrowed_as_the_operator_is() {
    let test = TestEngine::in_memory().await;
    let own = restriction(&["OPENAI_*"], &[], &[]);
    let operator = NewApiKey {
        operator: true,
        restriction: own.clone(),
        lifetime_seconds: Some(60),
        ..new(Role::App.rights())
    };
    let operator = issue(&test, &test.owner, operator).await.unwrap();
    test.engine.create_org(&operator, org_name("acme")).await.unwrap();
    let first = NewApiKey { orgs: vec!["acme".into()], ..new(Role::Owner.rights()) };
    let first = issue(&test, &operator, first).await.unwrap();
    assert_eq!(first.identity.restrictions.each(), [own]);
    assert_eq!(first.identity.expires_at, operator.identity.expires_at);
    // Nor is a key for somebody a first owner's key.
    test.engine.create_org(&test.owner, org_name("beta")).await.unwrap();
    let beta =
        |principal, rights| NewApiKey { principal, orgs: vec!["beta".into()], rights, ..new(Rights::NONE) };
    let stranger = beta(Some(test.owner.identity.principal), NewKeyRights::Exactly(Role::Owner.rights()));
    assert_eq!(issue(&test, &test.owner, stranger).await.unwrap_err(), NOT_ADMIN);
    assert_eq!(issue(&test, &test.owner, beta(None, NewKeyRights::AllPossible)).await.unwrap_err(), NOT_ADMIN);
}

#[tokio::test]
async fn a_key_for_a_member_has_no_more_than_maker_and_member() {
    let test = TestEngine::in_memory().await;
    let of = |principal, rights| NewApiKey { principal: Some(principal), rights, ..new(Rights::NONE) };
    let admin = Rights::of(&[Right::Admin, Right::Read, Right::Use]);
    let admin = issue(&test, &test.owner, new(admin)).await.unwrap();
    for member in Role::ALL {
        let ann = person(&test, &test.owner, &[], member.rights()).await;
        let shared = member.rights().both(admin.identity.orgs[0].rights);
        let all = issue(&test, &admin, of(ann, NewKeyRights::AllPossible)).await;
        let identity = all.unwrap().identity;
        assert_eq!((identity.principal, identity.operator), (ann, false));
        assert_eq!(identity.orgs[0].rights, shared, "{member:?}");
        for bits in 0..32 {
            let wanted = Rights::from_bits(bits).unwrap();
            let issued = issue(&test, &admin, of(ann, NewKeyRights::Exactly(wanted))).await;
            // Nor is there a key that could do nothing.
            let may = wanted != Rights::NONE && wanted.is_within(shared);
            let expected = if may { Ok(wanted) } else { Err(MORE) };
            assert_eq!(issued.map(|caller| caller.identity.orgs[0].rights), expected, "{member:?} {wanted:?}");
        }
    }
}

#[tokio::test]
async fn a_key_is_made_for_members_only() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let app = Role::App.rights();
    let here = person(&test, &both, &["default"], app).await;
    let not_a_member = |refused: Result<Caller, Error>| {
        assert!(matches!(refused, Err(Error::Invalid(Field::Principal, _))), "{refused:?}");
    };
    for orgs in [&["acme"][..], &["default", "acme"]] {
        let orgs: Vec<_> = orgs.iter().map(|name| (*name).into()).collect();
        not_a_member(issue(&test, &both, NewApiKey { principal: Some(here), orgs, ..new(app) }).await);
    }
    for nobody in [keyholt_types::PrincipalId::MIN, keyholt_types::PrincipalId::MAX] {
        not_a_member(issue(&test, &test.owner, NewApiKey { principal: Some(nobody), ..new(app) }).await);
    }
    // Somebody of another organisation is told apart from nobody by none.
    let there = person(&test, &both, &["acme"], app).await;
    not_a_member(issue(&test, &test.owner, NewApiKey { principal: Some(there), ..new(app) }).await);
    // Whoever is suspended has no rights that a key could have.
    patch_member(&test, &test.owner, here, suspended(true)).await.unwrap();
    let of_suspended = NewApiKey { principal: Some(here), ..new(app) };
    assert_eq!(issue(&test, &test.owner, of_suspended).await.unwrap_err(), MORE);
    test.engine.remove_member(&test.owner, OrgChoice::Unnamed, here).await.unwrap();
    not_a_member(issue(&test, &test.owner, NewApiKey { principal: Some(here), ..new(app) }).await);
}

/// A member's key of one organisation is no way to see the member's keys of another.
#[tokio::test]
async fn a_members_keys_of_other_organisations_are_not_shown_to_its_key_of_this_one() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let app = Role::App.rights();
    let ann = person(&test, &both, &["default", "acme"], app).await;
    let there = key_of(&test, &both, ann, &["acme"], app).await;
    let there = test.caller(&there).await.unwrap().identity.api_key;
    // Whoever administers `default` makes a key of Ann's, and looks with it.
    let here = key_of(&test, &test.owner, ann, &[], app).await;
    let here = test.caller(&here).await.unwrap();
    assert_eq!(test.engine.find_api_key(&here, there).await.unwrap_err(), Error::NotFound);
    assert_eq!(test.engine.revoke_api_key(&here, there).await.unwrap_err(), Error::NotFound);
    let listed = test
        .engine
        .list_api_keys(&here, OrgChoice::Unnamed, &IdentityFilter::default(), |_| true)
        .await
        .unwrap();
    assert_eq!(listed.iter().map(|key| key.id).collect::<Vec<_>>(), [here.identity.api_key]);
    assert_eq!(test.engine.find_api_key(&here, here.identity.api_key).await.unwrap(), listed[0]);
}

#[tokio::test]
async fn a_key_replaces_the_valid_ones_of_its_name_and_member_and_no_others() {
    let test = TestEngine::in_memory().await;
    let (ann, bob) = (
        person(&test, &test.owner, &[], Role::App.rights()).await,
        person(&test, &test.owner, &[], Role::App.rights()).await,
    );
    let make = async |principal, name: &str, replaces_namesakes| {
        let named = NewApiKey {
            name: org_name(name),
            principal: Some(principal),
            replaces_namesakes,
            ..new(Role::App.rights())
        };
        test.issue_with(&test.owner, named).await.unwrap()
    };
    let old = [make(ann, "laptop", false).await, make(ann, "laptop", false).await];
    let kept = [
        make(ann, "Laptop", false).await,
        make(ann, "ci", false).await,
        make(bob, "laptop", false).await,
        TestEngine::OWNER_KEY.to_owned(),
    ];
    for text in old.iter().chain(&kept) {
        test.caller(text).await.unwrap();
    }
    let new = make(ann, "laptop", true).await;
    for text in &old {
        assert_eq!(test.caller(text).await.unwrap_err(), Error::Unauthenticated);
    }
    for text in kept.iter().chain([&new]) {
        test.caller(text).await.unwrap();
    }
    let revoked = |keys: &[ApiKeyView]| {
        keys.iter().filter_map(|key| key.revoked_at.map(|at| (key.id, at))).collect::<Vec<_>>()
    };
    let before = revoked(&all_keys(&test).await);
    assert_eq!(before.len(), 2);
    // Those that are revoked already stay as they are.
    test.clock.advance_seconds(60);
    make(ann, "laptop", true).await;
    let after = revoked(&all_keys(&test).await);
    assert_eq!(after.len(), 3);
    assert!(before.iter().all(|one| after.contains(one)));
    let log = test.audit().await;
    let revocations = log.iter().filter(|record| record.event.action == Action::ApiKeyRevoke).count();
    assert_eq!(revocations, 3);
}

#[tokio::test]
async fn a_key_replaces_only_what_its_maker_may_revoke() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let app = Role::App.rights();
    let ann = person(&test, &both, &["default", "acme"], app).await;
    let there = key_of(&test, &both, ann, &["acme"], app).await;
    let here = key_of(&test, &both, ann, &["default"], app).await;
    let replacing = NewApiKey { principal: Some(ann), replaces_namesakes: true, ..new(app) };
    test.issue_with(&test.owner, replacing).await.unwrap();
    test.caller(&there).await.unwrap();
    assert_eq!(test.caller(&here).await.unwrap_err(), Error::Unauthenticated);
}

#[tokio::test]
async fn a_key_is_revoked_by_itself_and_by_who_administers_one_of_its_organisations() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let app = Role::App.rights();
    let of_both = test.issue(&both, &["default", "acme"], app, None).await.unwrap();
    let there = test.issue(&both, &["acme"], app, None).await.unwrap();
    let id = async |text: &str| test.caller(text).await.unwrap().identity.api_key;
    let (of_both_id, there_id) = (id(&of_both).await, id(&there).await);
    for stranger in [&test.owner, &test.caller_with(app).await] {
        let refused = test.engine.revoke_api_key(stranger, there_id).await.unwrap_err();
        assert_eq!(refused, Error::NotFound);
    }
    let viewer = test.caller_with(Role::Viewer.rights()).await;
    assert_eq!(test.engine.revoke_api_key(&viewer, of_both_id).await.unwrap_err(), Error::NotFound);
    let revoked = test.engine.revoke_api_key(&test.owner, of_both_id).await.unwrap();
    assert!(revoked.revoked_at.is_some());
    assert_eq!(test.caller(&of_both).await.unwrap_err(), Error::Unauthenticated);
    // Each of its organisations reads of it in its own log.
    for org in ["default", "acme"] {
        let page = keyholt_engine::PageRequest { starting_after: None, limit: 1000 };
        let log = test.engine.list_audit(&both, OrgChoice::Named(org), page).await.unwrap();
        let is_it = |subject: &keyholt_types::Subject| {
            (subject.kind, subject.id) == (SubjectKind::ApiKey, of_both_id.uuid())
        };
        let events: Vec<Action> =
            log.iter().filter(|one| is_it(&one.event.subject)).map(|one| one.event.action).collect();
        assert_eq!(events, [Action::ApiKeyRevoke, Action::ApiKeyCreate], "{org}");
    }
    for nobody in [ApiKeyId::MIN, ApiKeyId::MAX] {
        assert_eq!(test.engine.revoke_api_key(&both, nobody).await.unwrap_err(), Error::NotFound);
    }
}

/// What a key has made stays when the key goes: what it made is revoked by itself.
#[tokio::test]
async fn a_revoked_makers_keys_stay() {
    let test = TestEngine::in_memory().await;
    let maker = issue(&test, &test.owner, new(Role::Owner.rights())).await.unwrap();
    let child = test.issue_with(&maker, new(Role::App.rights())).await.unwrap();
    test.engine.revoke_api_key(&test.owner, maker.identity.api_key).await.unwrap();
    test.caller(&child).await.unwrap();
}

#[tokio::test]
async fn every_refused_key_is_in_the_log_of_the_makers_organisation() {
    let test = TestEngine::in_memory().await;
    test.make_orgs(&["acme"]).await;
    let owner = Role::Owner.rights();
    let ann = person(&test, &test.owner, &[], Role::App.rights()).await;
    patch_member(&test, &test.owner, ann, rights(Role::Viewer.rights())).await.unwrap();
    let maker =
        issue(&test, &test.owner, NewApiKey { lifetime_seconds: Some(60), ..new(owner) }).await.unwrap();
    let viewer = test.caller_with(Role::Viewer.rights()).await;
    for (caller, wanted) in [
        (&viewer, new(Role::Viewer.rights())),
        (&maker, NewApiKey { lifetime_seconds: Some(61), ..new(owner) }),
        (&maker, NewApiKey { orgs: vec!["acme".into()], ..new(owner) }),
        (&maker, NewApiKey { orgs: vec!["nowhere".into()], ..new(owner) }),
        (&maker, NewApiKey { operator: true, ..new(owner) }),
        (&maker, NewApiKey { principal: Some(ann), ..new(owner) }),
    ] {
        let described = format!("{wanted:?}");
        let refused = issue(&test, caller, wanted).await.unwrap_err();
        assert!(matches!(refused, Error::Forbidden(_)), "{described}: {refused:?}");
        let events = refusals(&test, &test.owner).await;
        assert_eq!(events[0].api_key, Some(caller.identity.api_key), "{described}");
        assert_eq!(events[0].count, 1, "{described}");
    }
    assert_eq!(refusals(&test, &test.owner).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_keys_that_are_made_at_once_each_is_there_and_the_log_verifies() {
    let test = Arc::new(TestEngine::in_memory().await);
    let ann = person(&test, &test.owner, &[], Role::App.rights()).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..24 {
        let test = Arc::clone(&test);
        tasks.spawn(async move {
            let of_ann = NewApiKey {
                principal: Some(ann),
                replaces_namesakes: number % 2 == 0,
                ..new(Role::App.rights())
            };
            let issued = test.issue_with(&test.owner, of_ann).await.unwrap();
            // Another one may have replaced it already.
            let _ = test.caller(&issued).await;
        });
    }
    tasks.join_all().await;
    assert_eq!(all_keys(&test).await.iter().filter(|key| key.principal == ann).count(), 24);
    assert_eq!(test.engine.verify_audit(&test.owner).await.unwrap().first_bad, None);
}
