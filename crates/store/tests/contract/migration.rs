//! A database that was written under the first schema, brought up to date.

use std::path::Path;

use keyholt_store::{
    ApiKeyRow, Changes, IdRange, MemberRow, MembershipRow, PrincipalRow, SecretRow, Store, StoredAuditRecord,
    TokenSubject, Uses,
};
use keyholt_types::{
    Action, AuditEvent, Outcome, RequestId, Restriction, Restrictions, Role, Subject, SubjectKind,
};
use rusqlite::{Connection, params};

use crate::audit::{assert_follow, records};
use crate::fixture::{
    api_key, at, chain, commit, event_id, membership, org, org_id, org_scope, principal, principal_id, project,
    project_id, run, scope, secret, secret_id, step,
};

/// What was MACed of [`old_event`] before events had a count.
const CANONICAL: &str = "\
    000000100000000000000000000000000000000100000008000000000000000100000010000000000000000000000000\
    0000e00100000008000660c601305600000000100000000000000000000000000000a001000000100000000000000000\
    0000000000000011000000100000000000000000000000000000c001000000100000000000000000000000000000d001\
    0000000b3230332e302e3131332e370000000d7365637265742e63726561746500000006736563726574000000100000\
    000000000000000000000000000100000008d0bad0bbd18ed18700000004646f6e65";

fn old_event() -> AuditEvent {
    AuditEvent {
        id: event_id(0xE001),
        at: at(0),
        org: Some(org_id(1)),
        request: RequestId::from_slice(&17_u128.to_be_bytes()),
        api_key: Some(api_key(1, &[]).id),
        principal: Some(principal_id(1)),
        address: "203.0.113.7".parse().ok(),
        action: Action::SecretCreate,
        subject: Subject { kind: SubjectKind::Secret, id: secret_id(1).uuid(), name: "ключ".into() },
        outcome: Outcome::Done,
        count: 1,
    }
}

fn old_key() -> ApiKeyRow {
    ApiKeyRow { expires_at: Some(at(9)), ..api_key(1, &[(org_id(1), Role::Owner.rights())]) }
}

/// A database as the first schema's server left it.
fn write_old_database(dir: &Path) {
    let connection = Connection::open(dir.join("keyholt.db")).unwrap();
    let schema = include_str!("../../migrations/0001_foundation.sql");
    let schema = schema.replace("{{blob}}", "BLOB").replace("{{text}}", "TEXT");
    connection.execute_batch(&schema.replace("{{clustered}}", "WITHOUT ROWID")).unwrap();
    let (org, project, principal) = (org_id(1), project_id(1), principal_id(1));
    let (key, now) = (old_key(), at(0).micros());
    connection
        .execute_batch("CREATE TABLE schema_migrations (version BIGINT NOT NULL PRIMARY KEY); INSERT INTO schema_migrations VALUES (1)")
        .unwrap();
    let insert = |sql: &str, params: &[&dyn rusqlite::ToSql]| {
        assert_eq!(connection.execute(sql, params).unwrap(), 1, "{sql}");
    };
    insert("INSERT INTO orgs VALUES (?1, 'acme', ?2, 1)", params![org.as_bytes(), now]);
    insert(
        "INSERT INTO projects VALUES (?1, ?2, 'default', ?3, 1)",
        params![org.as_bytes(), project.as_bytes(), now],
    );
    insert(
        "INSERT INTO principals VALUES (?1, 'service_account', 'robot 1', ?2, 1)",
        params![principal.as_bytes(), now],
    );
    insert(
        "INSERT INTO memberships VALUES (?1, ?2, 31, ?3, 1)",
        params![org.as_bytes(), principal.as_bytes(), now],
    );
    insert(
        "INSERT INTO api_keys VALUES (?1, ?2, 1, ?3, ?4, ?5, 'a key', 'khk_abcd', 0, ?6, NULL, ?7, NULL, ?8, 1)",
        params![
            key.id.as_bytes(),
            key.mac,
            principal.as_bytes(),
            org.as_bytes(),
            project.as_bytes(),
            now,
            at(9).micros(),
            key.proof,
        ],
    );
    insert("INSERT INTO api_key_grants VALUES (?1, ?2, 31)", params![org.as_bytes(), key.id.as_bytes()]);
    insert(
        "INSERT INTO secrets VALUES (?1, ?1, ?2, 1, 'a', NULL, ?3, ?4, NULL, ?4, 0, x'', NULL, NULL, NULL, NULL,
             1, x'010203')",
        params![org.as_bytes(), secret_id(1).as_bytes(), now, key.id.as_bytes()],
    );
    let event = old_event();
    let bytes: Vec<u8> = (0..CANONICAL.len() / 2)
        .map(|place| u8::from_str_radix(&CANONICAL[place * 2..place * 2 + 2], 16).unwrap())
        .collect();
    let mac = step()(&[0; 32], &bytes);
    insert(
        "INSERT INTO audit_events VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, '203.0.113.7', 'secret.create', 'secret',
             ?8, 'ключ', 'done', 1, ?9)",
        params![
            (chain(1).make_id)().as_bytes(),
            event.id.as_bytes(),
            now,
            org.as_bytes(),
            event.request.unwrap().as_bytes(),
            key.id.as_bytes(),
            principal.as_bytes(),
            secret_id(1).as_bytes(),
            mac,
        ],
    );
}

