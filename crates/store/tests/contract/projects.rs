//! Projects: names, and when one can be deleted.

use std::sync::Arc;

use keyholt_store::{ApiKeyRow, Changes, IdRange, Store, Unmet};
use keyholt_types::{ProjectId, Rights};

use crate::fixture::{
    api_key, assert_unmet, at, commit, inserted, issued, make_orgs, org_id, org_scope, project, project_id,
    secret, secret_id,
};

/// The moment at which projects are deleted here.
const NOW: i64 = 100;

async fn delete(store: &Store, number: u128, name: &str) -> Result<(), keyholt_store::CommitError> {
    commit(store, Changes::new().delete_project(&project(1, number, name), at(NOW))).await
}

pub(crate) async fn projects_have_names_of_their_own_in_their_organisation(store: Arc<Store>) {
    make_orgs(&store).await;
    assert_unmet(commit(&store, Changes::new().insert_project(&project(1, 9, "default"))).await, Unmet::Taken);
    let found = store.find_project_named(org_scope(2), "default").await.unwrap();
    assert_eq!(found, Some(project(2, 2, "default")));
    assert_eq!(store.find_project(org_scope(2), project_id(2)).await.unwrap(), found);
    assert_eq!(store.find_project(org_scope(1), project_id(2)).await.unwrap(), None);
    for name in ["Default", "default\0", ""] {
        assert_eq!(store.find_project_named(org_scope(2), name).await.unwrap(), None, "{name:?}");
    }
}

pub(crate) async fn a_project_is_renamed_from_the_name_it_has(store: Arc<Store>) {
    make_orgs(&store).await;
    commit(&store, Changes::new().insert_project(&project(1, 9, "evals"))).await.unwrap();
    let present = project(1, 9, "evals");
    assert_unmet(commit(&store, Changes::new().rename_project(&present, "default")).await, Unmet::Taken);
    commit(&store, Changes::new().rename_project(&present, "agents")).await.unwrap();
    let renamed = store.find_project(org_scope(1), project_id(9)).await.unwrap();
    assert_eq!(renamed, Some(project(1, 9, "agents")));
    assert_eq!(store.find_project_named(org_scope(1), "evals").await.unwrap(), None);
    assert_unmet(commit(&store, Changes::new().rename_project(&present, "other")).await, Unmet::Stale);
    // Under the id of one organisation's project nothing of another's is changed.
    let foreign = keyholt_store::ProjectRow { org: org_id(2), ..project(1, 9, "agents") };
    assert_unmet(commit(&store, Changes::new().rename_project(&foreign, "other")).await, Unmet::Stale);
    assert_unmet(commit(&store, Changes::new().delete_project(&foreign, at(NOW))).await, Unmet::Stale);
}

pub(crate) async fn a_project_that_holds_a_secret_is_not_deleted(store: Arc<Store>) {
    make_orgs(&store).await;
    let row = secret(org_scope(1).project_secrets(project_id(1)), 1, "a");
    store.commit(inserted(&row)).await.unwrap();
    assert_unmet(delete(&store, 1, "default").await, Unmet::Taken);
    assert_eq!(
        store.find_project(org_scope(1), project_id(1)).await.unwrap(),
        Some(project(1, 1, "default")),
        "what is refused changes nothing"
    );
    let scope = org_scope(1).project_secrets(project_id(1));
    commit(&store, Changes::new().delete_secret(scope, secret_id(1), 1)).await.unwrap();
    delete(&store, 1, "default").await.unwrap();
}

/// The secrets of the organisation itself, and of other projects, do not count.
pub(crate) async fn secrets_elsewhere_keep_no_project(store: Arc<Store>) {
    make_orgs(&store).await;
    commit(&store, Changes::new().insert_project(&project(1, 9, "evals"))).await.unwrap();
    let scopes = [org_scope(1).secrets(), org_scope(1).project_secrets(project_id(9))];
    for (id, scope) in (1..).zip(scopes) {
        store.commit(inserted(&secret(scope, id, "a"))).await.unwrap();
    }
    delete(&store, 1, "default").await.unwrap();
    assert_unmet(delete(&store, 9, "evals").await, Unmet::Taken);
}

