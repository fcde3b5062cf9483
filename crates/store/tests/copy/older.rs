//! Sources of an older version of the schema.

use std::fs;

use keyholt_store::{CopySource, CopyTarget, Store, copy};
use rusqlite::Connection;

use crate::fixture::{dump_of, run};

/// Every version but the newest is tried.
const MIGRATIONS: [&str; 3] = [
    include_str!("../../migrations/0001_foundation.sql"),
    include_str!("../../migrations/0002_identity.sql"),
    include_str!("../../migrations/0003_use.sql"),
];

/// Rows that the first version has columns for.
const ROWS: &str = "
    INSERT INTO deployment VALUES (x'0000000000000000000000000000000A', 1, x'01');
    INSERT INTO orgs VALUES (x'00000000000000000000000000000001', 'acme', 1, 1);
    INSERT INTO projects (org_id, id, name, created_at, version)
        VALUES (x'00000000000000000000000000000001', x'00000000000000000000000000000002', 'default', 1, 1);
    INSERT INTO principals (id, kind, name, created_at, version)
        VALUES (x'00000000000000000000000000000003', 'user', 'ann', 1, 1);
    INSERT INTO memberships (org_id, principal_id, rights, created_at, version)
        VALUES (x'00000000000000000000000000000001', x'00000000000000000000000000000003', 31, 1, 1);
    INSERT INTO api_keys (id, mac, ring_generation, principal_id, project_org_id, project_id, name, shown, operator,
            created_at, proof, version)
        VALUES (x'00000000000000000000000000000004', x'01', 1, x'00000000000000000000000000000003',
            x'00000000000000000000000000000001', x'00000000000000000000000000000002', 'owner', 'khk_', 1, 1, x'01', 1);
    INSERT INTO audit_events (chain_id, seq, id, at, action, subject_kind, subject_id, subject_name, outcome,
            ring_generation, mac)
        VALUES (x'00000000000000000000000000000005', 1, x'00000000000000000000000000000006', 1, 'secret.create', 'secret',
            x'00000000000000000000000000000007', '', 'done', 1, x'01');";

#[test]
fn a_backup_of_an_older_version_becomes_what_that_store_would_become() {
    for version in 1..=MIGRATIONS.len() {
        let (old, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = old.path().join("keyholt.db");
        let connection = Connection::open(&file).unwrap();
        connection
            .execute_batch("CREATE TABLE schema_migrations (version BIGINT NOT NULL PRIMARY KEY)")
            .unwrap();
        for (number, text) in (1..).zip(&MIGRATIONS[..version]) {
            let text = text.replace("{{blob}}", "BLOB").replace("{{text}}", "TEXT");
            connection.execute_batch(&text.replace("{{clustered}}", "WITHOUT ROWID")).unwrap();
            connection.execute("INSERT INTO schema_migrations VALUES (?1)", [number]).unwrap();
        }
        connection.execute_batch(ROWS).unwrap();
        drop(connection);
        let bytes = fs::read(&file).unwrap();
        let source = CopySource::open_file(&file).unwrap();
        let target = CopyTarget::open_directory(to.path()).unwrap();
        assert!(run(copy(&source, target, &mut |_| {})).unwrap().is_finished);
        drop(source);
        assert_eq!(fs::read(&file).unwrap(), bytes, "the backup stays as it was");
        drop(Store::open_directory(old.path()).unwrap());
        assert_eq!(dump_of(to.path()), dump_of(old.path()), "version {version}");
        assert_eq!(dump_of(to.path()).len(), 7);
    }
}