fn open(dir: &Path, number: u8) -> Store {
    let store = Store::open_directory(dir).unwrap();
    store.begin_chain(chain(number));
    store
}

/// Opened twice: the second time there is nothing to bring up to date.
fn migrated(law: impl AsyncFn(&Store)) {
    let dir = tempfile::tempdir().unwrap();
    write_old_database(dir.path());
    for number in [2, 3] {
        run(law(&open(dir.path(), number)));
    }
}

#[test]
fn old_rows_read_as_rows_without_what_is_new() {
    migrated(async |store| {
        let owner = Role::Owner.rights();
        assert_eq!(store.find_org_named("acme").await.unwrap(), Some(org(1, "acme")));
        let found = store.find_project_named(org_scope(1), "default").await.unwrap();
        assert_eq!(found, Some(project(1, 1, "default")));
        let listed = store.list_projects(org_scope(1), IdRange::default(), 10).await.unwrap();
        assert_eq!(listed, [project(1, 1, "default")]);
        let member = MemberRow { principal: principal(1), membership: membership(1, 1, owner) };
        assert_eq!(store.list_members(org_scope(1), IdRange::default(), 10).await.unwrap(), [member]);
        assert_eq!(store.find_principal(principal_id(1)).await.unwrap(), Some(principal(1)));
        assert!(store.find_api_key_near(&old_key().mac).await.unwrap().unwrap().is_its);
        assert_eq!(store.find_api_key(old_key().id).await.unwrap(), Some(old_key()));
        assert_eq!(store.list_api_keys(org_scope(1), IdRange::default(), 10).await.unwrap(), [old_key()]);
        // Nobody knows of old rows what their metadata name.
        let known = SecretRow { names_models: true, ..secret(scope(), 1, "a") };
        assert_eq!(store.find_secret_named(scope(), "a").await.unwrap().as_ref(), Some(&known));
        let naming = store.list_secrets_naming_models(scope(), None, 10, usize::MAX).await.unwrap();
        assert_eq!(naming.rows, [known]);
    });
}

#[test]
fn the_old_audit_chain_still_follows() {
    migrated(async |store| {
        let all: Vec<StoredAuditRecord> = records(store).await;
        assert_follow(&all);
        assert_eq!(all[0].record.event, old_event());
        let first = old_event().canonical_bytes((chain(1).make_id)(), 1);
        let written: String = first.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(written, CANONICAL);
        commit(store, Changes::new()).await.unwrap();
    });
}

#[test]
fn what_is_new_can_be_written_beside_old_rows() {
    let dir = tempfile::tempdir().unwrap();
    write_old_database(dir.path());
    let owner = Role::Owner.rights();
    let token = Some(TokenSubject { issuer: "https://issuer.example".into(), subject: "ann".into() });
    let ann = PrincipalRow { email: Some("ann@example.com".into()), token, ..principal(2) };
    let of_ann = MembershipRow { suspended_at: Some(at(1)), ..membership(1, 2, owner) };
    let address = Restriction { addresses: vec!["::1".parse().unwrap()], ..Restriction::default() };
    let key = ApiKeyRow {
        restrictions: Restrictions::default().with(address).unwrap(),
        ..api_key(2, &[(org_id(1), owner)])
    };
    run(async {
        let store = open(dir.path(), 2);
        let new = Changes::new().insert_principal(&ann).insert_membership(&of_ann).insert_api_key(&key);
        commit(&store, new).await.unwrap();
        let suspended = MembershipRow { suspended_at: Some(at(1)), version: 2, ..membership(1, 1, owner) };
        commit(&store, Changes::new().update_membership(&suspended)).await.unwrap();
        store.note_uses(Uses::new().used(old_key().id, at(5))).await.unwrap();
    });
    run(async {
        let store = open(dir.path(), 3);
        assert_eq!(store.find_api_key(key.id).await.unwrap(), Some(key));
        let used = ApiKeyRow { last_used_at: Some(at(5)), ..old_key() };
        assert_eq!(store.find_api_key(used.id).await.unwrap(), Some(used));
        let found = store.find_principal_by_subject(ann.token.as_ref().unwrap()).await.unwrap();
        assert_eq!(found, Some(ann));
        let suspended = store.list_memberships(principal_id(1)).await.unwrap()[0].suspended_at;
        assert_eq!(suspended, Some(at(1)));
        assert_follow(&records(&store).await);
        assert_eq!(store.check_integrity().await.unwrap(), Vec::<String>::new());
    });
}

/// Where one can not, whoever deletes a row reads a whole table for it, while nobody else can write.
#[test]
fn every_reference_can_be_followed_backwards() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), 1));
    let connection = Connection::open(dir.path().join("keyholt.db")).unwrap();
    let sql = r#"SELECT t.name || '.' || reference."from"
        FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) reference
        WHERE t.type = 'table' AND reference.seq = 0 AND NOT EXISTS (
            SELECT 1 FROM pragma_index_list(t.name) i JOIN pragma_index_info(i.name) first
            WHERE first.seqno = 0 AND first.name = reference."from")"#;
    let mut statement = connection.prepare(sql).unwrap();
    let blind: Result<Vec<String>, _> = statement.query_map([], |row| row.get(0)).unwrap().collect();
    assert_eq!(blind.unwrap(), Vec::<String>::new());
}
