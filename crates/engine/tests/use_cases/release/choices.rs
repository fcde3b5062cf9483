//! What is remembered of secrets chooses among them, and nobody is ever served by what was.

use keyholt_engine::providers::{ProviderType, Unfit};
use keyholt_engine::{Choice, Error, ImportedSecret, NewSecret, OrgChoice, UseRequest};
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::{Caller, Patch, SecretId};
use serde_json::json;

use crate::fixture::{bare, create, kind, merge, new_kind, new_value, patch, rename, value, with_ttl};

fn request(model: &str) -> UseRequest<'_> {
    UseRequest { model: Some(model), name: None, provider: None, understands: |kind| kind != ProviderType::Js }
}

async fn choices(test: &TestEngine, model: &str) -> Result<Vec<Choice>, Error> {
    test.engine.find_usable(&test.owner, request(model)).await
}

async fn name_of(test: &TestEngine, caller: &Caller, choice: Choice) -> Result<String, Error> {
    Ok(test.engine.open_choice(caller, choice).await?.secret().columns.name.to_string())
}

/// The names of the secrets that serve a model, sorted; an error where one that was chosen does not open.
async fn serving(test: &TestEngine, model: &str) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for choice in choices(test, model).await? {
        names.push(name_of(test, &test.owner, choice).await?);
    }
    names.sort();
    Ok(names)
}

fn openai(name: &str) -> NewSecret {
    NewSecret { kind: Some(kind("openai")), value: Some(value("v")), ..bare(name) }
}

async fn make(test: &TestEngine, name: &str) -> SecretId {
    create(test, openai(name)).await.columns.id
}

async fn assert_serving(test: &TestEngine, expected: &[&str], what: &str) {
    let found = match serving(test, "gpt-4o").await {
        Err(Error::NotFound) => Vec::new(),
        other => other.unwrap(),
    };
    assert_eq!(found, expected, "{what}");
}

#[tokio::test]
async fn every_change_is_seen_by_the_next_request() {
    let test = TestEngine::in_memory().await;
    let engine = &test.engine;
    assert_serving(&test, &[], "none was made").await;
    let (a, b) = (make(&test, "a").await, make(&test, "b").await);
    assert_serving(&test, &["a", "b"], "made").await;
    patch(&test, a, merge(json!({"models": ["gpt-5"]}))).await.unwrap();
    assert_serving(&test, &["b"], "for other models now").await;
    assert_eq!(serving(&test, "gpt-5").await.unwrap(), ["a", "b"]);
    patch(&test, a, merge(json!({"models": []}))).await.unwrap();
    assert_serving(&test, &["a", "b"], "for all models again").await;
    patch(&test, b, new_kind("groq")).await.unwrap();
    assert_serving(&test, &["a"], "of another type").await;
    engine.replace_secret(&test.owner, OrgChoice::Unnamed, openai("b")).await.unwrap();
    assert_serving(&test, &["a", "b"], "replaced").await;
    patch(&test, b, rename("c")).await.unwrap();
    assert_serving(&test, &["a", "c"], "renamed").await;
    engine.delete_secret(&test.owner, a).await.unwrap();
    assert_serving(&test, &["c"], "deleted").await;
    let imported = ImportedSecret { id: a, created_at: None, secret: openai("d") };
    engine.import_secrets(&test.owner, OrgChoice::Unnamed, None, vec![imported]).await.unwrap();
    assert_serving(&test, &["c", "d"], "imported").await;
    patch(&test, a, merge(json!({"api_base": "https://elsewhere.example.com"}))).await.unwrap();
    assert_serving(&test, &["c"], "bound to other hosts").await;
    engine.confirm_hosts(&test.owner, a).await.unwrap();
    assert_serving(&test, &["c", "d"], "its hosts were confirmed").await;
}

