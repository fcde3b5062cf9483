//! What a node remembers of secrets that another node changes.

use keyholt_engine::providers::ProviderType;
use keyholt_engine::{Error, NewSecret, OrgChoice, UseRequest};
use keyholt_testkit::TestEngine;
use keyholt_types::{SecretId, SecretType};

use crate::fixture::{Nodes, nodes, with_value};

async fn make(test: &TestEngine, name: &str) -> SecretId {
    let new = NewSecret { kind: SecretType::parse("openai").ok(), ..with_value(name, "v") };
    test.engine.create_secret(&test.owner, OrgChoice::Unnamed, new).await.unwrap().secret.columns.id
}

/// The names of what is chosen and opens, sorted.
async fn serving(test: &TestEngine) -> Vec<String> {
    let understands = |kind| kind == ProviderType::OpenAi;
    let request = UseRequest { model: Some("gpt-4o"), name: None, provider: None, understands };
    let mut names = Vec::new();
    for choice in test.engine.find_usable(&test.owner, request).await.unwrap_or_default() {
        match test.engine.open_choice(&test.owner, choice).await {
            Ok(usable) => names.push(usable.secret().columns.name.to_string()),
            Err(error) => assert_eq!(error, Error::NotFound),
        }
    }
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_another_node_changed_is_never_used_as_it_was_and_is_chosen_within_a_second() {
    let Nodes { slow: one, other, .. } = &nodes().await;
    let id = make(one, "a").await;
    assert_eq!((serving(one).await, serving(other).await), (vec!["a".into()], vec!["a".to_owned()]));
    make(one, "b").await;
    assert_eq!(serving(one).await, ["a", "b"], "at once where it was made");
    other.clock.advance_micros(500_000);
    assert_eq!(serving(other).await, ["a", "b"], "within a second elsewhere");
    one.engine.delete_secret(&one.owner, id).await.unwrap();
    assert_eq!(serving(other).await, ["b"], "what is gone serves nobody");
}
