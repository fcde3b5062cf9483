//! First and later starts.

use std::sync::Arc;

use keyholt_crypto::{LocalRootKey, RootKeyError, RootKeyProvider};
use keyholt_engine::{
    Bootstrap, Engine, EngineSettings, OpenOptions, OpenRefused, Opened, OrgReach, StoreState, open,
};
use keyholt_store::Store;
use keyholt_testkit::TestEngine;
use keyholt_types::{Action, Caller, Credential, OrgName, RequestContext, Role, TestClock, Timestamp};

use crate::fixture::{create, find, full};

fn options<'a>(
    store: Store,
    root_key: &'a dyn Fn(StoreState) -> Result<Box<dyn RootKeyProvider>, RootKeyError>,
    bootstrap: Bootstrap,
) -> OpenOptions<'a> {
    let clock = Arc::new(TestClock::at(Timestamp::from_micros(TestEngine::BEGINNING)));
    OpenOptions {
        store,
        clock,
        root_key,
        settings: EngineSettings { versions_kept: 2, ..EngineSettings::default() },
        bootstrap,
    }
}

fn root_key_of(text: &str, origin: &str) -> Result<Box<dyn RootKeyProvider>, RootKeyError> {
    Ok(Box::new(LocalRootKey::parse(text, origin)?))
}

async fn authenticate(engine: &Engine, credential: &Credential) -> Option<Caller> {
    let request = RequestContext { id: engine.make_request_id(), address: None };
    engine.authenticate(credential, request).await.ok()
}

fn bootstrap(api_key: Option<&str>, org: Option<&str>) -> Bootstrap {
    Bootstrap {
        api_key: api_key.map(|text| Credential::new(text.into())),
        org: org.map(|name| OrgName::parse(name).unwrap()),
    }
}

#[tokio::test]
async fn the_first_start_makes_an_organisation_a_project_and_an_operators_key() {
    let text = LocalRootKey::generate_text().unwrap();
    let root_key = |state| {
        assert_eq!(state, StoreState::Empty);
        root_key_of(&text, "the test")
    };
    let store = Store::open_in_memory().unwrap();
    let Opened { engine, first_start } = open(options(store, &root_key, Bootstrap::default())).await.unwrap();
    let first_start = first_start.unwrap();
    assert_eq!(&*first_start.org_name, "default");
    let token = first_start.token.unwrap();
    let owner = authenticate(&engine, &token.credential()).await.unwrap();
    assert!(owner.identity.operator);
    assert_eq!(owner.identity.expires_at, None);
    let [grant] = &owner.identity.orgs[..] else { panic!("{:?}", owner.identity) };
    assert_eq!((&*grant.org_name, grant.rights), ("default", Role::Owner.rights()));
    assert_eq!((owner.identity.project.org, &*owner.identity.project.name), (grant.org, "default"));
}

#[tokio::test]
async fn a_first_start_takes_the_key_and_the_name_that_are_given() {
    let text = LocalRootKey::generate_text().unwrap();
    let root_key = |_| root_key_of(&text, "the test");
    let store = Store::open_in_memory().unwrap();
    let given = bootstrap(Some("My API Key"), Some("acme"));
    let Opened { engine, first_start } = open(options(store, &root_key, given)).await.unwrap();
    let first_start = first_start.unwrap();
    assert!(first_start.token.is_none());
    assert_eq!(&*first_start.org_name, "acme");
    let owner = authenticate(&engine, &Credential::new("My API Key".into())).await.unwrap();
    assert_eq!(&*owner.identity.orgs[0].org_name, "acme");
}

#[tokio::test]
async fn a_later_start_finds_everything_and_ignores_the_bootstrap() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let secret = {
        let test = TestEngine::on_file(&dir).await;
        create(&test, full("a", "a value")).await
    };
    {
        let path = dir.with_extension("root-key");
        let root_key = |state| {
            assert_eq!(state, StoreState::InUse);
            Ok(Box::new(LocalRootKey::load_file(&path)?) as Box<dyn RootKeyProvider>)
        };
        let store = Store::open_directory(&dir).unwrap();
        let given = bootstrap(Some("another key"), Some("another organisation"));
        let Opened { engine, first_start } = open(options(store, &root_key, given)).await.unwrap();
        assert!(first_start.is_none());
        assert!(authenticate(&engine, &Credential::new("another key".into())).await.is_none());
    }
    let test = TestEngine::on_file(&dir).await;
    assert_eq!(find(&test, secret.columns.id).await.unwrap(), secret);
    let all = test.engine.list_orgs(&test.owner, OrgReach::Operated, &Default::default()).await.unwrap();
    assert_eq!(all.len(), 1);
}

#[tokio::test]
async fn a_wrong_root_key_is_refused_and_named() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    drop(TestEngine::on_file(&dir).await);
    let other = LocalRootKey::generate_text().unwrap();
    let root_key = |_| root_key_of(&other, "file other.root-key");
    let store = Store::open_directory(&dir).unwrap();
    let refused = open(options(store, &root_key, Bootstrap::default())).await.map(|_| ()).unwrap_err();
    let line = refused.to_string();
    assert!(line.contains("file other.root-key") && !line.contains("khroot1_"), "{line}");
    assert!(!line.contains('\n'));
    TestEngine::on_file(&dir).await;
}

#[tokio::test]
async fn a_missing_root_key_is_never_made_anew_for_a_store_in_use() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    drop(TestEngine::on_file(&dir).await);
    std::fs::remove_file(dir.with_extension("root-key")).unwrap();
    let path = dir.with_extension("root-key");
    let root_key = |state| match state {
        StoreState::Empty => panic!("the store is in use"),
        StoreState::InUse => Ok(Box::new(LocalRootKey::load_file(&path)?) as Box<dyn RootKeyProvider>),
    };
    let store = Store::open_directory(&dir).unwrap();
    let refused = open(options(store, &root_key, Bootstrap::default())).await.map(|_| ()).unwrap_err();
    assert!(matches!(refused, OpenRefused::RootKey(RootKeyError::Missing { .. })), "{refused}");
}

#[tokio::test]
async fn the_first_start_is_in_the_audit_log() {
    let test = TestEngine::in_memory().await;
    let actions: Vec<Action> = test.audit().await.iter().rev().map(|record| record.event.action).collect();
    assert_eq!(
        actions,
        [
            Action::DeploymentCreate,
            Action::OrgCreate,
            Action::OrgKeyCreate,
            Action::ProjectCreate,
            Action::PrincipalCreate,
            Action::ApiKeyCreate,
        ]
    );
}

#[tokio::test]
async fn an_engine_that_serves_is_healthy() {
    let test = TestEngine::in_memory().await;
    test.engine.health().await.unwrap();
    assert_ne!(test.engine.make_request_id(), test.engine.make_request_id());
}
