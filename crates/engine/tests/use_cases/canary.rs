//! What is secret is in no file of the data directory, in no form.

use keyholt_engine::{ImportedSecret, MetadataPatch, OrgChoice, SecretPatch};
use keyholt_testkit::{Canary, Random, TestEngine};
use keyholt_types::{Description, SecretId};
use serde_json::json;

use crate::fixture::{bare, metadata, value};

#[tokio::test]
async fn no_value_metadata_description_or_api_key_is_in_a_file() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let mut random = Random::new(20_261_121);
    let mut canaries = Vec::new();
    let mut plant = |place: &str| {
        let canary = Canary::new(place, &mut random);
        let text = canary.text.clone();
        canaries.push(canary);
        text
    };
    let mut secret = |place: &str| keyholt_engine::NewSecret {
        value: Some(value(&plant(&format!("{place}: value")))),
        metadata: Some(metadata(
            json!({ plant(&format!("{place}: key")): plant(&format!("{place}: metadata")) }),
        )),
        description: Some(Description::parse(&plant(&format!("{place}: description"))).unwrap()),
        ..bare(place)
    };
    let test = TestEngine::on_file(&dir).await;
    let (engine, owner, unnamed) = (&test.engine, &test.owner, OrgChoice::Unnamed);
    let created = engine.create_secret(owner, unnamed, secret("created")).await.unwrap().secret;
    let _ = engine.create_secret(owner, unnamed, bare("replaced")).await.unwrap();
    let mut replacement = secret("replaced");
    engine.replace_secret(owner, unnamed, replacement).await.unwrap();
    replacement = secret("patched");
    let patch = SecretPatch {
        value: replacement.value,
        metadata: MetadataPatch::Replace(replacement.metadata.unwrap()),
        description: replacement.description,
        ..SecretPatch::default()
    };
    engine.patch_secret(owner, created.columns.id, patch).await.unwrap();
    engine.create_project_secret(owner, secret("in-project")).await.unwrap();
    let imported = ImportedSecret { id: SecretId::MIN, created_at: None, secret: secret("imported") };
    engine.import_secrets(owner, unnamed, None, vec![imported]).await.unwrap();
    engine.create_secret(owner, unnamed, secret("deleted")).await.unwrap();
    engine.delete_secret_named(owner, unnamed, "deleted").await.unwrap();
    let text = test.issue(owner, &[], keyholt_types::Role::App.rights(), None).await.unwrap();
    test.caller(&text).await.unwrap();
    canaries.push(Canary { place: "an API key".into(), text });
    canaries.push(Canary { place: "the owner's API key".into(), text: TestEngine::OWNER_KEY.into() });
    assert_eq!(Canary::find_all_below(&canaries, &dir).unwrap(), []);
    drop(test);
    assert_eq!(Canary::find_all_below(&canaries, &dir).unwrap(), []);
    // The search would find what is there: names are readable.
    let name = Canary { place: "a name".into(), text: "in-project".into() };
    assert!(!Canary::find_all_below(&[name], &dir).unwrap().is_empty());
}
