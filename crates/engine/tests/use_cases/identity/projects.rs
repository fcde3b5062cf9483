//! Projects of an organisation.

use std::sync::Arc;

use keyholt_engine::{Denied, Error, Field, IdentityFilter, ImportedSecret, NewApiKey, OrgChoice, ProjectView};
use keyholt_testkit::TestEngine;
use keyholt_types::{Action, Caller, ProjectId, Role, SecretId};

use super::fixture::{NOT_ADMIN, org_name};
use crate::fixture::{bare, full, with_ttl};

const UNNAMED: OrgChoice<'_> = OrgChoice::Unnamed;

async fn make(test: &TestEngine, name: &str) -> ProjectView {
    test.engine.create_project(&test.owner, UNNAMED, org_name(name)).await.unwrap()
}

async fn project_names(test: &TestEngine, caller: &Caller) -> Vec<String> {
    let all = IdentityFilter::default();
    let listed = test.engine.list_projects(caller, UNNAMED, &all).await.unwrap();
    listed.into_iter().map(|project| project.name.into()).collect()
}

async fn delete(test: &TestEngine, id: ProjectId) -> Result<ProjectView, Error> {
    test.engine.delete_project(&test.owner, id).await
}

/// A key that belongs to a project.
async fn key_in(test: &TestEngine, project: &str, lifetime_seconds: Option<i64>) -> Result<String, Error> {
    let rights = Role::Engineer.rights();
    let new = NewApiKey { project: Some(project.into()), lifetime_seconds, ..TestEngine::new_key(rights) };
    test.issue_with(&test.owner, new).await
}

#[tokio::test]
async fn a_project_has_a_name_of_its_own_in_its_organisation() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let evals = make(&test, "evals").await;
    assert_eq!(project_names(&test, &test.owner).await, ["evals", "default"]);
    let taken = test.engine.create_project(&test.owner, UNNAMED, org_name("evals")).await;
    assert_eq!(taken.unwrap_err(), Error::NameTaken);
    let there = test.engine.create_project(&both, OrgChoice::Named("acme"), org_name("evals")).await.unwrap();
    assert_ne!(there.org, evals.org);
    for refused in [
        test.engine.rename_project(&test.owner, evals.id, org_name("default")).await,
        test.engine.create_project(&test.owner, UNNAMED, org_name("default")).await,
    ] {
        assert_eq!(refused.unwrap_err(), Error::NameTaken);
    }
    assert_eq!(
        test.engine.create_project(&both, UNNAMED, org_name("x")).await.unwrap_err(),
        Error::OrgRequired
    );
    assert_eq!(
        test.engine.create_project(&test.owner, OrgChoice::Named("acme"), org_name("x")).await.unwrap_err(),
        Error::Forbidden(Denied::Org)
    );
    // Another organisation's is not there.
    for id in [there.id, ProjectId::MIN] {
        let missing = Error::NotFound;
        assert_eq!(test.engine.find_project(&test.owner, id).await.unwrap_err(), missing);
        assert_eq!(delete(&test, id).await.unwrap_err(), missing);
        let renamed = test.engine.rename_project(&test.owner, id, org_name("x")).await;
        assert_eq!(renamed.unwrap_err(), missing);
    }
}

#[tokio::test]
async fn a_new_name_holds_at_once_and_frees_the_old_one() {
    let test = TestEngine::in_memory().await;
    let evals = make(&test, "evals").await;
    let api_key = key_in(&test, "evals", None).await.unwrap();
    assert_eq!(&*test.caller(&api_key).await.unwrap().identity.project.name, "evals");
    let before = test.audit().await.len();
    let renamed = test.engine.rename_project(&test.owner, evals.id, org_name("agents")).await.unwrap();
    assert_eq!(renamed, ProjectView { name: "agents".into(), ..evals.clone() });
    assert_eq!(&*test.caller(&api_key).await.unwrap().identity.project.name, "agents");
    make(&test, "evals").await;
    // To its own name it is renamed without an event.
    test.engine.rename_project(&test.owner, evals.id, org_name("agents")).await.unwrap();
    let log = test.audit().await;
    let actions: Vec<Action> = log[..log.len() - before].iter().map(|record| record.event.action).collect();
    assert_eq!(actions, [Action::ProjectCreate, Action::ProjectRename]);
    let viewer = test.caller_with(Role::Viewer.rights()).await;
    assert_eq!(test.engine.rename_project(&viewer, evals.id, org_name("x")).await.unwrap_err(), NOT_ADMIN);
}

