//! The installation, organisations, and their keys.

use std::sync::Arc;

use keyholt_store::{Changes, DeploymentRow, IdRange, RingKeyRow, Store, Unmet};
use keyholt_types::{DeploymentId, OrgId};

use crate::fixture::{assert_unmet, at, commit, make_orgs, org, org_id, org_key, org_scope};

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
    for name in ["Acme", "acme ", "acme\0", ""] {
        assert_eq!(store.find_org_named(name).await.unwrap(), None, "{name:?}");
    }
    assert_eq!(store.find_org(org_id(2)).await.unwrap(), None);
}

pub(crate) async fn an_organisation_is_renamed_from_the_name_it_has(store: Arc<Store>) {
    make_orgs(&store).await;
    let present = org(1, "org 1");
    assert_unmet(commit(&store, Changes::new().rename_org(&present, "org 2")).await, Unmet::Taken);
    commit(&store, Changes::new().rename_org(&present, "acme")).await.unwrap();
    assert_eq!(store.find_org_named("acme").await.unwrap(), Some(org(1, "acme")));
    assert_eq!(store.find_org_named("org 1").await.unwrap(), None);
    assert_unmet(commit(&store, Changes::new().rename_org(&present, "other")).await, Unmet::Stale);
    assert_unmet(commit(&store, Changes::new().rename_org(&org(9, "org 9"), "other")).await, Unmet::Stale);
    // The name of before is free.
    commit(&store, Changes::new().insert_org(&org(4, "org 1"))).await.unwrap();
    // Its own name is no other's.
    commit(&store, Changes::new().rename_org(&org(1, "acme"), "acme")).await.unwrap();
}

pub(crate) async fn organisations_are_listed_from_either_end(store: Arc<Store>) {
    make_orgs(&store).await;
    let ids = async |above: Option<u128>, below: Option<u128>, ascending, limit| {
        let range = IdRange { above: above.map(org_id), below: below.map(org_id), ascending };
        let found = store.list_orgs(range, limit).await.unwrap();
        found.into_iter().map(|row| row.id).collect::<Vec<OrgId>>()
    };
    assert_eq!(ids(None, None, false, 10).await, [org_id(3), org_id(2), org_id(1)]);
    assert_eq!(ids(None, None, true, 2).await, [org_id(1), org_id(2)]);
    assert_eq!(ids(None, Some(3), false, 1).await, [org_id(2)]);
    assert_eq!(ids(Some(1), None, true, 1).await, [org_id(2)]);
    assert_eq!(ids(Some(1), Some(3), false, 10).await, [org_id(2)]);
    assert_eq!(ids(Some(2), Some(2), true, 10).await, []);
    assert_eq!(ids(None, None, false, 0).await, []);
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
