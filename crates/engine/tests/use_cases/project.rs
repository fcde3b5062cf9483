//! Secrets of a project: names, keys, order (wire/together.md 3).

use keyholt_engine::{Error, SecretPatch};
use keyholt_testkit::TestEngine;

use crate::fixture::{bare, description, full, list_project, names, new_value, rename};

#[tokio::test]
async fn a_project_secret_is_found_by_id_in_any_case_and_by_exact_name() {
    let test = TestEngine::in_memory().await;
    let engine = &test.engine;
    let made = engine.create_project_secret(&test.owner, full("team/key", "v")).await.unwrap();
    let id = made.columns.id.to_string();
    for key in ["team/key", &id, &id.to_uppercase()] {
        assert_eq!(engine.find_project_secret(&test.owner, key).await.unwrap(), made);
    }
    for key in ["", "team", "Team/key", "team/key\0", &id[1..], "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(engine.find_project_secret(&test.owner, key).await.unwrap_err(), Error::NotFound);
        assert_eq!(engine.delete_project_secret(&test.owner, key).await.unwrap_err(), Error::NotFound);
        let patched = engine.patch_project_secret(&test.owner, key, SecretPatch::default()).await;
        assert_eq!(patched.unwrap_err(), Error::NotFound);
    }
}

#[tokio::test]
async fn a_taken_name_is_refused_and_the_first_secret_untouched() {
    let test = TestEngine::in_memory().await;
    let engine = &test.engine;
    let first = engine.create_project_secret(&test.owner, full("a", "v")).await.unwrap();
    let other = engine.create_project_secret(&test.owner, full("b", "v")).await.unwrap();
    let again = engine.create_project_secret(&test.owner, full("a", "w")).await;
    assert_eq!(again.unwrap_err(), Error::NameTaken);
    let renamed = engine.patch_project_secret(&test.owner, "b", rename("a")).await;
    assert_eq!(renamed.unwrap_err(), Error::NameTaken);
    assert_eq!(engine.find_project_secret(&test.owner, "a").await.unwrap(), first);
    assert_eq!(engine.find_project_secret(&test.owner, "b").await.unwrap(), other);
    let renamed = engine.patch_project_secret(&test.owner, "b", rename("c")).await.unwrap();
    assert_eq!(renamed.columns.id, other.columns.id);
    assert_eq!(engine.find_project_secret(&test.owner, "b").await.unwrap_err(), Error::NotFound);
}

#[tokio::test]
async fn a_patch_keeps_what_it_does_not_give() {
    let test = TestEngine::in_memory().await;
    let engine = &test.engine;
    let made = engine.create_project_secret(&test.owner, full("a", "v")).await.unwrap();
    test.clock.advance_seconds(5);
    for nothing in [SecretPatch::default(), rename("a")] {
        assert_eq!(engine.patch_project_secret(&test.owner, "a", nothing).await.unwrap(), made);
    }
    let cleared = SecretPatch { description: Some(description("")), ..SecretPatch::default() };
    let patched = engine.patch_project_secret(&test.owner, "a", cleared).await.unwrap();
    assert_eq!(&*patched.details.description, "");
    assert!(patched.columns.updated_at > Some(made.columns.created_at));
    let patched = engine.patch_project_secret(&test.owner, "a", new_value("v")).await.unwrap();
    assert_eq!(patched.columns.value_version, 2);
    let deleted = engine.delete_project_secret(&test.owner, "a").await.unwrap();
    assert_eq!(deleted, patched);
    assert_eq!(engine.delete_project_secret(&test.owner, "a").await.unwrap_err(), Error::NotFound);
}

#[tokio::test]
async fn a_list_is_whole_and_oldest_first() {
    let test = TestEngine::in_memory().await;
    assert_eq!(list_project(&test).await, []);
    let mut made = Vec::new();
    for number in 0..230 {
        let name = format!("secret-{number}");
        test.engine.create_project_secret(&test.owner, bare(&name)).await.unwrap();
        made.push(name);
    }
    assert!(names(&list_project(&test).await).into_iter().eq(made.iter()));
    test.engine.delete_project_secret(&test.owner, "secret-0").await.unwrap();
    assert!(names(&list_project(&test).await).into_iter().eq(made[1..].iter()));
}
