//! Memberships: what is changed of one holds at once for every key of the member.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use keyholt_engine::{Denied, Error, Field, MemberPatch, OrgChoice};
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::{Action, Caller, Patch, PrincipalId, Right, Rights, Role};

use super::fixture::{
    MORE, NOT_ADMIN, create_person, key_of, narrowed, org_name, org_of, patch_member, person, refusals,
    renamed, restriction, rights, suspended,
};
use crate::fixture::{bare, create};

/// What a key comes to in each of its organisations, none when it is refused.
async fn allowed(test: &TestEngine, api_key: &str) -> Option<Vec<Rights>> {
    match test.caller(api_key).await {
        Ok(caller) => Some(caller.identity.orgs.iter().map(|grant| grant.rights).collect()),
        Err(error) => {
            assert_eq!(error, Error::Unauthenticated);
            None
        }
    }
}

#[tokio::test]
async fn a_change_of_a_membership_holds_at_once_for_every_key() {
    let test = TestEngine::in_memory().await;
    let engineer = Role::Engineer.rights();
    let ann = person(&test, &test.owner, &[], engineer).await;
    let wide = key_of(&test, &test.owner, ann, &[], engineer).await;
    let narrow = key_of(&test, &test.owner, ann, &[], Rights::of(&[Right::Use])).await;
    let uses = Rights::of(&[Right::Use]);
    assert_eq!(allowed(&test, &wide).await, Some(vec![engineer]));
    assert_eq!(allowed(&test, &narrow).await, Some(vec![uses]));
    for (patch, of_wide, of_narrow) in [
        // Lowered, raised above what the keys were given, suspended, changed meanwhile, taken back.
        (rights(Role::Viewer.rights()), Some(Role::Viewer.rights()), None),
        (rights(Role::Owner.rights()), Some(engineer), Some(uses)),
        (suspended(true), None, None),
        (rights(Role::App.rights()), None, None),
        (suspended(false), Some(uses), Some(uses)),
        (rights(Rights::NONE), None, None),
        (rights(engineer), Some(engineer), Some(uses)),
    ] {
        let described = format!("{patch:?}");
        patch_member(&test, &test.owner, ann, patch).await.unwrap();
        for _ in 0..2 {
            assert_eq!(allowed(&test, &wide).await, of_wide.map(|one| vec![one]), "{described}");
            assert_eq!(allowed(&test, &narrow).await, of_narrow.map(|one| vec![one]), "{described}");
        }
    }
    let removed = test.engine.remove_member(&test.owner, OrgChoice::Unnamed, ann).await.unwrap();
    assert_eq!(removed.memberships[0].rights, engineer);
    assert_eq!((allowed(&test, &wide).await, allowed(&test, &narrow).await), (None, None));
}

