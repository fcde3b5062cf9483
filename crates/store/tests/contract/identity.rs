//! The installation, organisations, projects, API keys.

use std::sync::Arc;

use keyholt_store::{ApiKeyRow, Changes, DeploymentRow, PrincipalRow, RingKeyRow, Store, Unmet};
use keyholt_types::{DeploymentId, OrgId, Right, Rights, Role, Timestamp};

use crate::fixture::{
    api_key_id, assert_unmet, at, org, org_id, org_key, org_scope, principal_id, project, project_id, recorded,
};

async fn commit(store: &Store, changes: Changes) -> Result<(), keyholt_store::CommitError> {
    store.commit(recorded("identity", changes)).await
}

async fn make_orgs(store: &Store) {
    for number in 1..=3 {
        let changes = Changes::new()
            .insert_org(&org(number, &format!("org {number}")))
            .insert_project(&project(number, number, "default"));
        commit(store, changes).await.unwrap();
    }
}

fn principal(number: u128) -> PrincipalRow {
    PrincipalRow { id: principal_id(number), kind: "service_account", name: "robot".into(), created_at: at(0) }
}

fn api_key(number: u128, grants: &[(OrgId, Rights)]) -> ApiKeyRow {
    ApiKeyRow {
        id: api_key_id(number),
        mac: vec![number as u8; 32],
        ring_generation: 1,
        principal: principal_id(number),
        project_org: org_id(1),
        project: project_id(1),
        name: "a key".into(),
        shown: "khk_abcd".into(),
        operator: number.is_multiple_of(2),
        created_at: at(0),
        created_by: (number > 1).then(|| api_key_id(1)),
        expires_at: None,
        revoked_at: None,
        proof: vec![8; 32],
        version: 1,
        grants: grants.to_vec(),
    }
}

fn issued(key: &ApiKeyRow, number: u128) -> Changes {
    Changes::new().insert_principal(&principal(number), &key.grants).insert_api_key(key)
}

pub(crate) async fn there_is_one_deployment(store: Arc<Store>) {
    assert_eq!(store.find_deployment().await.unwrap(), None);
    let deployment = |byte| DeploymentRow {
        id: DeploymentId::from_slice(&[byte; 16]).unwrap(),
        created_at: at(0),
        check_value: vec![byte; 50],
    };
    let ring = |generation| RingKeyRow { generation, wrapped: vec![6; 60], created_at: at(0) };
    commit(&store, Changes::new().insert_deployment(&deployment(1), &ring(1))).await.unwrap();
    let second = Changes::new().insert_deployment(&deployment(2), &ring(2));
    assert_unmet(commit(&store, second).await, Unmet::Taken);
    assert_eq!(store.find_deployment().await.unwrap(), Some(deployment(1)));
    assert_eq!(store.list_ring_keys().await.unwrap(), [ring(1)]);
}

pub(crate) async fn organisations_have_names_of_their_own(store: Arc<Store>) {
    commit(&store, Changes::new().insert_org(&org(1, "acme"))).await.unwrap();
    assert_unmet(commit(&store, Changes::new().insert_org(&org(2, "acme"))).await, Unmet::Taken);
    assert_unmet(commit(&store, Changes::new().insert_org(&org(1, "other"))).await, Unmet::Taken);
    assert_eq!(store.find_org_named("acme").await.unwrap(), Some(org(1, "acme")));
    assert_eq!(store.find_org(org_id(1)).await.unwrap(), Some(org(1, "acme")));
    assert_eq!(store.find_org_named("Acme").await.unwrap(), None);
    assert_eq!(store.find_org(org_id(2)).await.unwrap(), None);
}

pub(crate) async fn projects_have_names_of_their_own_in_their_organisation(store: Arc<Store>) {
    make_orgs(&store).await;
    assert_unmet(commit(&store, Changes::new().insert_project(&project(1, 9, "default"))).await, Unmet::Taken);
    let found = store.find_project_named(org_scope(2), "default").await.unwrap();
    assert_eq!(found, Some(project(2, 2, "default")));
    assert_eq!(store.find_project(org_scope(2), project_id(2)).await.unwrap(), found);
    assert_eq!(store.find_project(org_scope(1), project_id(2)).await.unwrap(), None);
}

pub(crate) async fn organisations_are_listed_newest_first(store: Arc<Store>) {
    make_orgs(&store).await;
    let ids = async |below: Option<u128>, limit| {
        let found = store.list_orgs(below.map(org_id), limit).await.unwrap();
        found.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 10).await, [org_id(3), org_id(2), org_id(1)]);
    assert_eq!(ids(Some(3), 1).await, [org_id(2)]);
}

