//! Organisations: which one is meant, and that nobody sees another's (wire/braintrust.md 5.3).

use keyholt_engine::{Denied, Error, IdentityFilter, OrgChoice, OrgReach, SecretFilter, SecretPatch};
use keyholt_testkit::TestEngine;
use keyholt_types::{OrgName, Role};

use crate::fixture::{bare, create, full, list, names, opened, rest_of};

#[tokio::test]
async fn a_key_of_one_organisation_means_that_one() {
    let test = TestEngine::in_memory().await;
    for choice in [OrgChoice::Unnamed, OrgChoice::Named("default")] {
        let written = test.engine.replace_secret(&test.owner, choice, bare("a")).await.unwrap();
        assert_eq!(written.secret.columns.collection.org(), test.owner.identity.orgs[0].org);
        let found = test.engine.list_secrets(&test.owner, choice, SecretFilter::default()).await.unwrap();
        assert_eq!(rest_of(found).await.len(), 1);
    }
    test.engine.delete_secret_named(&test.owner, OrgChoice::Named("default"), "a").await.unwrap();
}

#[tokio::test]
async fn an_unknown_and_a_foreign_organisation_are_refused_alike() {
    let test = TestEngine::in_memory().await;
    test.make_orgs(&["acme"]).await;
    for name in ["acme", "nowhere", "", "Default", "default ", "default\0"] {
        let choice = OrgChoice::Named(name);
        let refused = Error::Forbidden(Denied::Org);
        let engine = &test.engine;
        assert_eq!(engine.create_secret(&test.owner, choice, bare("a")).await.unwrap_err(), refused);
        assert_eq!(engine.replace_secret(&test.owner, choice, bare("a")).await.unwrap_err(), refused);
        assert_eq!(engine.delete_secret_named(&test.owner, choice, "a").await.unwrap_err(), refused);
        let found = engine.list_secrets(&test.owner, choice, SecretFilter::default()).await.unwrap();
        assert_eq!(rest_of(found).await, []);
    }
}

#[tokio::test]
async fn a_key_of_several_organisations_must_say_where_it_writes_and_lists_all() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let engine = &test.engine;
    let unnamed = OrgChoice::Unnamed;
    assert_eq!(engine.create_secret(&both, unnamed, bare("a")).await.unwrap_err(), Error::OrgRequired);
    assert_eq!(engine.replace_secret(&both, unnamed, bare("a")).await.unwrap_err(), Error::OrgRequired);
    assert_eq!(engine.delete_secret_named(&both, unnamed, "a").await.unwrap_err(), Error::OrgRequired);
    let mut ids = Vec::new();
    for (org, name) in [("default", "a"), ("acme", "a"), ("default", "b"), ("acme", "c")] {
        let written = engine.create_secret(&both, OrgChoice::Named(org), bare(name)).await.unwrap();
        assert!(!written.found_existing);
        ids.push(written.secret.columns.id);
    }
    assert_eq!(names(&list(&test, &both, SecretFilter::default()).await), ["c", "b", "a", "a"]);
    let acme = engine.list_secrets(&both, OrgChoice::Named("acme"), SecretFilter::default()).await.unwrap();
    assert_eq!(names(&opened(rest_of(acme).await)), ["c", "a"]);
    // By id all of them are reached without saying where.
    for id in &ids {
        engine.find_secret(&both, *id).await.unwrap();
        engine.patch_secret(&both, *id, SecretPatch::default()).await.unwrap();
    }
    let deleted = engine.delete_secret_named(&both, OrgChoice::Named("acme"), "a").await.unwrap();
    assert_eq!(deleted.columns.id, ids[1]);
    engine.delete_secret(&both, ids[3]).await.unwrap();
    assert_eq!(names(&list(&test, &both, SecretFilter::default()).await), ["b", "a"]);
}

#[tokio::test]
async fn several_organisations_without_the_right_are_refused_as_one_is() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let viewer = test.issue(&both, &["default", "acme"], Role::Viewer.rights(), None).await.unwrap();
    let viewer = test.caller(&viewer).await.unwrap();
    let refused = test.engine.create_secret(&viewer, OrgChoice::Unnamed, bare("a")).await.unwrap_err();
    assert_eq!(refused, Error::Forbidden(Denied::Right(keyholt_types::Right::Write)));
}