#[tokio::test]
async fn a_suspension_holds_also_when_nobody_waited_for_it() {
    let test = TestEngine::in_memory().await;
    let ann = person(&test, &test.owner, &[], Role::App.rights()).await;
    let api_key = key_of(&test, &test.owner, ann, &[], Role::App.rights()).await;
    test.caller(&api_key).await.unwrap();
    {
        let mut abandoned = pin!(patch_member(&test, &test.owner, ann, suspended(true)));
        // Asked once and then dropped, as when a client hangs up.
        let _ = abandoned.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    // Changes are carried out in the order in which they came.
    create(&test, bare("later")).await;
    assert_eq!(allowed(&test, &api_key).await, None);
}

#[tokio::test]
async fn a_member_of_two_organisations_keeps_what_the_other_gives() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let engineer = Role::Engineer.rights();
    let ann = person(&test, &both, &["acme", "default"], engineer).await;
    let api_key = key_of(&test, &both, ann, &["acme", "default"], engineer).await;
    assert_eq!(allowed(&test, &api_key).await, Some(vec![engineer, engineer]));
    let engine = &test.engine;
    let patch = async |org, patch| engine.patch_member(&both, OrgChoice::Named(org), ann, patch).await.unwrap();
    let orgs = async || {
        let caller = test.caller(&api_key).await.unwrap();
        caller.identity.orgs.iter().map(|grant| (grant.org_name.to_string(), grant.rights)).collect::<Vec<_>>()
    };
    patch("default", rights(Role::Viewer.rights())).await;
    assert_eq!(orgs().await, [("default".into(), Role::Viewer.rights()), ("acme".into(), engineer)]);
    // The key's project is in `acme`: without that organisation it has no project's secrets.
    let caller = test.caller(&api_key).await.unwrap();
    engine.create_project_secret(&caller, bare("a")).await.unwrap();
    patch("acme", suspended(true)).await;
    assert_eq!(orgs().await, [("default".into(), Role::Viewer.rights())]);
    let caller = test.caller(&api_key).await.unwrap();
    assert_eq!(engine.find_project_secret(&caller, "a").await.unwrap_err(), Error::NotFound);
    assert!(engine.list_project_secrets(&caller).await.is_err());
    patch("acme", suspended(false)).await;
    engine.remove_member(&both, OrgChoice::Named("default"), ann).await.unwrap();
    assert_eq!(orgs().await, [("acme".into(), engineer)]);
    engine.rename_org(&both, org_of(&both, "acme"), org_name("beta")).await.unwrap();
    assert_eq!(orgs().await, [("beta".into(), engineer)], "an organisation's new name holds at once");
}

/// Somebody who administers, but may not reveal.
async fn admin_without_reveal(test: &TestEngine) -> Caller {
    test.caller_with(Rights::of(&[Right::Admin, Right::Read, Right::Write, Right::Use])).await
}

#[tokio::test]
async fn nobody_gives_a_member_more_than_they_have() {
    let test = TestEngine::in_memory().await;
    let admin = admin_without_reveal(&test).await;
    let own = admin.identity.orgs[0].rights;
    for bits in 0..32 {
        let wanted = Rights::from_bits(bits).unwrap();
        let expected = if wanted.is_within(own) { Ok(wanted) } else { Err(MORE) };
        let made = create_person(&test, &admin, &[], wanted).await;
        assert_eq!(made.map(|member| member.memberships[0].rights), expected, "{wanted:?}");
        let bob = person(&test, &test.owner, &[], Role::App.rights()).await;
        let raised = patch_member(&test, &admin, bob, rights(wanted)).await;
        assert_eq!(raised.map(|member| member.memberships[0].rights), expected, "{wanted:?}");
    }
    let own = admin.identity.principal;
    assert_eq!(patch_member(&test, &admin, own, rights(Role::Owner.rights())).await.unwrap_err(), MORE);
}

#[tokio::test]
async fn whoever_has_less_than_an_owner_can_suspend_one_but_not_take_one_back() {
    let test = TestEngine::in_memory().await;
    let admin = admin_without_reveal(&test).await;
    let ann = person(&test, &test.owner, &[], Role::Owner.rights()).await;
    let api_key = key_of(&test, &test.owner, ann, &[], Role::Owner.rights()).await;
    patch_member(&test, &admin, ann, suspended(true)).await.unwrap();
    assert_eq!(allowed(&test, &api_key).await, None);
    for back in [suspended(false), MemberPatch { suspended: Some(false), ..renamed("Ann B.") }] {
        assert_eq!(patch_member(&test, &admin, ann, back).await.unwrap_err(), MORE);
        assert_eq!(allowed(&test, &api_key).await, None);
    }
    let member = test.engine.find_member(&admin, ann).await.unwrap();
    assert_eq!((&*member.name, member.memberships[0].suspended_at.is_some()), ("Ann", true));
    // As less than an owner she can be.
    let less = MemberPatch { suspended: Some(false), ..rights(Role::Engineer.rights()) };
    patch_member(&test, &admin, ann, less).await.unwrap();
    assert_eq!(allowed(&test, &api_key).await, Some(vec![Role::Engineer.rights()]));
    let more = MemberPatch { suspended: Some(false), ..rights(Role::Owner.rights()) };
    patch_member(&test, &test.owner, ann, more).await.unwrap();
    assert_eq!(allowed(&test, &api_key).await, Some(vec![Role::Owner.rights()]));
    // An owner who is suspended cannot take itself back.
    let own = test.caller(&api_key).await.unwrap();
    patch_member(&test, &own, ann, suspended(true)).await.unwrap();
    assert_eq!(allowed(&test, &api_key).await, None);
}

