//! A use case reads, another node changes what it read, and then it commits.

use std::sync::Arc;

use keyholt_engine::{Error, ImportedSecret, MemberPatch, NewApiKey, NewPrincipal, OrgChoice, SecretPatch};
use keyholt_store::PrincipalKind;
use keyholt_testkit::TestEngine;
use keyholt_types::{Description, OrgName, Patch, PrincipalId, Role, SecretId, TtlSeconds};
use tokio::task::JoinSet;

use crate::fixture::{Nodes, nodes, with_value};

async fn import(test: &TestEngine, id: SecretId, text: &str) {
    let secrets = vec![ImportedSecret { id, created_at: None, secret: with_value("a", text) }];
    test.engine.import_secrets(&test.owner, OrgChoice::Unnamed, None, secrets).await.unwrap();
}

async fn revealed(test: &TestEngine, id: SecretId) -> Result<String, Error> {
    let revealed = test.engine.reveal_secret(&test.owner, id).await?;
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the test compares what was imported")]
    Ok(revealed.value.map(|value| value.expose().to_owned()).unwrap_or_default())
}

fn described(text: &str) -> SecretPatch {
    SecretPatch { description: Some(Description::parse(text).unwrap()), ..SecretPatch::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_patch_of_what_was_imported_anew_meanwhile_leaves_the_new_value() {
    let Nodes { slow, other, relay, .. } = &nodes().await;
    let id = SecretId::new(uuid::Uuid::from_u128(7));
    import(other, id, "the first value").await;
    relay.hold_changes();
    let patching = Arc::clone(slow);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { patching.engine.patch_secret(&patching.owner, id, described("x")).await });
    relay.held(1).await;
    import(other, id, "the second value").await;
    relay.pass_changes();
    let patched = tasks.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(&*patched.details.description, "x");
    assert_eq!(revealed(other, id).await.as_deref(), Ok("the second value"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn erasing_what_has_expired_leaves_what_was_imported_in_its_place_meanwhile() {
    let Nodes { slow, other, relay, .. } = &nodes().await;
    let id = SecretId::new(uuid::Uuid::from_u128(7));
    let mut secret = with_value("a", "the first value");
    secret.ttl = Some(TtlSeconds::parse(86_400).unwrap());
    let secrets = vec![ImportedSecret { id, created_at: None, secret }];
    other.engine.import_secrets(&other.owner, OrgChoice::Unnamed, None, secrets).await.unwrap();
    slow.clock.advance_seconds(86_401);
    other.clock.advance_seconds(86_401);
    relay.hold_changes();
    // It is in the way of one of this name.
    let creating = Arc::clone(slow);
    let new = with_value("a", "another value");
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { creating.engine.create_secret(&creating.owner, OrgChoice::Unnamed, new).await });
    relay.held(1).await;
    import(other, id, "the second value").await;
    relay.pass_changes();
    let created = tasks.join_next().await.unwrap().unwrap().unwrap();
    assert!(created.found_existing, "what was imported is gone");
    assert_eq!(revealed(other, id).await.as_deref(), Ok("the second value"));
}

async fn member(test: &TestEngine) -> PrincipalId {
    let new = NewPrincipal {
        kind: PrincipalKind::User,
        name: OrgName::parse("Ada").unwrap(),
        email: None,
        orgs: Vec::new(),
        rights: Role::Owner.rights(),
    };
    test.engine.create_principal(&test.owner, new).await.unwrap().id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_patch_of_a_member_who_was_taken_in_anew_with_less_gives_back_nothing() {
    let Nodes { slow, other, relay, .. } = &nodes().await;
    // Of two organisations, so that it stays known after it has left one of them.
    let id = member(other).await;
    let api_key = other.make_orgs(&["second"]).await;
    let both = other.caller(&api_key).await.unwrap();
    let org = OrgChoice::Named("second");
    let rights = |role: Role| MemberPatch { rights: Some(role.rights()), ..MemberPatch::default() };
    other.engine.patch_member(&both, org, id, rights(Role::Owner)).await.unwrap();
    relay.hold_changes();
    let patching = Arc::clone(slow);
    let caller = both.clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let patch = MemberPatch { suspended: Some(true), ..MemberPatch::default() };
        patching.engine.patch_member(&caller, org, id, patch).await
    });
    relay.held(1).await;
    other.engine.remove_member(&both, org, id).await.unwrap();
    other.clock.advance_seconds(1);
    other.engine.patch_member(&both, org, id, rights(Role::Viewer)).await.unwrap();
    relay.pass_changes();
    tasks.join_next().await.unwrap().unwrap().unwrap();
    let patch = MemberPatch { suspended: Some(false), email: Patch::Keep, ..MemberPatch::default() };
    let view = other.engine.patch_member(&both, org, id, patch).await.unwrap();
    let mut rights = view.memberships.iter().map(|membership| membership.rights);
    assert!(rights.any(|rights| rights == Role::Viewer.rights()), "{:?}", view.memberships);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_api_keys_that_replace_their_namesakes_at_once_one_is_valid() {
    let Nodes { slow, other, relay, .. } = &nodes().await;
    let principal = member(other).await;
    let new = move || NewApiKey {
        principal: Some(principal),
        replaces_namesakes: true,
        ..TestEngine::new_key(Role::Viewer.rights())
    };
    relay.hold_changes();
    let issuing = Arc::clone(slow);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { issuing.issue_with(&issuing.owner, new()).await });
    relay.held(1).await;
    let first = other.issue_with(&other.owner, new()).await.unwrap();
    relay.pass_changes();
    let second = tasks.join_next().await.unwrap().unwrap().unwrap();
    assert!(slow.caller(&second).await.is_ok());
    assert_eq!(slow.caller(&first).await.err(), Some(Error::Unauthenticated));
}

/// On another node a revoked key may be good for a moment: what it makes there must not outlive it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_that_was_revoked_meanwhile_makes_none_that_lasts() {
    let Nodes { slow, other, relay, .. } = &nodes().await;
    let maker = other.issue(&other.owner, &[], Role::Owner.rights(), None).await.unwrap();
    let maker = slow.caller(&maker).await.unwrap();
    relay.hold_changes();
    let mut tasks = JoinSet::new();
    let (issuing, caller) = (Arc::clone(slow), maker.clone());
    tasks.spawn(async move { issuing.issue(&caller, &[], Role::Viewer.rights(), None).await.map(drop) });
    let (issuing, caller) = (Arc::clone(slow), maker.clone());
    tasks.spawn(async move { issuing.engine.create_credential(&caller, None, 600).await.map(drop) });
    relay.held(2).await;
    other.engine.revoke_api_key(&other.owner, maker.identity.api_key).await.unwrap();
    relay.pass_changes();
    for made in tasks.join_all().await {
        assert_eq!(made, Err(Error::Unauthenticated));
    }
}
