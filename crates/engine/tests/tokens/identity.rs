//! Whom a token stands for.

use keyholt_engine::{Error, MemberFilter, MemberPatch, OrgChoice, PageRequest, PrincipalKind};
use keyholt_testkit::{KeyKind, TokenKey, key_set};
use keyholt_types::{
    Action, Caller, ClaimName, Clock, JwtRule, NamePattern, OrgName, Restriction, Right, Rights, Role,
    Timestamp, Via,
};
use serde_json::{Value, json};

use crate::fixture::{ISSUER, Scene, anyone, issuer, rule};

/// The claims with this one more, or in place of another.
fn with(claims: Value, name: &str, value: Value) -> Value {
    let mut claims = claims;
    claims[name] = value;
    claims
}

#[tokio::test(start_paused = true)]
async fn a_token_stands_for_a_principal_of_its_own() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    let ann = scene.caller(&scene.token("ann")).await.unwrap();
    let identity = &ann.identity;
    assert_eq!((identity.via, identity.operator), (Via::Jwt, false));
    assert_eq!(identity.api_key.uuid(), identity.principal.uuid());
    assert_eq!(&*identity.api_key_name, "jwt:https://issuer.example#ann");
    let [grant] = &identity.orgs[..] else { panic!("{identity:?}") };
    assert_eq!((&*grant.org_name, grant.rights), ("default", Role::App.rights()));
    assert_eq!((&*identity.project.name, identity.project.org), ("default", grant.org));
    assert_eq!(identity.expires_at, Some(Timestamp::from_millis((scene.now() + 660) * 1000)));
    // Another token of hers, and one of somebody else.
    let again = scene.signed(&with(scene.claims("ann"), "jti", json!("2")));
    assert_eq!(scene.caller(&again).await.unwrap().identity.principal, identity.principal);
    assert_ne!(scene.caller(&scene.token("bob")).await.unwrap().identity.principal, identity.principal);
    let (test, filter) = (&scene.test, MemberFilter::default());
    let members = test.engine.list_members(&test.owner, OrgChoice::Unnamed, &filter).await.unwrap();
    let member = members.iter().find(|member| member.id == identity.principal).unwrap();
    assert_eq!((member.kind, member.issuer.as_deref()), (PrincipalKind::ServiceAccount, Some(ISSUER)));
    assert_eq!(member.memberships[0].rights, Role::App.rights());
    assert_eq!(members.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_principal_is_recorded_when_it_is_first_seen_and_then_no_more() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    let ann = scene.beside_keeping(scene.test.caller_from(&scene.token("ann"), "192.0.2.7")).await.unwrap();
    scene.caller(&scene.signed(&with(scene.claims("ann"), "jti", json!("2")))).await.unwrap();
    let id = ann.identity.principal;
    let [created] = &scene.events_about(id, Action::PrincipalCreate).await[..] else { panic!("one event") };
    assert_eq!((created.request, created.address), (Some(ann.request.id), ann.request.address));
    assert_eq!((created.principal, created.org), (Some(id), Some(ann.identity.orgs[0].org)));
    assert!(scene.events_about(id, Action::MemberAdd).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn tokens_that_come_at_once_make_one_principal() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    let token = |number: u32| scene.signed(&with(scene.claims("ann"), "jti", json!(number)));
    let (one, other) = (token(1), token(2));
    let both = async { tokio::join!(scene.test.caller(&one), scene.test.caller(&other)) };
    let (one, other) = scene.beside_keeping(both).await;
    assert_eq!(one.unwrap().identity.principal, other.unwrap().identity.principal);
    assert_eq!(scene.published.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_subject_keeps_its_own_principal_under_a_name_that_is_cut() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    let long = |last: &str| format!("{}{last}", "ü".repeat(200));
    let one = scene.caller(&scene.token(&long("a"))).await.unwrap();
    let other = scene.caller(&scene.token(&long("b"))).await.unwrap();
    assert_ne!(one.identity.principal, other.identity.principal);
    assert_eq!(one.identity.api_key_name, other.identity.api_key_name);
    assert_eq!(one.identity.api_key_name.chars().count(), 128);
}

#[tokio::test(start_paused = true)]
async fn rights_come_from_the_rule_that_fits_each_time() {
    let rules =
        vec![rule("ci-*", "default", Role::Engineer.rights()), rule("*-main", "default", Role::App.rights())];
    let Some(scene) = Scene::set(rules).await else { return };
    let rights = |caller: Caller| caller.identity.orgs[0].rights;
    assert_eq!(rights(scene.caller(&scene.token("ci-main")).await.unwrap()), Role::Engineer.rights());
    assert_eq!(rights(scene.caller(&scene.token("x-main")).await.unwrap()), Role::App.rights());
    Scene::refused(scene.caller(&scene.token("x-test")).await);
    // Rights that somebody gives the member do not reach its tokens.
    let caller = scene.caller(&scene.token("x-main")).await.unwrap();
    let patch = MemberPatch { rights: Some(Rights::of(&Right::ALL)), ..MemberPatch::default() };
    let (test, id) = (&scene.test, caller.identity.principal);
    test.engine.patch_member(&test.owner, OrgChoice::Unnamed, id, patch).await.unwrap();
    assert_eq!(rights(scene.caller(&scene.token("x-main")).await.unwrap()), Role::App.rights());
}

#[tokio::test(start_paused = true)]
async fn a_rule_leads_into_its_own_organisation_and_project() {
    let both = |claim: &str, org: &str| JwtRule {
        claims: vec![(ClaimName::parse("for").unwrap(), NamePattern::parse(claim).unwrap())],
        ..rule("*", org, Role::Viewer.rights())
    };
    let missing_project = JwtRule { project: Some("nowhere".into()), ..both("project", "acme") };
    let rules = vec![both("acme", "acme"), both("default", "default"), both("none", "nobody"), missing_project];
    let Some(scene) = Scene::set(rules).await else { return };
    scene.test.make_orgs(&["acme"]).await;
    let token = |claim: &str| scene.signed(&with(scene.claims("ann"), "for", json!(claim)));
    let (first, second) = (token("acme"), token("default"));
    let in_acme = scene.caller(&first).await.unwrap().identity;
    let in_default = scene.caller(&second).await.unwrap().identity;
    assert_eq!((&*in_acme.orgs[0].org_name, in_acme.orgs.len()), ("acme", 1));
    assert_eq!((&*in_default.orgs[0].org_name, in_default.orgs.len()), ("default", 1));
    assert_eq!((in_acme.project.org, in_acme.principal), (in_acme.orgs[0].org, in_default.principal));
    assert_eq!(scene.events_about(in_default.principal, Action::MemberAdd).await.len(), 1);
    for nowhere in ["none", "project"] {
        Scene::refused(scene.caller(&token(nowhere)).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_suspended_member_is_refused_at_once_and_until_it_is_taken_back_in() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    let token = scene.token("ann");
    let id = scene.caller(&token).await.unwrap().identity.principal;
    let (test, suspend) =
        (&scene.test, |suspended| MemberPatch { suspended: Some(suspended), ..MemberPatch::default() });
    test.engine.patch_member(&test.owner, OrgChoice::Unnamed, id, suspend(true)).await.unwrap();
    Scene::refused(scene.caller(&token).await);
    Scene::refused(scene.caller(&scene.signed(&with(scene.claims("ann"), "jti", json!("2")))).await);
    scene.caller(&scene.token("bob")).await.unwrap();
    test.engine.patch_member(&test.owner, OrgChoice::Unnamed, id, suspend(false)).await.unwrap();
    assert_eq!(scene.caller(&token).await.unwrap().identity.principal, id);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_refused_from_its_end_on_also_when_it_was_taken_before() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    let token = scene.token("ann");
    let left = (scene.now() + 660) * 1_000_000 - scene.test.clock.now().micros();
    scene.caller(&token).await.unwrap();
    scene.test.clock.advance_micros(left - 1);
    scene.caller(&token).await.unwrap();
    scene.test.clock.advance_micros(1);
    Scene::refused(scene.caller(&token).await);
}

#[tokio::test(start_paused = true)]
async fn a_rule_narrows_what_its_tokens_touch_and_where_they_are_used() {
    let restriction = Restriction {
        names: vec![NamePattern::parse("OPENAI_*").unwrap()],
        addresses: vec!["10.0.0.0/8".parse().unwrap()],
        ..Restriction::default()
    };
    let Some(scene) = Scene::set(vec![JwtRule { restriction, ..anyone().remove(0) }]).await else { return };
    let token = scene.token("ann");
    let within = scene.beside_keeping(scene.test.caller_from(&token, "10.1.2.3")).await.unwrap();
    let restrictions = &within.identity.restrictions;
    assert!(restrictions.allow_name("OPENAI_API_KEY") && !restrictions.allow_name("ANTHROPIC_API_KEY"));
    Scene::refused(scene.beside_keeping(scene.test.caller_from(&token, "11.1.2.3")).await);
    Scene::refused(scene.caller(&token).await);
}

#[tokio::test(start_paused = true)]
async fn one_issuer_cannot_speak_for_another() {
    let others = issuer("https://other.example", "others", vec![rule("*", "default", Role::Owner.rights())]);
    let Some(scene) = Scene::with(vec![issuer(ISSUER, "keys", anyone()), others]).await else { return };
    let Some(other) = TokenKey::make(KeyKind::Ed25519) else { return };
    scene.published.set("others", Some(Ok(key_set(&[other.jwk(Some("first"))]))));
    let header = json!({"alg": "EdDSA", "kid": "first"});
    let of_other = with(scene.claims("ann"), "iss", json!("https://other.example"));
    let right = scene.caller(&other.token(&header, &of_other)).await.unwrap();
    assert_eq!(right.identity.orgs[0].rights, Role::Owner.rights());
    Scene::refused(scene.caller(&scene.key.token(&header, &of_other)).await);
    Scene::refused(scene.caller(&other.token(&header, &scene.claims("ann"))).await);
    // The same subject of another issuer is somebody else.
    let ann = scene.caller(&scene.token("ann")).await.unwrap();
    assert_ne!(ann.identity.principal, right.identity.principal);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_valid_token_is_refused_as_an_unknown_key_is() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    let Some(attacker) = TokenKey::make(KeyKind::Ed25519) else { return };
    let (header, claims) = (json!({"alg": "EdDSA", "kid": "first"}), scene.claims("ann"));
    let valid = scene.signed(&claims);
    let now = scene.now();
    for token in [
        attacker.token(&header, &claims),
        scene.key.token(&json!({"alg": "EdDSA", "kid": "first", "crit": ["x"]}), &claims),
        scene.key.token_with_mac(b"secret", &json!({"alg": "HS256"}), &claims),
        scene.key.token_of(r#"{"alg":"none"}"#, &claims.to_string(), "EdDSA"),
        scene.signed(&with(claims.clone(), "aud", json!("someone"))),
        scene.signed(&with(claims.clone(), "exp", json!(now - 60))),
        scene.signed(&with(claims.clone(), "exp", json!("9999999999"))),
        scene.signed(&with(claims.clone(), "nbf", json!(now + 62))),
        scene.signed(&with(claims.clone(), "iat", json!(now + 62))),
        scene.signed(&with(claims.clone(), "iat", json!(now - 86_402))),
        scene.signed(&with(claims.clone(), "sub", json!(""))),
        scene.signed(&with(claims.clone(), "sub", json!("a\u{7f}"))),
        scene.signed(&with(claims.clone(), "sub", json!("a\0"))),
        scene.signed(&with(claims.clone(), "iss", json!("https://issuer.example/"))),
        scene.signed(&with(claims.clone(), "iss", json!("https://nobody.example"))),
        format!("{valid}x"),
        format!("{valid}="),
        valid[..valid.len() - 1].to_owned(),
        valid.replace('.', " "),
    ] {
        Scene::refused(scene.caller(&token).await);
    }
    scene.caller(&valid).await.unwrap();
    let (test, filter) = (&scene.test, MemberFilter::default());
    let members = test.engine.list_members(&test.owner, OrgChoice::Unnamed, &filter).await.unwrap();
    assert_eq!(members.len(), 2, "nobody but the owner and ann was made");
}

#[tokio::test(start_paused = true)]
async fn a_token_gives_no_right_beyond_its_rule() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    let ann = scene.caller(&scene.token("ann")).await.unwrap();
    let engine = &scene.test.engine;
    let created = engine.create_org(&ann, OrgName::parse("mine").unwrap()).await;
    assert!(matches!(created, Err(Error::Forbidden(_))), "{created:?}");
    let page = PageRequest { starting_after: None, limit: 1 };
    let listed = engine.list_audit(&ann, OrgChoice::Unnamed, page).await;
    assert!(matches!(listed, Err(Error::Forbidden(_))));
}

/// What it made would outlast it, and its member's suspension is all that ends a token.
#[tokio::test(start_paused = true)]
async fn a_token_makes_no_credentials_for_a_short_time() {
    let Some(scene) = Scene::set(anyone()).await else { return };
    let caller = scene.caller(&scene.token("ci")).await.unwrap();
    let refused = scene.test.engine.create_credential(&caller, None, 60).await.unwrap_err();
    assert_eq!(refused, Error::Forbidden(keyholt_engine::Denied::MoreThanOwn));
}