#[tokio::test]
async fn a_member_is_renamed_by_who_administers_all_its_organisations() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let app = Role::App.rights();
    let ann = person(&test, &both, &["default", "acme"], app).await;
    let acme = test.issue(&both, &["acme"], Role::Owner.rights(), None).await.unwrap();
    let acme = test.caller(&acme).await.unwrap();
    let viewer = test.issue(&both, &["default", "acme"], Role::Viewer.rights(), None).await.unwrap();
    let viewer = test.caller(&viewer).await.unwrap();
    let email = || MemberPatch { email: Patch::Set("eve@example.com".into()), ..MemberPatch::default() };
    for caller in [&test.owner, &acme, &viewer] {
        for patch in [renamed("Eve"), email(), MemberPatch { suspended: Some(true), ..renamed("Eve") }] {
            assert_eq!(patch_member(&test, caller, ann, patch).await.unwrap_err(), NOT_ADMIN);
        }
    }
    let member = test.engine.find_member(&both, ann).await.unwrap();
    assert_eq!((&*member.name, member.email.as_deref()), ("Ann", Some("ann@example.com")));
    assert!(member.memberships.iter().all(|membership| membership.suspended_at.is_none()));
    let both_fields = MemberPatch { email: Patch::Clear, ..renamed("Ann B.") };
    let member = patch_member(&test, &both, ann, both_fields).await.unwrap();
    assert_eq!((&*member.name, member.email.as_deref()), ("Ann B.", None));
    // A suspension elsewhere is still a membership elsewhere.
    test.engine.patch_member(&both, OrgChoice::Named("acme"), ann, suspended(true)).await.unwrap();
    assert_eq!(patch_member(&test, &test.owner, ann, renamed("Eve")).await.unwrap_err(), NOT_ADMIN);
    test.engine.remove_member(&both, OrgChoice::Named("acme"), ann).await.unwrap();
    patch_member(&test, &test.owner, ann, renamed("Ann C.")).await.unwrap();
}

/// Administering one organisation gives nothing in another one to which one merely belongs.
#[tokio::test]
async fn a_member_is_changed_only_where_the_caller_administers() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let (orgs, in_acme) = (["default", "acme"], OrgChoice::Named("acme"));
    let ann = person(&test, &both, &orgs, Role::App.rights()).await;
    let bob = person(&test, &both, &orgs, Role::Owner.rights()).await;
    let api_key = key_of(&test, &both, bob, &orgs, Role::Owner.rights()).await;
    test.engine.patch_member(&both, in_acme, bob, rights(Role::Engineer.rights())).await.unwrap();
    let caller = test.caller(&api_key).await.unwrap();
    for id in [ann, bob] {
        for patch in [rights(Role::Viewer.rights()), suspended(true), suspended(false), renamed("Eve")] {
            let refused = test.engine.patch_member(&caller, in_acme, id, patch).await;
            assert_eq!(refused.unwrap_err(), NOT_ADMIN);
        }
        assert_eq!(test.engine.remove_member(&caller, in_acme, id).await.unwrap_err(), NOT_ADMIN);
    }
    // Where one administers, that one is meant when none is named.
    patch_member(&test, &caller, ann, suspended(true)).await.unwrap();
    let memberships = test.engine.find_member(&both, ann).await.unwrap().memberships;
    let suspended_in = memberships.iter().filter(|one| one.suspended_at.is_some());
    assert_eq!(suspended_in.map(|one| &*one.org_name).collect::<Vec<_>>(), ["default"]);
}