pub(crate) async fn a_project_of_a_valid_api_key_is_not_deleted(store: Arc<Store>) {
    make_orgs(&store).await;
    let later = Some(at(NOW + 1));
    for (number, expires_at, revoked_at, is_valid) in [
        (1, None, None, true),
        (2, later, None, true),
        (3, Some(at(NOW)), None, false),
        (4, None, Some(at(1)), false),
        (5, later, Some(at(1)), false),
    ] {
        let project_of_key = project(1, 10 + number, &format!("project {number}"));
        let key = ApiKeyRow {
            project: project_of_key.id,
            expires_at,
            revoked_at,
            ..api_key(number, &[(org_id(1), Rights::NONE)])
        };
        commit(&store, Changes::new().insert_project(&project_of_key)).await.unwrap();
        commit(&store, issued(&key, number)).await.unwrap();
        let deleted = delete(&store, 10 + number, &project_of_key.name).await;
        let found = store.find_project(org_scope(1), project_of_key.id).await.unwrap();
        if is_valid {
            assert_unmet(deleted, Unmet::Taken);
            assert_eq!(found, Some(project_of_key), "{number}");
        } else {
            deleted.unwrap();
            assert_eq!(found, None, "{number}");
            // The key still names its project.
            assert_eq!(store.find_api_key(key.id).await.unwrap(), Some(key));
        }
    }
}

pub(crate) async fn a_deleted_project_is_seen_nowhere_and_its_name_is_free(store: Arc<Store>) {
    make_orgs(&store).await;
    commit(&store, Changes::new().insert_project(&project(1, 9, "evals"))).await.unwrap();
    let present = project(1, 9, "evals");
    delete(&store, 9, "evals").await.unwrap();
    assert_eq!(store.find_project(org_scope(1), project_id(9)).await.unwrap(), None);
    assert_eq!(store.find_project_named(org_scope(1), "evals").await.unwrap(), None);
    let buried = format!("\u{1}{}", project_id(9));
    assert_eq!(store.find_project_named(org_scope(1), &buried).await.unwrap(), None);
    let listed = store.list_projects(org_scope(1), IdRange::default(), 10).await.unwrap();
    assert_eq!(listed, [project(1, 1, "default")]);
    for again in [
        Changes::new().delete_project(&present, at(NOW)),
        Changes::new().delete_project(&project(1, 9, &buried), at(NOW)),
        Changes::new().rename_project(&present, "agents"),
        Changes::new().rename_project(&project(1, 9, &buried), "agents"),
    ] {
        assert_unmet(commit(&store, again).await, Unmet::Stale);
    }
    // Its name is free as often as it is deleted; its id is not.
    assert_unmet(commit(&store, Changes::new().insert_project(&present)).await, Unmet::Taken);
    for number in [20, 21] {
        commit(&store, Changes::new().insert_project(&project(1, number, "evals"))).await.unwrap();
        delete(&store, number, "evals").await.unwrap();
    }
}

pub(crate) async fn what_needs_a_project_goes_on_only_where_it_is(store: Arc<Store>) {
    make_orgs(&store).await;
    let required = |org, number| Changes::new().require_project(org_id(org), project_id(number));
    let row = secret(org_scope(1).project_secrets(project_id(1)), 1, "a");
    let scope = org_scope(1).project_secrets(project_id(1));
    commit(&store, required(1, 1).insert_secret(scope, &row)).await.unwrap();
    // Another organisation's project, and one that is not there.
    for (org, number) in [(2, 1), (1, 9)] {
        assert_unmet(commit(&store, required(org, number)).await, Unmet::Stale);
    }
    commit(&store, Changes::new().delete_secret(scope, secret_id(1), 1)).await.unwrap();
    delete(&store, 1, "default").await.unwrap();
    assert_unmet(commit(&store, required(1, 1).insert_secret(scope, &row)).await, Unmet::Stale);
    assert_eq!(store.find_secret(scope, secret_id(1)).await.unwrap(), None);
}

pub(crate) async fn projects_are_listed_from_either_end(store: Arc<Store>) {
    make_orgs(&store).await;
    for number in 4..=6 {
        commit(&store, Changes::new().insert_project(&project(1, number, &format!("p{number}"))))
            .await
            .unwrap();
    }
    let ids = async |above: Option<u128>, below: Option<u128>, ascending, limit| {
        let range = IdRange { above: above.map(project_id), below: below.map(project_id), ascending };
        let found = store.list_projects(org_scope(1), range, limit).await.unwrap();
        found.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let ids_of =
        |numbers: &[u128]| numbers.iter().map(|number| project_id(*number)).collect::<Vec<ProjectId>>();
    assert_eq!(ids(None, None, false, 10).await, ids_of(&[6, 5, 4, 1]));
    assert_eq!(ids(None, None, true, 2).await, ids_of(&[1, 4]));
    assert_eq!(ids(Some(1), Some(6), false, 1).await, ids_of(&[5]));
    assert_eq!(ids(Some(1), Some(6), true, 1).await, ids_of(&[4]));
}
