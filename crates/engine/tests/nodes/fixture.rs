//! Two nodes, the changes of one of which can be held back.

use std::sync::Arc;

use keyholt_crypto::LocalRootKey;
use keyholt_engine::NewSecret;
use keyholt_testkit::postgres::TestDatabase;
use keyholt_testkit::{Relay, TestEngine};
use keyholt_types::{SecretName, SecretValue};

/// Two nodes on one database.
pub(crate) struct Nodes {
    /// Its changes wait while the relay holds them, after it has read what they go by.
    pub(crate) slow: Arc<TestEngine>,
    /// Nothing holds it.
    pub(crate) other: TestEngine,
    /// The way of the slow one.
    pub(crate) relay: Relay,
    _database: TestDatabase,
}

pub(crate) async fn nodes() -> Nodes {
    let database = TestDatabase::database().unwrap();
    let root_key = LocalRootKey::generate_text().unwrap();
    let other = TestEngine::on_postgres(database.url(), &root_key).await;
    let (before, rest) = database.url().rsplit_once('@').unwrap();
    let (address, after) = rest.split_once('/').unwrap();
    let relay = Relay::start(address.parse().unwrap()).unwrap();
    let over_relay = format!("{before}@{}/{after}", relay.address());
    let slow = Arc::new(TestEngine::on_postgres(&over_relay, &root_key).await);
    Nodes { slow, other, relay, _database: database }
}

/// A secret with a value.
pub(crate) fn with_value(name: &str, text: &str) -> NewSecret {
    NewSecret {
        name: SecretName::parse(name).unwrap(),
        kind: None,
        metadata: None,
        description: None,
        value: Some(SecretValue::parse(text.to_owned()).unwrap()),
        ttl: None,
    }
}
