//! Principals and their memberships.

use std::sync::Arc;

use keyholt_store::{
    Changes, IdRange, MemberRow, MembershipRow, PrincipalKind, PrincipalRow, Store, TokenSubject, Unmet,
};
use keyholt_types::{PrincipalId, Rights, Role};

use crate::fixture::{
    assert_unmet, at, commit, make_orgs, membership, org_id, org_scope, principal, principal_id,
};

fn token(issuer: &str, subject: &str) -> TokenSubject {
    TokenSubject { issuer: issuer.into(), subject: subject.into() }
}

/// A person who comes with tokens.
fn person(number: u128, issuer: &str, subject: &str) -> PrincipalRow {
    PrincipalRow {
        kind: PrincipalKind::User,
        email: Some("ann@example.com".into()),
        token: Some(token(issuer, subject)),
        ..principal(number)
    }
}

async fn insert(store: &Store, row: &PrincipalRow) -> Result<(), keyholt_store::CommitError> {
    commit(store, Changes::new().insert_principal(row)).await
}

pub(crate) async fn a_principal_reads_back_as_it_was_written(store: Arc<Store>) {
    for row in [principal(1), person(2, "https://issuer.example", "ann"), person(3, "", "")] {
        insert(&store, &row).await.unwrap();
        assert_eq!(store.find_principal(row.id).await.unwrap(), Some(row));
    }
    assert_eq!(store.find_principal(principal_id(9)).await.unwrap(), None);
    assert_unmet(insert(&store, &PrincipalRow { name: "other".into(), ..principal(1) }).await, Unmet::Taken);
}

pub(crate) async fn a_tokens_subject_stands_for_one_principal(store: Arc<Store>) {
    let ann = person(1, "https://one.example", "ann");
    insert(&store, &ann).await.unwrap();
    assert_unmet(insert(&store, &person(2, "https://one.example", "ann")).await, Unmet::Taken);
    assert_eq!(store.find_principal(principal_id(2)).await.unwrap(), None);
    // Another issuer's subject of the same name is somebody else, and so is one that differs in a byte.
    for (number, issuer, subject) in [
        (3, "https://two.example", "ann"),
        (4, "https://one.example", "Ann"),
        (5, "https://one.example/", "ann"),
        (6, "https://one.example", "ann "),
        (7, "https://one.example", ""),
    ] {
        insert(&store, &person(number, issuer, subject)).await.unwrap();
    }
    let found = store.find_principal_by_subject(&token("https://one.example", "ann")).await.unwrap();
    assert_eq!(found, Some(ann));
    let nobody = store.find_principal_by_subject(&token("https://one.example", "bob")).await.unwrap();
    assert_eq!(nobody, None);
    // Many have none.
    for number in [8, 9] {
        insert(&store, &principal(number)).await.unwrap();
    }
}

pub(crate) async fn a_principal_is_changed_from_the_version_before(store: Arc<Store>) {
    let ann = person(1, "https://one.example", "ann");
    insert(&store, &ann).await.unwrap();
    let renamed = PrincipalRow { name: "Ann".into(), email: None, version: 2, ..ann };
    commit(&store, Changes::new().update_principal(&renamed)).await.unwrap();
    assert_eq!(store.find_principal(renamed.id).await.unwrap(), Some(renamed.clone()));
    assert_unmet(commit(&store, Changes::new().update_principal(&renamed)).await, Unmet::Stale);
    let unknown = PrincipalRow { version: 2, ..principal(9) };
    assert_unmet(commit(&store, Changes::new().update_principal(&unknown)).await, Unmet::Stale);
    // Neither its kind nor whose tokens stand for it can be changed.
    let other = PrincipalRow {
        kind: PrincipalKind::ServiceAccount,
        token: Some(token("https://two.example", "eve")),
        version: 3,
        ..renamed.clone()
    };
    commit(&store, Changes::new().update_principal(&other)).await.unwrap();
    let found = store.find_principal(renamed.id).await.unwrap();
    assert_eq!(found, Some(PrincipalRow { version: 3, ..renamed }));
}

pub(crate) async fn a_principal_is_a_member_once_in_each_organisation(store: Arc<Store>) {
    make_orgs(&store).await;
    insert(&store, &principal(1)).await.unwrap();
    let (viewer, owner) = (Role::Viewer.rights(), Role::Owner.rights());
    for org in [3, 1] {
        commit(&store, Changes::new().insert_membership(&membership(org, 1, viewer))).await.unwrap();
        let again = Changes::new().insert_membership(&membership(org, 1, owner));
        assert_unmet(commit(&store, again).await, Unmet::Taken);
    }
    let all = store.list_memberships(principal_id(1)).await.unwrap();
    assert_eq!(all, [membership(1, 1, viewer), membership(3, 1, viewer)]);
    let member = store.find_member(org_scope(3), principal_id(1)).await.unwrap();
    assert_eq!(member, Some(MemberRow { principal: principal(1), membership: membership(3, 1, viewer) }));
    assert_eq!(store.find_member(org_scope(2), principal_id(1)).await.unwrap(), None);
    assert_eq!(store.list_memberships(principal_id(2)).await.unwrap(), []);
    // Who is not there is no member, and nobody is of an organisation that is not there.
    for (org, number) in [(1, 9), (9, 1)] {
        let nobody = Changes::new().insert_membership(&membership(org, number, viewer));
        assert!(commit(&store, nobody).await.is_err(), "{org} {number}");
    }
}

