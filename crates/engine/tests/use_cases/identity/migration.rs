//! A database that was written before there were suspended members, narrowed keys and counted events.

use std::path::Path;

use keyholt_engine::{Error, IdentityFilter, NewApiKey, OrgChoice};
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::Role;

use super::fixture::{patch_member, restriction, suspended};
use crate::fixture::{create, find, full, list, names};

/// Copies a data directory into one of the first schema. What later versions added is left out, so that nothing
/// that uses it may have happened.
fn copy_into_the_first_schema(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    std::fs::copy(from.with_extension("root-key"), to.with_extension("root-key")).unwrap();
    let intruder = Intruder::in_directory(to).unwrap();
    let schema = include_str!("../../../../store/migrations/0001_foundation.sql");
    let schema = schema.replace("{{blob}}", "BLOB").replace("{{text}}", "TEXT");
    intruder.execute(&schema.replace("{{clustered}}", "WITHOUT ROWID")).unwrap();
    let tables = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let tables: Vec<String> = intruder.read(tables).unwrap();
    assert!(tables.len() >= 10, "{tables:?}");
    intruder.execute(&format!("ATTACH '{}' AS later", from.join("keyholt.db").display())).unwrap();
    for table in tables {
        let columns = format!("SELECT group_concat(name, ', ') FROM pragma_table_info('{table}', 'main')");
        let columns: Vec<String> = intruder.read(&columns).unwrap();
        let copy = format!("INSERT INTO main.{table} SELECT {} FROM later.{table}", columns[0]);
        intruder.execute(&copy).unwrap();
    }
    let version = "CREATE TABLE schema_migrations (version BIGINT NOT NULL PRIMARY KEY);
                   INSERT INTO schema_migrations VALUES (1); DETACH later";
    intruder.execute(version).unwrap();
}

#[tokio::test]
async fn an_old_database_is_served_as_before_and_its_log_verifies() {
    let parent = tempfile::tempdir().unwrap();
    let (new, old) = (parent.path().join("new"), parent.path().join("old"));
    let (secret, valid, revoked, both) = {
        let test = TestEngine::on_file(&new).await;
        let both = test.make_orgs(&["acme"]).await;
        let secret = create(&test, full("a", "v")).await;
        let valid = test.issue(&test.owner, &[], Role::Engineer.rights(), Some(60)).await.unwrap();
        let revoked = test.issue(&test.owner, &[], Role::Engineer.rights(), None).await.unwrap();
        let id = test.caller(&revoked).await.unwrap().identity.api_key;
        test.engine.revoke_api_key(&test.owner, id).await.unwrap();
        (secret, valid, revoked, both)
    };
    copy_into_the_first_schema(&new, &old);
    for _ in 0..2 {
        let test = TestEngine::on_file(&old).await;
        assert!(test.owner.identity.operator);
        assert_eq!(find(&test, secret.columns.id).await.unwrap(), secret);
        let caller = test.caller(&valid).await.unwrap();
        assert_eq!(caller.identity.orgs[0].rights, Role::Engineer.rights());
        assert!(caller.identity.restrictions.each().is_empty());
        assert_eq!(test.caller(&revoked).await.unwrap_err(), Error::Unauthenticated);
        assert_eq!(test.caller(&both).await.unwrap().identity.orgs.len(), 2);
        let verdict = test.engine.verify_audit(&test.owner).await.unwrap();
        assert_eq!(verdict.first_bad, None);
        let all = IdentityFilter::default();
        let keys = test.engine.list_api_keys(&test.owner, OrgChoice::Unnamed, &all, |_| true).await.unwrap();
        assert_eq!(keys.len(), 4);
        assert!(keys.iter().all(|key| key.last_used_at.is_none()));
    }
    // What is new works on old rows.
    let test = TestEngine::on_file(&old).await;
    let caller = test.caller(&valid).await.unwrap();
    test.engine.write_down_observations().await;
    let key = test.engine.find_api_key(&test.owner, caller.identity.api_key).await.unwrap();
    assert!(key.last_used_at.is_some());
    patch_member(&test, &test.owner, caller.identity.principal, suspended(true)).await.unwrap();
    assert_eq!(test.caller(&valid).await.unwrap_err(), Error::Unauthenticated);
    let narrowed =
        NewApiKey { restriction: restriction(&["b*"], &[], &[]), ..TestEngine::new_key(Role::Viewer.rights()) };
    let narrowed = test.caller(&test.issue_with(&test.owner, narrowed).await.unwrap()).await.unwrap();
    assert_eq!(names(&list(&test, &narrowed, keyholt_engine::SecretFilter::default()).await), [""; 0]);
    test.engine.write_down_observations().await;
    assert_eq!(test.engine.verify_audit(&test.owner).await.unwrap().first_bad, None);
}
