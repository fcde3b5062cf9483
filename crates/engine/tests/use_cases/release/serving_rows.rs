//! Rows that somebody changed, and values whose hosts have changed.

use keyholt_engine::providers::{ProviderType, Unfit};
use keyholt_engine::{Denied, Error, NewSecret, UseRequest};
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::{Caller, Right, Rights, Role, SecretId};
use serde_json::json;

use crate::fixture::{bare, create, kind, merge, metadata, patch, value};
use crate::identity::fixture::{narrowed, refusals, restriction};

fn request<'a>(model: Option<&'a str>, name: Option<&'a str>) -> UseRequest<'a> {
    UseRequest { model, name, provider: None, understands: |provider| provider != ProviderType::Js }
}

async fn usable(test: &TestEngine, caller: &Caller, request: UseRequest<'_>) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for choice in test.engine.find_usable(caller, request).await? {
        match test.engine.open_choice(caller, choice).await {
            Ok(usable) => names.push(usable.secret().columns.name.to_string()),
            Err(Error::NotFound) => {}
            Err(other) => return Err(other),
        }
    }
    if names.is_empty() { Err(Error::NotFound) } else { Ok(names) }
}

async fn secret(test: &TestEngine, name: &str, of: &str) -> SecretId {
    create(test, NewSecret { kind: Some(kind(of)), value: Some(value("v")), ..bare(name) }).await.columns.id
}

/// Whatever it was made to look like: what a row says of itself is proven before it is used.
#[tokio::test]
async fn a_row_with_another_type_name_or_end_serves_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let caller = test.caller_with(Role::App.rights()).await;
    for name in ["sound", "retyped away", "renamed", "ended"] {
        secret(&test, name, "openai").await;
    }
    secret(&test, "retyped", "groq").await;
    let all = ["sound", "renamed", "retyped away", "ended"];
    assert_eq!(usable(&test, &caller, request(Some("gpt-4o"), None)).await.unwrap().len(), all.len());
    let intruder = Intruder::in_directory(&dir).unwrap();
    for change in [
        "kind = 'openai' WHERE name = 'retyped'",
        "kind = 'groq' WHERE name = 'retyped away'",
        "name = 'new name' WHERE name = 'renamed'",
        "expires_at = 1 WHERE name = 'ended'",
    ] {
        assert_eq!(intruder.execute(&format!("UPDATE secrets SET {change}")).unwrap(), 1);
    }
    for model in [Some("gpt-4o"), None] {
        assert_eq!(usable(&test, &caller, request(model, None)).await.unwrap(), ["sound"]);
    }
    for name in ["retyped", "retyped away", "renamed", "new name", "ended", "nobody's", "a\0b", ""] {
        let found = usable(&test, &caller, request(None, Some(name))).await;
        assert_eq!(found.unwrap_err(), Error::NotFound, "{name}");
    }
    assert_eq!(usable(&test, &caller, request(None, Some("sound"))).await.unwrap(), ["sound"]);
}

#[tokio::test]
async fn a_value_goes_nowhere_new_until_that_is_confirmed() {
    let test = TestEngine::in_memory().await;
    let id = secret(&test, "a", "openai").await;
    patch(&test, id, merge(json!({"api_base": "https://elsewhere.example.com"}))).await.unwrap();
    for request in [request(Some("gpt-4o"), None), request(None, Some("a"))] {
        let found = usable(&test, &test.owner, request).await;
        assert_eq!(found.unwrap_err(), Error::Unusable(Unfit::Unbound));
    }
    assert_eq!(test.engine.find_to_test(&test.owner, id).await.unwrap_err(), Error::Unusable(Unfit::Unbound));
    test.engine.confirm_hosts(&test.owner, id).await.unwrap();
    assert_eq!(usable(&test, &test.owner, request(Some("gpt-4o"), None)).await.unwrap(), ["a"]);
    let destination = test.engine.find_to_test(&test.owner, id).await.unwrap();
    assert!(format!("{:?}", destination.destination()).contains("elsewhere.example.com"));
}

#[tokio::test]
async fn who_names_a_secret_is_told_why_it_cannot_be_used() {
    let test = TestEngine::in_memory().await;
    for (name, of, has_value) in
        [("none", None, true), ("js", Some("js"), true), ("empty", Some("openai"), false)]
    {
        let new = NewSecret { kind: of.map(kind), value: has_value.then(|| value("v")), ..bare(name) };
        create(&test, new).await;
    }
    let bad = NewSecret { kind: Some(kind("azure")), metadata: Some(metadata(json!({}))), ..bare("bad") };
    create(&test, bad).await;
    for (name, unfit) in [
        ("none", Unfit::UnknownType),
        ("js", Unfit::OtherFormat),
        ("empty", Unfit::NoValue),
        ("bad", Unfit::Metadata { field: "api_base", problem: "is required" }),
    ] {
        let found = usable(&test, &test.owner, request(None, Some(name))).await;
        assert_eq!(found.unwrap_err(), Error::Unusable(unfit), "{name}");
    }
    // Nobody asked for those that have nothing to do with the request.
    let found = usable(&test, &test.owner, request(Some("claude-4"), None)).await;
    assert_eq!(found.unwrap_err(), Error::NotFound);
}

#[tokio::test]
async fn who_may_not_use_a_secret_finds_none_and_is_counted() {
    let test = TestEngine::in_memory().await;
    let id = secret(&test, "a", "openai").await;
    let reader = test.caller_with(Rights::of(&[Right::Read, Right::Write, Right::Reveal])).await;
    let denied = Error::Forbidden(Denied::Right(Right::Use));
    assert_eq!(usable(&test, &reader, request(Some("gpt-4o"), None)).await.unwrap_err(), denied);
    assert_eq!(test.engine.find_to_test(&reader, id).await.unwrap_err(), denied);
    let elsewhere = narrowed(&test, Role::App.rights(), restriction(&["b*"], &[], &[])).await;
    for request in [request(Some("gpt-4o"), None), request(None, Some("a"))] {
        assert_eq!(usable(&test, &elsewhere, request).await.unwrap_err(), Error::NotFound);
    }
    assert_eq!(test.engine.find_to_test(&elsewhere, id).await.unwrap_err(), Error::NotFound);
    let refused = refusals(&test, &test.owner).await;
    let of =
        |caller: &Caller| refused.iter().filter(|one| one.api_key == Some(caller.identity.api_key)).count();
    assert_eq!(
        (refused[0].action.word(), refused[0].count, of(&reader), of(&elsewhere)),
        ("secret.use", 2, 1, 0)
    );
}