pub(crate) async fn a_membership_is_changed_and_ended_from_the_version_it_has(store: Arc<Store>) {
    make_orgs(&store).await;
    insert(&store, &principal(1)).await.unwrap();
    let first = membership(1, 1, Role::Viewer.rights());
    let elsewhere = membership(2, 1, Role::Viewer.rights());
    let both = Changes::new().insert_membership(&first).insert_membership(&elsewhere);
    commit(&store, both).await.unwrap();
    let suspended =
        MembershipRow { rights: Role::Owner.rights(), suspended_at: Some(at(7)), version: 2, ..first.clone() };
    assert_eq!(suspended.effective(), Rights::NONE);
    commit(&store, Changes::new().update_membership(&suspended)).await.unwrap();
    let read = || store.list_memberships(principal_id(1));
    assert_eq!(read().await.unwrap(), [suspended.clone(), elsewhere.clone()]);
    assert_unmet(commit(&store, Changes::new().update_membership(&suspended)).await, Unmet::Stale);
    assert_unmet(commit(&store, Changes::new().delete_membership(&first)).await, Unmet::Stale);
    let back = MembershipRow { suspended_at: None, version: 3, ..suspended };
    assert_eq!(back.effective(), Role::Owner.rights());
    commit(&store, Changes::new().update_membership(&back)).await.unwrap();
    commit(&store, Changes::new().delete_membership(&back)).await.unwrap();
    assert_eq!(read().await.unwrap(), [elsewhere]);
    assert_unmet(commit(&store, Changes::new().delete_membership(&back)).await, Unmet::Stale);
    let again = MembershipRow { version: 4, ..back };
    assert_unmet(commit(&store, Changes::new().update_membership(&again)).await, Unmet::Stale);
    // Who was removed can be taken in again.
    commit(&store, Changes::new().insert_membership(&first)).await.unwrap();
}

pub(crate) async fn members_are_listed_from_either_end(store: Arc<Store>) {
    make_orgs(&store).await;
    for number in 1..=6 {
        insert(&store, &principal(number)).await.unwrap();
        // The odd ones in the first organisation, and all in the second.
        let orgs: &[u128] = if number % 2 == 1 { &[1, 2] } else { &[2] };
        for org in orgs {
            let row = membership(*org, number, Role::App.rights());
            commit(&store, Changes::new().insert_membership(&row)).await.unwrap();
        }
    }
    let ids = async |org, above: Option<u128>, below: Option<u128>, ascending, limit| {
        let range = IdRange { above: above.map(principal_id), below: below.map(principal_id), ascending };
        let found = store.list_members(org_scope(org), range, limit).await.unwrap();
        assert!(found.iter().all(|row| row.membership.org == org_id(org)));
        assert!(found.iter().all(|row| row.membership.principal == row.principal.id));
        found.into_iter().map(|row| row.principal.id).collect::<Vec<_>>()
    };
    let ids_of = |numbers: &[u128]| numbers.iter().map(|one| principal_id(*one)).collect::<Vec<PrincipalId>>();
    assert_eq!(ids(1, None, None, false, 10).await, ids_of(&[5, 3, 1]));
    assert_eq!(ids(1, None, None, true, 10).await, ids_of(&[1, 3, 5]));
    assert_eq!(ids(1, Some(1), None, true, 1).await, ids_of(&[3]));
    assert_eq!(ids(1, None, Some(5), false, 1).await, ids_of(&[3]));
    assert_eq!(ids(2, Some(2), Some(5), true, 10).await, ids_of(&[3, 4]));
    assert_eq!(ids(3, None, None, false, 10).await, []);
    // In pages of one, in both directions, everybody is there once.
    for ascending in [false, true] {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let (above, below) = if ascending { (cursor, None) } else { (None, cursor) };
            let range = IdRange { above, below, ascending };
            let page = store.list_members(org_scope(2), range, 1).await.unwrap();
            let Some(last) = page.last() else { break };
            cursor = Some(last.principal.id);
            seen.extend(page.into_iter().map(|row| row.principal.id));
        }
        if !ascending {
            seen.reverse();
        }
        assert_eq!(seen, ids_of(&[1, 2, 3, 4, 5, 6]));
    }
}
