//! What happens at once.

use std::sync::Arc;

use keyholt_engine::{Error, OrgChoice, SecretFilter};
use keyholt_testkit::TestEngine;
use serde_json::json;
use tokio::task::JoinSet;

use crate::fixture::{bare, create, find, full, list, merge, metadata_of, new_value, patch, rename};

async fn shared() -> Arc<TestEngine> {
    Arc::new(TestEngine::in_memory().await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_patches_at_once_none_is_lost() {
    let test = shared().await;
    let id = create(&test, bare("a")).await.columns.id;
    let mut tasks = JoinSet::new();
    for number in 0..32 {
        let test = Arc::clone(&test);
        let key = format!("key {number}");
        tasks.spawn(async move { patch(&test, id, merge(json!({ key: number }))).await });
    }
    assert!(tasks.join_all().await.iter().all(Result::is_ok));
    let secret = find(&test, id).await.unwrap();
    let expected: serde_json::Map<_, _> = (0..32).map(|n| (format!("key {n}"), json!(n))).collect();
    assert_eq!(metadata_of(&secret), serde_json::Value::Object(expected));
    assert_eq!(secret.columns.version, 33);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_creators_of_a_name_one_creates_and_the_others_find() {
    let test = shared().await;
    for round in 0..5 {
        let mut tasks = JoinSet::new();
        for number in 0..16 {
            let test = Arc::clone(&test);
            let new = full(&format!("round {round}"), &format!("value {number}"));
            tasks.spawn(async move { test.engine.create_secret(&test.owner, OrgChoice::Unnamed, new).await });
        }
        let written: Vec<_> = tasks.join_all().await.into_iter().map(Result::unwrap).collect();
        assert_eq!(written.iter().filter(|written| !written.found_existing).count(), 1);
        assert!(written.iter().all(|one| one.secret == written[0].secret));
    }
    assert_eq!(list(&test, &test.owner, SecretFilter::default()).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_creators_in_a_project_one_creates_and_the_others_are_refused() {
    let test = shared().await;
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let test = Arc::clone(&test);
        tasks.spawn(async move { test.engine.create_project_secret(&test.owner, full("a", "v")).await });
    }
    let made = tasks.join_all().await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    assert!(made.iter().all(|made| made.is_ok() || *made == Err(Error::NameTaken)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_replacements_at_once_come_one_after_the_other() {
    let test = shared().await;
    let mut tasks = JoinSet::new();
    for number in 0..64 {
        let test = Arc::clone(&test);
        let new = full("a", &format!("value {number}"));
        tasks.spawn(async move { test.engine.replace_secret(&test.owner, OrgChoice::Unnamed, new).await });
    }
    let written: Vec<_> = tasks.join_all().await.into_iter().map(Result::unwrap).collect();
    assert_eq!(written.iter().filter(|written| !written.found_existing).count(), 1);
    let mut versions: Vec<i64> = written.iter().map(|one| one.secret.columns.version).collect();
    versions.sort_unstable();
    assert!(versions.into_iter().eq(1..=64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deletion_among_changes_is_done_once_and_they_find_nothing_after_it() {
    let test = shared().await;
    for round in 0..10 {
        let id = create(&test, full("a", "v")).await.columns.id;
        let mut changes = JoinSet::new();
        let mut deletions = JoinSet::new();
        for number in 0..8 {
            let one = Arc::clone(&test);
            changes.spawn(async move { patch(&one, id, merge(json!({ "n": number }))).await });
            let one = Arc::clone(&test);
            deletions.spawn(async move {
                match (round + number) % 2 {
                    0 => one.engine.delete_secret(&one.owner, id).await,
                    _ => one.engine.delete_secret_named(&one.owner, OrgChoice::Unnamed, "a").await,
                }
            });
        }
        let changes = changes.join_all().await;
        assert!(changes.iter().all(|changed| changed.is_ok() || *changed == Err(Error::NotFound)));
        let deletions = deletions.join_all().await;
        let done: Vec<_> = deletions.iter().filter_map(|deleted| deleted.as_ref().ok()).collect();
        assert_eq!(done.len(), 1, "{deletions:?}");
        // It was deleted as the last change had left it.
        let last = changes.iter().flatten().map(|secret| secret.columns.version).max().unwrap_or(1);
        assert_eq!(done[0].columns.version, last);
        assert_eq!(find(&test, id).await.unwrap_err(), Error::NotFound);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_renames_onto_a_name_one_succeeds() {
    let test = shared().await;
    let mut ids = Vec::new();
    for number in 0..16 {
        ids.push(create(&test, bare(&format!("secret {number}"))).await.columns.id);
    }
    let mut tasks = JoinSet::new();
    for id in ids {
        let test = Arc::clone(&test);
        tasks.spawn(async move { patch(&test, id, rename("the one")).await });
    }
    let renamed = tasks.join_all().await;
    assert_eq!(renamed.iter().filter(|renamed| renamed.is_ok()).count(), 1);
    assert!(renamed.iter().all(|renamed| renamed.is_ok() || *renamed == Err(Error::NameTaken)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_audit_log_of_busy_times_verifies() {
    let test = shared().await;
    let mut tasks = JoinSet::new();
    for number in 0..64 {
        let test = Arc::clone(&test);
        tasks.spawn(async move {
            let id = create(&test, full(&format!("secret {number}"), "v")).await.columns.id;
            patch(&test, id, new_value("w")).await.unwrap();
            test.engine.delete_secret(&test.owner, id).await.unwrap();
        });
    }
    tasks.join_all().await;
    let verdict = test.engine.verify_audit(&test.owner).await.unwrap();
    assert_eq!((verdict.chains, verdict.first_bad), (1, None));
    assert_eq!(verdict.events, 6 + 64 * 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_that_is_revoked_while_it_is_in_use_is_refused_from_then_on() {
    let test = shared().await;
    for _ in 0..20 {
        let api_key = test.issue(&test.owner, &[], keyholt_types::Role::App.rights(), None).await.unwrap();
        let id = test.caller(&api_key).await.unwrap().identity.api_key;
        let mut users = JoinSet::new();
        for _ in 0..4 {
            let (test, api_key) = (Arc::clone(&test), api_key.clone());
            users.spawn(async move { while test.caller(&api_key).await.is_ok() {} });
        }
        test.engine.revoke_api_key(&test.owner, id).await.unwrap();
        assert_eq!(test.caller(&api_key).await.unwrap_err(), Error::Unauthenticated);
        users.join_all().await;
    }
}