/// A name is the same everywhere: whoever reads one organisation's log must find there why it has changed.
#[tokio::test]
async fn a_renaming_is_in_the_log_of_each_of_the_members_organisations() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let ann = person(&test, &both, &["default", "acme"], Role::App.rights()).await;
    let patch = MemberPatch { suspended: Some(true), ..renamed("Ann B.") };
    test.engine.patch_member(&both, OrgChoice::Named("acme"), ann, patch).await.unwrap();
    for (org, expected) in [
        ("default", &[Action::PrincipalUpdate, Action::PrincipalCreate][..]),
        ("acme", &[Action::PrincipalUpdate, Action::MemberUpdate, Action::PrincipalCreate]),
    ] {
        let page = keyholt_engine::PageRequest { starting_after: None, limit: 1000 };
        let log = test.engine.list_audit(&both, OrgChoice::Named(org), page).await.unwrap();
        let of_ann = log.iter().filter(|record| record.event.subject.id == ann.uuid());
        let actions: Vec<Action> = of_ann.map(|record| record.event.action).collect();
        assert_eq!(actions, expected, "{org}");
    }
}

/// Of an attempt in one organisation another one learns nothing, though a member of both is meant.
#[tokio::test]
async fn a_refused_renaming_is_in_the_log_of_who_tried_and_in_no_other() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let ann = person(&test, &both, &["default", "acme"], Role::App.rights()).await;
    let acme = test.issue(&both, &["acme"], Role::Owner.rights(), None).await.unwrap();
    let acme = test.caller(&acme).await.unwrap();
    patch_member(&test, &acme, ann, renamed("Eve")).await.unwrap_err();
    patch_member(&test, &test.owner, ann, renamed("Eve")).await.unwrap_err();
    for caller in [&acme, &test.owner] {
        let events = refusals(&test, caller).await;
        let [event] = &events[..] else { panic!("{events:?}") };
        assert_eq!(event.api_key, Some(caller.identity.api_key));
        assert_eq!(event.org, Some(caller.identity.orgs[0].org));
    }
}

#[tokio::test]
async fn a_member_becomes_one_of_another_organisation_by_being_given_rights_there() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let acme = test.issue(&both, &["acme"], Role::Owner.rights(), None).await.unwrap();
    let acme = test.caller(&acme).await.unwrap();
    let ann = person(&test, &both, &["default"], Role::App.rights()).await;
    let engine = &test.engine;
    let in_acme = OrgChoice::Named("acme");
    // Who does not know her cannot take her in.
    let stranger = engine.patch_member(&acme, in_acme, ann, rights(Role::App.rights())).await;
    assert_eq!(stranger.unwrap_err(), Error::NotFound);
    let foreign = engine.patch_member(&test.owner, in_acme, ann, rights(Role::App.rights())).await;
    assert_eq!(foreign.unwrap_err(), Error::Forbidden(Denied::Org));
    // Without rights there is nothing to change there.
    for nothing in [suspended(true), suspended(false)] {
        assert_eq!(engine.patch_member(&both, in_acme, ann, nothing).await.unwrap_err(), Error::NotFound);
    }
    let member = engine.patch_member(&both, in_acme, ann, rights(Role::Viewer.rights())).await.unwrap();
    assert_eq!(member.memberships.len(), 2);
    let log = engine
        .list_audit(&acme, in_acme, keyholt_engine::PageRequest { starting_after: None, limit: 1 })
        .await
        .unwrap();
    assert_eq!((log[0].event.action, log[0].event.subject.id), (Action::MemberAdd, ann.uuid()));
    // From now on `acme` may manage her there, and sees of her what is there.
    let seen = engine.find_member(&acme, ann).await.unwrap();
    assert_eq!(seen.memberships.iter().map(|one| one.org).collect::<Vec<_>>(), [org_of(&both, "acme")]);
    engine.remove_member(&acme, OrgChoice::Unnamed, ann).await.unwrap();
    assert_eq!(engine.find_member(&acme, ann).await.unwrap_err(), Error::NotFound);
    assert_eq!(engine.find_member(&both, ann).await.unwrap().memberships.len(), 1);
}