#[tokio::test]
async fn another_organisations_secret_is_not_there() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let engine = &test.engine;
    let written = engine.create_secret(&both, OrgChoice::Named("acme"), full("a", "v")).await.unwrap();
    let id = written.secret.columns.id;
    let stranger = &test.owner;
    assert_eq!(engine.find_secret(stranger, id).await.unwrap_err(), Error::NotFound);
    assert_eq!(engine.delete_secret(stranger, id).await.unwrap_err(), Error::NotFound);
    let patched = engine.patch_secret(stranger, id, SecretPatch::default()).await;
    assert_eq!(patched.unwrap_err(), Error::NotFound);
    assert_eq!(list(&test, stranger, SecretFilter::default()).await, []);
    let by_id = SecretFilter { ids: Some(vec![id]), ..SecretFilter::default() };
    assert_eq!(list(&test, stranger, by_id).await, []);
    assert_eq!(engine.find_project_secret(stranger, &id.to_string()).await.unwrap_err(), Error::NotFound);
    assert_eq!(engine.find_secret(&both, id).await.unwrap(), written.secret);
}

#[tokio::test]
async fn an_organisations_name_is_given_once() {
    let test = TestEngine::in_memory().await;
    let make = async |name| test.engine.create_org(&test.owner, OrgName::parse(name).unwrap()).await;
    let made = make("acme").await.unwrap();
    assert!(made.project.is_some());
    assert_eq!(make("acme").await.unwrap_err(), Error::NameTaken);
    assert_eq!(make("default").await.unwrap_err(), Error::NameTaken);
    make("Acme").await.unwrap();
}

#[tokio::test]
async fn an_operator_lists_all_organisations_and_others_their_own() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme", "beta", "gamma"]).await).await.unwrap();
    let viewer = test.issue(&both, &["beta", "default"], Role::Viewer.rights(), None).await.unwrap();
    let viewer = test.caller(&viewer).await.unwrap();
    let listed = async |caller, after, limit| {
        let filter = IdentityFilter { starting_after: after, limit: Some(limit), ..IdentityFilter::default() };
        test.engine.list_orgs(caller, OrgReach::Operated, &filter).await.unwrap()
    };
    let name = |org: &keyholt_engine::OrgView| org.name.to_string();
    let all = listed(&test.owner, None, 10).await;
    assert_eq!(all.iter().map(name).collect::<Vec<_>>(), ["gamma", "beta", "acme", "default"]);
    let page = listed(&test.owner, Some(all[0].id), 2).await;
    assert_eq!(page.iter().map(name).collect::<Vec<_>>(), ["beta", "acme"]);
    let own = listed(&viewer, None, 10).await;
    assert_eq!(own.iter().map(name).collect::<Vec<_>>(), ["beta", "default"]);
    let page = listed(&viewer, Some(own[0].id), 10).await;
    assert_eq!(page.iter().map(name).collect::<Vec<_>>(), ["default"]);
    let ids: Vec<_> = all.iter().map(|org| org.id).collect();
    assert_eq!(test.engine.org_names(&viewer, &ids).await.unwrap().len(), 2);
    assert_eq!(test.engine.org_names(&test.owner, &ids).await.unwrap().len(), 4);
}

#[tokio::test]
async fn project_secrets_are_those_of_the_keys_own_project() {
    let test = TestEngine::in_memory().await;
    let acme = test.make_orgs(&["acme"]).await;
    let both = test.caller(&acme).await.unwrap();
    let other = test.issue(&both, &["acme"], Role::Owner.rights(), None).await.unwrap();
    let other = test.caller(&other).await.unwrap();
    let engine = &test.engine;
    let secret = engine.create_project_secret(&test.owner, full("a", "v")).await.unwrap();
    let id = secret.columns.id;
    for key in ["a".to_owned(), id.to_string()] {
        assert_eq!(engine.find_project_secret(&other, &key).await.unwrap_err(), Error::NotFound);
        assert_eq!(engine.delete_project_secret(&other, &key).await.unwrap_err(), Error::NotFound);
        assert_eq!(engine.find_project_secret(&both, &key).await.unwrap(), secret);
    }
    // The collections do not meet.
    assert_eq!(engine.find_secret(&test.owner, id).await.unwrap_err(), Error::NotFound);
    assert_eq!(list(&test, &both, SecretFilter::default()).await, []);
    create(&test, bare("a")).await;
    engine.create_project_secret(&other, full("a", "v")).await.unwrap();
}
