//! From a credential to a caller.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use keyholt_engine::Error;
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::Role;

#[tokio::test]
async fn an_unknown_key_is_nobodys() {
    let test = TestEngine::in_memory().await;
    for text in ["", "x", "my api key", "My API Key ", "khk_", &"x".repeat(100_000), "My API Key\0"] {
        assert_eq!(test.caller(text).await.unwrap_err(), Error::Unauthenticated, "{text:.20}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_from_then_on() {
    let test = TestEngine::in_memory().await;
    let api_key = test.issue(&test.owner, &[], Role::Engineer.rights(), None).await.unwrap();
    for _ in 0..3 {
        let id = test.caller(&api_key).await.unwrap().identity.api_key;
        assert_ne!(id, test.owner.identity.api_key);
    }
    let id = test.caller(&api_key).await.unwrap().identity.api_key;
    let revoked = test.engine.revoke_api_key(&test.owner, id).await.unwrap();
    assert!(revoked.revoked_at.is_some());
    assert_eq!(test.caller(&api_key).await.unwrap_err(), Error::Unauthenticated);
    // Revoking it again changes nothing.
    test.clock.advance_seconds(60);
    assert_eq!(test.engine.revoke_api_key(&test.owner, id).await.unwrap(), revoked);
    test.caller(TestEngine::OWNER_KEY).await.unwrap();
}

#[tokio::test]
async fn a_revoked_key_is_refused_also_when_nobody_waited_for_its_revocation() {
    let test = TestEngine::in_memory().await;
    let api_key = test.issue(&test.owner, &[], Role::Engineer.rights(), None).await.unwrap();
    let id = test.caller(&api_key).await.unwrap().identity.api_key;
    {
        let mut abandoned = pin!(test.engine.revoke_api_key(&test.owner, id));
        // Asked once and then dropped, as when a client hangs up.
        let _ = abandoned.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    // Changes are carried out in the order in which they came.
    crate::fixture::create(&test, crate::fixture::bare("later")).await;
    assert_eq!(test.caller(&api_key).await.unwrap_err(), Error::Unauthenticated);
}

#[tokio::test]
async fn a_key_expires_at_its_moment_exactly() {
    let test = TestEngine::in_memory().await;
    let api_key = test.issue(&test.owner, &[], Role::Viewer.rights(), Some(60)).await.unwrap();
    test.clock.advance_micros(59_999_999);
    test.caller(&api_key).await.unwrap();
    test.clock.advance_micros(1);
    assert_eq!(test.caller(&api_key).await.unwrap_err(), Error::Unauthenticated);
}

#[tokio::test]
async fn a_key_outlives_a_restart_and_so_does_its_revocation() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let (valid, revoked) = {
        let test = TestEngine::on_file(&dir).await;
        let valid = test.issue(&test.owner, &[], Role::Viewer.rights(), None).await.unwrap();
        let revoked = test.issue(&test.owner, &[], Role::Viewer.rights(), None).await.unwrap();
        let id = test.caller(&revoked).await.unwrap().identity.api_key;
        test.engine.revoke_api_key(&test.owner, id).await.unwrap();
        (valid, revoked)
    };
    let test = TestEngine::on_file(&dir).await;
    test.caller(&valid).await.unwrap();
    assert_eq!(test.caller(&revoked).await.unwrap_err(), Error::Unauthenticated);
}

/// Each is done to the row of a fresh key, which is `KEY`; `OWNER` is the owner's.
const TAMPERINGS: &[&str] = &[
    "UPDATE api_keys SET operator = 1 WHERE id = KEY",
    "UPDATE api_keys SET expires_at = expires_at + 1000000 WHERE id = KEY",
    "UPDATE api_keys SET expires_at = NULL WHERE id = KEY",
    "UPDATE api_keys SET created_at = created_at + 1 WHERE id = KEY",
    "UPDATE api_keys SET principal_id = (SELECT principal_id FROM api_keys WHERE id = OWNER) WHERE id = KEY",
    "UPDATE api_keys SET project_id = randomblob(16) WHERE id = KEY",
    "UPDATE api_keys SET project_org_id = randomblob(16) WHERE id = KEY",
    "UPDATE api_keys SET proof = (SELECT proof FROM api_keys WHERE id = OWNER) WHERE id = KEY",
    "UPDATE api_keys SET proof = x'' WHERE id = KEY",
    "UPDATE api_keys SET ring_generation = 2 WHERE id = KEY",
    "UPDATE api_keys SET id = randomblob(16) WHERE id = KEY;
     UPDATE api_key_grants SET api_key_id = (SELECT max(id) FROM api_keys WHERE id <> OWNER) WHERE api_key_id = KEY",
    "UPDATE api_key_grants SET rights = 31 WHERE api_key_id = KEY",
    "UPDATE api_key_grants SET org_id = randomblob(16) WHERE api_key_id = KEY",
    "INSERT INTO api_key_grants (org_id, api_key_id, rights) VALUES (randomblob(16), KEY, 31)",
    "DELETE FROM api_key_grants WHERE api_key_id = KEY",
    // The owner's row for the text of this key.
    "UPDATE api_keys SET mac = mac || x'00' WHERE id = KEY;
     UPDATE api_keys SET mac = (SELECT substr(mac, 1, 32) FROM api_keys WHERE id = KEY) WHERE id = OWNER",
];

#[tokio::test]
async fn a_key_that_was_tampered_with_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    for tampering in TAMPERINGS {
        let test = TestEngine::on_file(&dir).await;
        // It has not been looked up yet: nothing of it is in memory.
        let api_key = test.issue(&test.owner, &[], Role::Viewer.rights(), Some(3600)).await.unwrap();
        let intruder = Intruder::in_directory(&dir).unwrap();
        let key: Vec<Vec<u8>> = intruder.read("SELECT max(id) FROM api_keys").unwrap();
        let owner = Intruder::literal(test.owner.identity.api_key.as_bytes());
        let sql = tampering.replace("KEY", &Intruder::literal(&key[0])).replace("OWNER", &owner);
        assert!(intruder.execute(&sql).unwrap() > 0, "{sql}");
        assert_eq!(test.caller(&api_key).await.unwrap_err(), Error::Unauthenticated, "{sql}");
        drop((test, intruder));
        std::fs::remove_dir_all(&dir).unwrap();
        std::fs::remove_file(dir.with_extension("root-key")).unwrap();
    }
}

#[tokio::test]
async fn a_revocation_cannot_be_taken_back_in_the_database() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let api_key = test.issue(&test.owner, &[], Role::Owner.rights(), None).await.unwrap();
    let id = test.caller(&api_key).await.unwrap().identity.api_key;
    test.engine.revoke_api_key(&test.owner, id).await.unwrap();
    let intruder = Intruder::in_directory(&dir).unwrap();
    let id = Intruder::literal(id.as_bytes());
    let sql = format!("UPDATE api_keys SET revoked_at = NULL WHERE id = {id}");
    assert_eq!(intruder.execute(&sql).unwrap(), 1);
    assert_eq!(test.caller(&api_key).await.unwrap_err(), Error::Unauthenticated);
}