#[tokio::test]
async fn a_project_is_deleted_when_nothing_needs_it_any_more() {
    let test = TestEngine::in_memory().await;
    let evals = make(&test, "evals").await;
    let api_key = key_in(&test, "evals", None).await.unwrap();
    let caller = test.caller(&api_key).await.unwrap();
    test.engine.create_project_secret(&caller, full("a", "v")).await.unwrap();
    test.engine.create_project_secret(&caller, with_ttl("b", "v", 86_400)).await.unwrap();
    let short = key_in(&test, "evals", Some(2 * 86_400)).await.unwrap();
    test.caller(&short).await.unwrap();
    let in_use = async || {
        assert_eq!(delete(&test, evals.id).await.unwrap_err(), Error::InUse);
        assert_eq!(test.engine.find_project(&test.owner, evals.id).await.unwrap(), evals);
    };
    in_use().await;
    test.engine.delete_project_secret(&caller, "a").await.unwrap();
    in_use().await;
    test.engine.revoke_api_key(&test.owner, caller.identity.api_key).await.unwrap();
    in_use().await;
    // What has expired is still there until it is erased.
    test.clock.advance_seconds(86_400);
    in_use().await;
    assert_eq!(test.engine.erase_expired().await.unwrap(), 1);
    in_use().await;
    test.clock.advance_seconds(86_400);
    assert_eq!(delete(&test, evals.id).await.unwrap(), evals);
    assert_eq!(project_names(&test, &test.owner).await, ["default"]);
    assert_eq!(test.engine.find_project(&test.owner, evals.id).await.unwrap_err(), Error::NotFound);
    assert_eq!(delete(&test, evals.id).await.unwrap_err(), Error::NotFound);
    let refused = key_in(&test, "evals", None).await.unwrap_err();
    assert!(matches!(refused, Error::Invalid(Field::Project, _)), "{refused:?}");
    let imported = test.engine.import_secrets(&test.owner, UNNAMED, Some("evals"), Vec::new()).await;
    assert!(matches!(imported, Err(Error::Invalid(Field::Project, _))), "{imported:?}");
    // Its name is free, and its keys are still listed.
    let again = make(&test, "evals").await;
    assert_ne!(again.id, evals.id);
    let revoked = test.engine.find_api_key(&test.owner, caller.identity.api_key).await.unwrap();
    assert_eq!(revoked.project, Some(evals.id));
    assert_eq!(delete(&test, test.owner.identity.project.id).await.unwrap_err(), Error::InUse);
    assert_eq!(test.engine.verify_audit(&test.owner).await.unwrap().first_bad, None);
}

/// Whatever comes first: either the key is refused or the project stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_key_is_issued_into_a_project_that_is_deleted_meanwhile() {
    let test = Arc::new(TestEngine::in_memory().await);
    for round in 0..40 {
        let name = format!("project {round}");
        let id = make(&test, &name).await.id;
        let mut keys = tokio::task::JoinSet::new();
        for _ in 0..3 {
            let (test, name) = (Arc::clone(&test), name.clone());
            keys.spawn(async move { key_in(&test, &name, None).await });
        }
        let deleted = delete(&test, id).await;
        for issued in keys.join_all().await {
            match issued {
                Ok(api_key) => {
                    assert_eq!(deleted, Err(Error::InUse), "{round}");
                    test.caller(&api_key).await.unwrap();
                }
                Err(refused) => {
                    assert!(matches!(refused, Error::Invalid(Field::Project, _)), "{refused:?}");
                    assert!(deleted.is_ok(), "{round}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_secret_is_left_in_a_project_that_is_deleted_meanwhile() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = Arc::new(TestEngine::on_file(&dir).await);
    for round in 0..40_u128 {
        let name = format!("project {round}");
        let id = make(&test, &name).await.id;
        let mut imports = tokio::task::JoinSet::new();
        for number in 0..3 {
            let (test, name) = (Arc::clone(&test), name.clone());
            imports.spawn(async move {
                let id = SecretId::new(uuid::Uuid::from_u128(round * 10 + number));
                let secret = bare(&format!("secret {number}"));
                let secrets = vec![ImportedSecret { id, created_at: None, secret }];
                test.engine.import_secrets(&test.owner, UNNAMED, Some(&name), secrets).await
            });
        }
        let _ = delete(&test, id).await;
        imports.join_all().await;
    }
    let intruder = keyholt_testkit::Intruder::in_directory(&dir).unwrap();
    let lost = "SELECT count(*) FROM secrets s JOIN projects p ON p.id = s.collection_id
                WHERE p.deleted_at IS NOT NULL";
    assert_eq!(intruder.read::<i64>(lost).unwrap(), [0]);
}
