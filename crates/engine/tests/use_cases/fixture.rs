//! What is asked of the engine, in short.

use keyholt_engine::{
    Error, ListedSecret, MetadataObject, MetadataPatch, NewSecret, OrgChoice, SecretFilter, SecretList,
    SecretPatch, SecretView,
};
use keyholt_testkit::TestEngine;
use keyholt_types::{
    Caller, Description, Metadata, Patch, SecretId, SecretName, SecretType, SecretValue, TtlSeconds,
};
use serde_json::{Map, Value, json};

/// A secret with nothing but a name.
pub(crate) fn bare(name: &str) -> NewSecret {
    NewSecret {
        name: SecretName::parse(name).unwrap(),
        kind: None,
        metadata: None,
        description: None,
        value: None,
        ttl: None,
    }
}

/// A secret with everything but a time to live.
pub(crate) fn full(name: &str, text: &str) -> NewSecret {
    NewSecret {
        kind: Some(kind("openai")),
        metadata: Some(metadata(json!({"a": 1, "b": {"c": 2}}))),
        description: Some(description("for everybody")),
        value: Some(value(text)),
        ..bare(name)
    }
}

pub(crate) fn with_ttl(name: &str, text: &str, seconds: i64) -> NewSecret {
    NewSecret { ttl: Some(TtlSeconds::parse(seconds).unwrap()), value: Some(value(text)), ..bare(name) }
}

pub(crate) fn kind(text: &str) -> SecretType {
    SecretType::parse(text).unwrap()
}

pub(crate) fn value(text: &str) -> SecretValue {
    SecretValue::parse(text.to_owned()).unwrap()
}

pub(crate) fn description(text: &str) -> Description {
    Description::parse(text).unwrap()
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub(crate) fn metadata(value: Value) -> Metadata {
    Metadata::new(object(value)).unwrap()
}

pub(crate) fn merge(value: Value) -> SecretPatch {
    SecretPatch { metadata: MetadataPatch::Merge(MetadataObject(object(value))), ..SecretPatch::default() }
}

pub(crate) fn rename(name: &str) -> SecretPatch {
    SecretPatch { name: Some(SecretName::parse(name).unwrap()), ..SecretPatch::default() }
}

pub(crate) fn new_value(text: &str) -> SecretPatch {
    SecretPatch { value: Some(value(text)), ..SecretPatch::default() }
}

pub(crate) fn new_ttl(seconds: i64) -> SecretPatch {
    SecretPatch { ttl: Some(TtlSeconds::parse(seconds).unwrap()), ..SecretPatch::default() }
}

pub(crate) fn new_kind(text: &str) -> SecretPatch {
    SecretPatch { kind: Patch::Set(kind(text)), ..SecretPatch::default() }
}

/// What the metadata of a secret say.
pub(crate) fn metadata_of(secret: &SecretView) -> Value {
    secret.details.metadata.as_ref().map_or(Value::Null, |metadata| Value::Object(metadata.object()))
}

pub(crate) fn preview_of(secret: &SecretView) -> Option<&str> {
    secret.details.preview.as_deref()
}

/// Makes a secret of the organisation `default`.
pub(crate) async fn create(test: &TestEngine, new: NewSecret) -> SecretView {
    let written = test.engine.create_secret(&test.owner, OrgChoice::Unnamed, new).await.unwrap();
    assert!(!written.found_existing);
    written.secret
}

pub(crate) async fn replace(test: &TestEngine, new: NewSecret) -> SecretView {
    test.engine.replace_secret(&test.owner, OrgChoice::Unnamed, new).await.unwrap().secret
}

pub(crate) async fn patch(test: &TestEngine, id: SecretId, patch: SecretPatch) -> Result<SecretView, Error> {
    test.engine.patch_secret(&test.owner, id, patch).await
}

pub(crate) async fn find(test: &TestEngine, id: SecretId) -> Result<SecretView, Error> {
    test.engine.find_secret(&test.owner, id).await
}

/// Everything that is left of a list.
pub(crate) async fn rest_of(mut list: SecretList) -> Vec<ListedSecret> {
    let mut all = Vec::new();
    loop {
        let batch = list.next().await.unwrap();
        if batch.is_empty() {
            assert_eq!(list.next().await.unwrap(), [], "a list goes on after its end");
            return all;
        }
        assert!(batch.len() <= 100);
        all.extend(batch);
    }
}

/// The secrets of a list that open.
pub(crate) fn opened(listed: Vec<ListedSecret>) -> Vec<SecretView> {
    let open = |secret| match secret {
        ListedSecret::Open(view) => Some(view),
        ListedSecret::Locked(_) => None,
    };
    listed.into_iter().filter_map(open).collect()
}

pub(crate) async fn list(test: &TestEngine, caller: &Caller, filter: SecretFilter) -> Vec<SecretView> {
    let list = test.engine.list_secrets(caller, OrgChoice::Unnamed, filter).await.unwrap();
    opened(rest_of(list).await)
}

pub(crate) async fn list_project(test: &TestEngine) -> Vec<SecretView> {
    opened(rest_of(test.engine.list_project_secrets(&test.owner).await.unwrap()).await)
}

pub(crate) fn names(secrets: &[SecretView]) -> Vec<&str> {
    secrets.iter().map(|secret| &*secret.columns.name).collect()
}