#[tokio::test]
async fn a_secret_that_expires_serves_nothing_from_then_on() {
    let test = TestEngine::in_memory().await;
    let new = NewSecret { kind: Some(kind("openai")), ..with_ttl("a", "v", 86_400) };
    let id = create(&test, new).await.columns.id;
    test.clock.advance_seconds(86_399);
    assert_serving(&test, &["a"], "not yet").await;
    let chosen = choices(&test, "gpt-4o").await.unwrap().remove(0);
    test.clock.advance_seconds(1);
    assert_eq!(choices(&test, "gpt-4o").await.unwrap_err(), Error::NotFound);
    assert_eq!(name_of(&test, &test.owner, chosen).await.unwrap_err(), Error::NotFound);
    patch(&test, id, new_value("again")).await.unwrap_err();
}

/// Between the choice and the use there is time for a change, be it as short.
#[tokio::test]
async fn what_was_chosen_is_used_as_it_is_by_then_or_not_at_all() {
    let test = TestEngine::in_memory().await;
    let id = make(&test, "a").await;
    let choose = async || choices(&test, "gpt-4o").await.unwrap().remove(0);
    let chosen = choose().await;
    patch(&test, id, merge(json!({"keyholt": {"weight": 2}}))).await.unwrap();
    let opened = test.engine.open_choice(&test.owner, chosen).await.unwrap();
    assert_eq!(opened.secret().columns.version, 2);
    let unfit = [
        (merge(json!({"models": ["gpt-5"]})), Error::NotFound),
        (merge(json!({"models": [], "api_base": "https://x.example.com"})), Error::Unusable(Unfit::Unbound)),
    ];
    for (change, expected) in unfit {
        let chosen = choose().await;
        patch(&test, id, change).await.unwrap();
        assert_eq!(name_of(&test, &test.owner, chosen).await.unwrap_err(), expected);
        patch(&test, id, merge(json!({"models": [], "api_base": ""}))).await.unwrap();
    }
    let chosen = choose().await;
    patch(&test, id, keyholt_engine::SecretPatch { kind: Patch::Clear, ..Default::default() }).await.unwrap();
    assert_eq!(name_of(&test, &test.owner, chosen).await.unwrap_err(), Error::NotFound);
}

#[tokio::test]
async fn a_row_that_somebody_changed_is_chosen_once_at_most_and_never_used() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    for name in ["sound", "changed"] {
        make(&test, name).await;
    }
    assert_serving(&test, &["changed", "sound"], "as they were made").await;
    let intruder = Intruder::in_directory(&dir).unwrap();
    let change = "UPDATE secrets SET value_version = 7 WHERE name = 'changed'";
    assert_eq!(intruder.execute(change).unwrap(), 1);
    let mut outcomes = Vec::new();
    for choice in choices(&test, "gpt-4o").await.unwrap() {
        outcomes.push(name_of(&test, &test.owner, choice).await);
    }
    outcomes.sort_by_key(Result::is_err);
    assert_eq!(outcomes, [Ok("sound".into()), Err(Error::NotFound)]);
    assert_serving(&test, &["sound"], "it is known by now").await;
}

/// What is remembered is nobody's: each caller chooses among what they may use.
#[tokio::test]
async fn what_one_caller_asked_for_shows_another_nothing() {
    use crate::identity::fixture::{narrowed, restriction};
    use keyholt_types::Role;
    let test = TestEngine::in_memory().await;
    make(&test, "a").await;
    make(&test, "b").await;
    assert_serving(&test, &["a", "b"], "the owner's").await;
    let caller = narrowed(&test, Role::App.rights(), restriction(&["b"], &[], &[])).await;
    let found = test.engine.find_usable(&caller, request("gpt-4o")).await.unwrap();
    assert_eq!(found.len(), 1);
    for choice in found {
        assert_eq!(name_of(&test, &caller, choice).await.unwrap(), "b");
    }
    // Nor is a choice that was another's.
    let owners = choices(&test, "gpt-4o").await.unwrap();
    let mut opened = Vec::new();
    for choice in owners {
        opened.push(name_of(&test, &caller, choice).await);
    }
    opened.sort_by_key(Result::is_err);
    assert_eq!(opened, [Ok("b".into()), Err(Error::NotFound)]);
}
