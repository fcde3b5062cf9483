//! Values that are given out.

use keyholt_engine::{Engine, Error, ImportedSecret, NewSecret, OrgChoice, Revelation};
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::{Action, Caller, Role, SecretId, SecretValue};

use crate::fixture::{bare, create, value, with_ttl};
use crate::identity::fixture::{narrowed, restriction};

const ALL: Revelation<'_> = Revelation::OfOrgs(OrgChoice::Unnamed);

fn with_value(name: &str, text: &str) -> NewSecret {
    NewSecret { value: Some(value(text)), ..bare(name) }
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: a test compares what it is given with what it wrote")]
fn text(value: Option<&SecretValue>) -> Option<&str> {
    value.map(SecretValue::expose)
}

async fn revealed(test: &TestEngine, caller: &Caller, names: Option<&[Box<str>]>) -> Vec<(String, String)> {
    let all = test.engine.reveal_secrets(caller, ALL, names).await.unwrap();
    let pair = |one: &keyholt_engine::RevealedSecret| {
        (one.secret.columns.name.to_string(), text(one.value.as_ref()).unwrap().to_owned())
    };
    all.iter().map(pair).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// How many events say that a value was given.
async fn events(test: &TestEngine) -> usize {
    test.audit().await.iter().filter(|record| record.event.action == Action::SecretReveal).count()
}

#[tokio::test]
async fn values_are_given_newest_first_each_with_an_event() {
    let test = TestEngine::in_memory().await;
    let a = create(&test, with_value("a", "value of a")).await.columns.id;
    create(&test, bare("without a value")).await;
    create(&test, with_ttl("expired", "v", 86_400)).await;
    create(&test, with_value("b", "value of b")).await;
    test.clock.advance_seconds(86_400);
    let given = test.engine.reveal_secret(&test.owner, a).await.unwrap();
    assert_eq!((text(given.value.as_ref()), events(&test).await), (Some("value of a"), 1));
    let both = pairs(&[("b", "value of b"), ("a", "value of a")]);
    assert_eq!((revealed(&test, &test.owner, None).await, events(&test).await), (both, 3));
    let wanted: &[Box<str>] = &["a".into(), "without a value".into(), "nobody's".into()];
    let one = pairs(&[("a", "value of a")]);
    assert_eq!((revealed(&test, &test.owner, Some(wanted)).await, events(&test).await), (one, 4));
    let narrow = narrowed(&test, Role::Owner.rights(), restriction(&["b"], &[], &[])).await;
    let one = pairs(&[("b", "value of b")]);
    assert_eq!((revealed(&test, &narrow, None).await, events(&test).await), (one, 5));
    assert_eq!(test.engine.reveal_secret(&narrow, a).await.unwrap_err(), Error::NotFound);
    assert_eq!(events(&test).await, 5);
}

#[tokio::test]
async fn a_value_that_was_changed_is_not_given_and_troubles_no_other() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let a = create(&test, with_value("a", "value of a")).await.columns.id;
    let b = create(&test, with_value("b", "value of b")).await.columns.id;
    let swap = format!(
        "UPDATE secret_values SET sealed = (SELECT sealed FROM secret_values WHERE secret_id = {}) WHERE secret_id = {}",
        Intruder::literal(b.as_bytes()),
        Intruder::literal(a.as_bytes()),
    );
    assert_eq!(Intruder::in_directory(&dir).unwrap().execute(&swap).unwrap(), 1);
    assert_eq!(test.engine.reveal_secret(&test.owner, a).await.unwrap_err(), Error::Locked);
    assert_eq!(revealed(&test, &test.owner, None).await, pairs(&[("b", "value of b")]));
    assert_eq!(events(&test).await, 1);
}

#[tokio::test]
async fn no_more_than_a_thousand_values_are_given_at_once() {
    let test = TestEngine::in_memory().await;
    let imported = |number: usize| ImportedSecret {
        id: SecretId::parse(&format!("00000000-0000-7000-8000-{number:012x}")).unwrap(),
        created_at: None,
        secret: with_value(&format!("secret {number}"), "v"),
    };
    let most = Engine::MOST_REVEALED;
    let secrets = (0..most).map(imported).collect();
    test.engine.import_secrets(&test.owner, OrgChoice::Unnamed, None, secrets).await.unwrap();
    assert_eq!(revealed(&test, &test.owner, None).await.len(), most);
    test.engine.import_secrets(&test.owner, OrgChoice::Unnamed, None, vec![imported(most)]).await.unwrap();
    let refused = test.engine.reveal_secrets(&test.owner, ALL, None).await.unwrap_err();
    assert!(matches!(refused, Error::Invalid(keyholt_engine::Field::Names, _)), "{refused:?}");
}