#[tokio::test]
async fn whoever_administers_several_organisations_must_say_which_is_meant() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let app = Role::App.rights();
    assert_eq!(create_person(&test, &both, &[], app).await.unwrap_err(), Error::OrgRequired);
    let ann = person(&test, &both, &["default", "acme"], app).await;
    let bob = person(&test, &both, &["default"], app).await;
    assert_eq!(patch_member(&test, &both, ann, suspended(true)).await.unwrap_err(), Error::OrgRequired);
    let removed = test.engine.remove_member(&both, OrgChoice::Unnamed, ann).await;
    assert_eq!(removed.unwrap_err(), Error::OrgRequired);
    // Of whom there is one membership there is one that can be meant.
    patch_member(&test, &both, bob, suspended(true)).await.unwrap();
    test.engine.remove_member(&both, OrgChoice::Unnamed, bob).await.unwrap();
    let foreign = test.engine.remove_member(&test.owner, OrgChoice::Named("acme"), ann).await;
    assert_eq!(foreign.unwrap_err(), Error::Forbidden(Denied::Org));
    for name in ["acme", "nowhere", ""] {
        let refused = create_person(&test, &test.owner, &[name], app).await.unwrap_err();
        assert_eq!(refused, Error::Forbidden(Denied::Org), "{name}");
    }
    let events = refusals(&test, &test.owner).await;
    assert_eq!(events.iter().map(|event| event.count).sum::<u32>(), 4, "{events:?}");
}

#[tokio::test]
async fn what_changes_nothing_is_no_event() {
    let test = TestEngine::in_memory().await;
    let ann = person(&test, &test.owner, &[], Role::App.rights()).await;
    let before = test.audit().await;
    let same_email = MemberPatch { email: Patch::Set("ann@example.com".into()), ..MemberPatch::default() };
    for nothing in
        [MemberPatch::default(), suspended(false), rights(Role::App.rights()), renamed("Ann"), same_email]
    {
        patch_member(&test, &test.owner, ann, nothing).await.unwrap();
    }
    assert_eq!(test.audit().await, before);
    // A suspension keeps its date.
    let first = patch_member(&test, &test.owner, ann, suspended(true)).await.unwrap();
    test.clock.advance_seconds(60);
    assert_eq!(patch_member(&test, &test.owner, ann, suspended(true)).await.unwrap(), first);
    let renamed_and_raised = MemberPatch { name: renamed("Ann B.").name, ..rights(Role::Viewer.rights()) };
    patch_member(&test, &test.owner, ann, renamed_and_raised).await.unwrap();
    let actions: Vec<Action> = test.audit().await[..3].iter().map(|record| record.event.action).rev().collect();
    assert_eq!(actions, [Action::MemberUpdate, Action::MemberUpdate, Action::PrincipalUpdate]);
}

#[tokio::test]
async fn nobody_who_is_not_there_is_changed_or_removed() {
    let test = TestEngine::in_memory().await;
    for nobody in [PrincipalId::MIN, PrincipalId::MAX] {
        let missing = Error::NotFound;
        assert_eq!(patch_member(&test, &test.owner, nobody, suspended(true)).await.unwrap_err(), missing);
        let removed = test.engine.remove_member(&test.owner, OrgChoice::Unnamed, nobody).await;
        assert_eq!(removed.unwrap_err(), missing);
        assert_eq!(test.engine.find_member(&test.owner, nobody).await.unwrap_err(), missing);
    }
}

