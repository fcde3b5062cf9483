//! Restrictions, members and keys, in short.

use keyholt_engine::{Error, MemberPatch, MemberView, NewApiKey, NewPrincipal, OrgChoice, PrincipalKind};
use keyholt_testkit::TestEngine;
use keyholt_types::{
    AuditEvent, Caller, NamePattern, OrgId, OrgName, Outcome, PrincipalId, Restriction, Right, Rights,
    SecretType,
};

pub(super) const NOT_ADMIN: Error = Error::Forbidden(keyholt_engine::Denied::Right(Right::Admin));
pub(super) const MORE: Error = Error::Forbidden(keyholt_engine::Denied::MoreThanOwn);
pub(crate) const OUTSIDE: Error = Error::Forbidden(keyholt_engine::Denied::OutsidePattern);

pub(super) fn org_name(text: &str) -> OrgName {
    OrgName::parse(text).unwrap()
}

/// To these names and types, and from these addresses; an empty list restricts nothing.
pub(crate) fn restriction(names: &[&str], types: &[&str], addresses: &[&str]) -> Restriction {
    Restriction {
        names: names.iter().map(|text| NamePattern::parse(text).unwrap()).collect(),
        types: types.iter().map(|text| SecretType::parse(text).unwrap()).collect(),
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
    }
}

/// Somebody new in the organisation `default` with these rights, narrowed so.
pub(crate) async fn narrowed(test: &TestEngine, rights: Rights, restriction: Restriction) -> Caller {
    let new = NewApiKey { restriction, ..TestEngine::new_key(rights) };
    let api_key = test.issue_with(&test.owner, new).await.unwrap();
    test.caller(&api_key).await.unwrap()
}

/// A new person in these organisations of the maker's, or in its only one.
pub(super) async fn person(test: &TestEngine, maker: &Caller, orgs: &[&str], rights: Rights) -> PrincipalId {
    create_person(test, maker, orgs, rights).await.unwrap().id
}

pub(super) async fn create_person(
    test: &TestEngine,
    maker: &Caller,
    orgs: &[&str],
    rights: Rights,
) -> Result<MemberView, Error> {
    let new = NewPrincipal {
        kind: PrincipalKind::User,
        name: org_name("Ann"),
        email: Some("ann@example.com".into()),
        orgs: orgs.iter().map(|name| (*name).into()).collect(),
        rights,
    };
    test.engine.create_principal(maker, new).await
}

/// A key of this member with these rights, in these organisations or the maker's only one.
pub(super) async fn key_of(
    test: &TestEngine,
    maker: &Caller,
    principal: PrincipalId,
    orgs: &[&str],
    rights: Rights,
) -> String {
    let orgs = orgs.iter().map(|name| (*name).into()).collect();
    let new = NewApiKey { principal: Some(principal), orgs, ..TestEngine::new_key(rights) };
    test.issue_with(maker, new).await.unwrap()
}

pub(super) async fn patch_member(
    test: &TestEngine,
    caller: &Caller,
    id: PrincipalId,
    patch: MemberPatch,
) -> Result<MemberView, Error> {
    test.engine.patch_member(caller, OrgChoice::Unnamed, id, patch).await
}

pub(super) fn rights(rights: Rights) -> MemberPatch {
    MemberPatch { rights: Some(rights), ..MemberPatch::default() }
}

pub(super) fn suspended(suspended: bool) -> MemberPatch {
    MemberPatch { suspended: Some(suspended), ..MemberPatch::default() }
}

pub(super) fn renamed(name: &str) -> MemberPatch {
    MemberPatch { name: Some(org_name(name)), ..MemberPatch::default() }
}

/// The caller's organisation of this name.
pub(super) fn org_of(caller: &Caller, name: &str) -> OrgId {
    caller.identity.orgs.iter().find(|grant| &*grant.org_name == name).unwrap().org
}

/// Writes down what was refused, and gives all of it that this caller may read, newest first.
pub(crate) async fn refusals(test: &TestEngine, caller: &Caller) -> Vec<AuditEvent> {
    test.engine.write_down_observations().await;
    let page = keyholt_engine::PageRequest { starting_after: None, limit: 1000 };
    let log = test.engine.list_audit(caller, OrgChoice::Unnamed, page).await.unwrap();
    log.into_iter().map(|record| record.event).filter(|event| event.outcome == Outcome::Refused).collect()
}