pub(crate) async fn organisations_keys_are_listed_oldest_first(store: Arc<Store>) {
    make_orgs(&store).await;
    for generation in [2, 1] {
        commit(&store, Changes::new().insert_org_key(&org_key(1, generation))).await.unwrap();
    }
    assert_unmet(commit(&store, Changes::new().insert_org_key(&org_key(1, 2))).await, Unmet::Taken);
    assert_eq!(store.list_org_keys(org_scope(1)).await.unwrap(), [org_key(1, 1), org_key(1, 2)]);
    assert_eq!(store.list_org_keys(org_scope(2)).await.unwrap(), []);
}

pub(crate) async fn an_api_key_is_found_by_its_mac_and_by_its_id(store: Arc<Store>) {
    make_orgs(&store).await;
    let viewer = Role::Viewer.rights();
    let mut key = api_key(2, &[(org_id(1), viewer), (org_id(3), Rights::NONE)]);
    key.expires_at = Some(at(100));
    commit(&store, issued(&key, 2)).await.unwrap();
    assert_eq!(store.find_api_key_by_mac(&key.mac).await.unwrap(), Some(key.clone()));
    assert_eq!(store.find_api_key(key.id).await.unwrap(), Some(key.clone()));
    assert_eq!(store.find_api_key_by_mac(&key.mac[..31]).await.unwrap(), None);
    assert_eq!(store.find_api_key(api_key_id(3)).await.unwrap(), None);
}

pub(crate) async fn an_api_key_of_the_same_text_is_refused(store: Arc<Store>) {
    make_orgs(&store).await;
    let key = api_key(1, &[(org_id(1), Rights::NONE)]);
    commit(&store, issued(&key, 1)).await.unwrap();
    let same = ApiKeyRow { mac: key.mac, ..api_key(2, &[(org_id(1), Rights::NONE)]) };
    assert_unmet(commit(&store, issued(&same, 2)).await, Unmet::Taken);
    assert_eq!(store.find_api_key(same.id).await.unwrap(), None);
}

pub(crate) async fn api_keys_are_listed_in_each_of_their_organisations(store: Arc<Store>) {
    make_orgs(&store).await;
    let viewer = Role::Viewer.rights();
    let grants: [&[(OrgId, Rights)]; 3] =
        [&[(org_id(1), viewer)], &[(org_id(1), viewer), (org_id(2), viewer)], &[(org_id(2), viewer)]];
    for (number, grants) in (1..).zip(grants) {
        commit(&store, issued(&api_key(number, grants), number)).await.unwrap();
    }
    let ids = async |org, below: Option<u128>, limit| {
        let found = store.list_api_keys(org_scope(org), below.map(api_key_id), limit).await.unwrap();
        found.into_iter().map(|row| (row.id, row.grants.len())).collect::<Vec<_>>()
    };
    assert_eq!(ids(1, None, 10).await, [(api_key_id(2), 2), (api_key_id(1), 1)]);
    assert_eq!(ids(2, None, 1).await, [(api_key_id(3), 1)]);
    assert_eq!(ids(2, Some(3), 10).await, [(api_key_id(2), 2)]);
    assert_eq!(ids(3, None, 10).await, []);
}

pub(crate) async fn a_revocation_needs_the_version_before(store: Arc<Store>) {
    make_orgs(&store).await;
    let key = api_key(1, &[(org_id(1), Rights::NONE)]);
    commit(&store, issued(&key, 1)).await.unwrap();
    let revoked = ApiKeyRow { revoked_at: Some(at(7)), proof: vec![9; 32], version: 2, ..key };
    commit(&store, Changes::new().revoke_api_key(&revoked)).await.unwrap();
    assert_eq!(store.find_api_key(revoked.id).await.unwrap(), Some(revoked.clone()));
    assert_unmet(commit(&store, Changes::new().revoke_api_key(&revoked)).await, Unmet::Stale);
}

pub(crate) async fn an_organisation_without_a_valid_owner_can_be_given_one_once(store: Arc<Store>) {
    make_orgs(&store).await;
    let owner = Role::Owner.rights();
    let now = at(50);
    let key = |number, rights, expires_at: Option<Timestamp>, revoked_at| ApiKeyRow {
        expires_at,
        revoked_at,
        ..api_key(number, &[(org_id(1), rights)])
    };
    let condition = || Changes::new().require_no_api_key_with(org_id(1), owner, now);
    for (number, key) in (1..).zip([
        key(1, Rights::of(&[Right::Read, Right::Admin]), None, None),
        key(2, owner, Some(now), None),
        key(3, owner, None, Some(at(1))),
    ]) {
        commit(&store, condition().insert_principal(&principal(number), &key.grants).insert_api_key(&key))
            .await
            .unwrap();
    }
    commit(&store, issued(&key(4, owner, Some(at(51)), None), 4)).await.unwrap();
    assert_unmet(commit(&store, condition()).await, Unmet::Taken);
    commit(&store, Changes::new().require_no_api_key_with(org_id(2), owner, now)).await.unwrap();
    let unknown = Changes::new().require_no_api_key_with(org_id(9), owner, now);
    assert_unmet(commit(&store, unknown).await, Unmet::Stale);
}