/// A token would bring it back; suspending holds.
#[tokio::test]
async fn a_member_who_comes_with_tokens_is_suspended_and_not_removed() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let ann = person(&test, &test.owner, &[], Role::App.rights()).await;
    let api_key = key_of(&test, &test.owner, ann, &[], Role::App.rights()).await;
    let intruder = Intruder::in_directory(&dir).unwrap();
    let id = Intruder::literal(ann.as_bytes());
    let sql =
        format!("UPDATE principals SET issuer = 'https://issuer.example', subject = 'ann' WHERE id = {id}");
    assert_eq!(intruder.execute(&sql).unwrap(), 1);
    let refused = test.engine.remove_member(&test.owner, OrgChoice::Unnamed, ann).await.unwrap_err();
    assert!(matches!(refused, Error::Invalid(Field::Principal, _)), "{refused:?}");
    test.caller(&api_key).await.unwrap();
    let member = patch_member(&test, &test.owner, ann, suspended(true)).await.unwrap();
    assert_eq!(member.issuer.as_deref(), Some("https://issuer.example"));
    assert_eq!(allowed(&test, &api_key).await, None);
}

/// An organisation's administrators need not read: what they change they are shown.
#[tokio::test]
async fn whoever_administers_without_reading_is_shown_what_they_changed() {
    let test = TestEngine::in_memory().await;
    let ann = person(&test, &test.owner, &[], Rights::NONE).await;
    let admin = test.caller_with(Rights::of(&[Right::Admin])).await;
    let member = patch_member(&test, &admin, ann, renamed("Ann B.")).await.unwrap();
    assert_eq!(&*member.name, "Ann B.");
    let member = patch_member(&test, &admin, ann, suspended(true)).await.unwrap();
    assert!(member.memberships[0].suspended_at.is_some());
    assert_eq!(test.engine.find_member(&admin, ann).await.unwrap_err(), Error::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_of_a_member_at_once_come_one_after_the_other() {
    let test = std::sync::Arc::new(TestEngine::in_memory().await);
    let ann = person(&test, &test.owner, &[], Role::Owner.rights()).await;
    let api_key = key_of(&test, &test.owner, ann, &[], Role::Owner.rights()).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..24 {
        let test = std::sync::Arc::clone(&test);
        tasks.spawn(async move {
            let patch = match number % 3 {
                0 => renamed(&format!("Ann {number}")),
                1 => suspended(number % 2 == 0),
                _ => rights(Role::ALL[number % 5].rights()),
            };
            patch_member(&test, &test.owner, ann, patch).await.map(drop)
        });
    }
    let done = tasks.join_all().await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    patch_member(&test, &test.owner, ann, suspended(true)).await.unwrap();
    assert_eq!(allowed(&test, &api_key).await, None);
    assert_eq!(test.engine.verify_audit(&test.owner).await.unwrap().first_bad, None);
}

/// Keys of a member need not be narrowed as an administrator's is.
#[tokio::test]
async fn a_narrowed_key_lowers_members_and_raises_nobody() {
    let test = TestEngine::in_memory().await;
    let ann = person(&test, &test.owner, &[], Role::Engineer.rights()).await;
    let admin = narrowed(&test, Role::Owner.rights(), restriction(&["OPENAI_*"], &[], &[])).await;
    for (patch, is_allowed) in [
        (rights(Role::Owner.rights()), false),
        (rights(Role::Viewer.rights()), true),
        (rights(Role::Engineer.rights()), false),
        (suspended(true), true),
        (suspended(false), false),
    ] {
        let described = format!("{patch:?}");
        let patched = patch_member(&test, &admin, ann, patch).await;
        assert_eq!(patched.map(drop), if is_allowed { Ok(()) } else { Err(MORE) }, "{described}");
    }
    patch_member(&test, &test.owner, ann, suspended(false)).await.unwrap();
}
