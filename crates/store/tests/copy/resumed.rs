//! Copies in several goes: from a source that is in use, and of what has changed meanwhile.

use std::sync::Arc;

use keyholt_store::{ChainStart, Changes, CommitError, CopyError, DeploymentRow, RingKeyRow, Store, Unmet};
use keyholt_types::{
    Action, AuditEvent, ChainId, DeploymentId, EventId, Outcome, Subject, SubjectKind, Timestamp,
};

use crate::fixture::{copy_directory, done_to, dump_of, make_installation, open, run};

#[test]
fn a_copy_of_what_is_in_use_is_unfinished_until_it_is_caught_up() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    let server = Store::open_directory(from.path()).unwrap();
    for _ in 0..2 {
        let report = copy_directory(from.path(), to.path()).unwrap();
        assert!(!report.is_finished);
        assert_eq!(dump_of(to.path()), dump_of(from.path()));
        let target = Store::open_directory(to.path()).unwrap();
        assert!(run(target.find_unfinished_copy()).unwrap().is_some());
    }
    // What a server does meanwhile: names change hands, rows come, change and go.
    open(from.path())
        .execute_batch(
            "UPDATE secrets SET name = 'x' WHERE name = 'secret 10';
             UPDATE secrets SET name = 'secret 10' WHERE name = 'secret 20';
             UPDATE secrets SET name = 'secret 20' WHERE name = 'x';
             DELETE FROM secrets WHERE name IN ('secret 30', 'secret 699');
             INSERT INTO secrets SELECT org_id, collection_id, unhex(printf('%032x', 100)), 1, 'secret 30', kind, 1,
                 created_by, NULL, updated_by, 0, x'', NULL, NULL, NULL, NULL, 1, x'', 1 FROM secrets WHERE name = 'secret 1';
             UPDATE secret_values SET sealed = x'00' WHERE secret_id = unhex(printf('%032x', 3));
             UPDATE orgs SET name = 'x' WHERE name = 'acme';
             UPDATE orgs SET name = 'acme' WHERE name = 'ключ';
             UPDATE orgs SET name = 'ключ' WHERE name = 'x';
             UPDATE projects SET name = 'x' WHERE name = 'default';
             UPDATE projects SET name = 'default' WHERE name = 'old';
             UPDATE projects SET name = 'old' WHERE name = 'x';
             UPDATE principals SET issuer = NULL, subject = NULL WHERE name = 'ann';
             UPDATE principals SET issuer = 'https://issuer', subject = 'ann' WHERE name = 'robot';
             DELETE FROM api_key_grants WHERE api_key_id = unhex(printf('%032x', 0xC1));
             DELETE FROM api_keys WHERE parent_id IS NOT NULL;
             DELETE FROM audit_events WHERE seq > 1200;",
        )
        .unwrap();
    drop(server);
    let report = copy_directory(from.path(), to.path()).unwrap();
    assert!(report.is_finished);
    assert_eq!(dump_of(to.path()), dump_of(from.path()));
    assert_eq!(done_to(&report, "secrets"), (1, 2, 2));
    assert_eq!(done_to(&report, "secret_values").1, 1);
    assert_eq!(done_to(&report, "api_keys"), (0, 0, 1));
    assert_eq!(done_to(&report, "audit_events"), (0, 0, 3));
    let target = Store::open_directory(to.path()).unwrap();
    assert_eq!(run(target.find_unfinished_copy()).unwrap(), None);
}

#[test]
fn an_unfinished_copy_goes_on_with_its_own_source_only() {
    let (from, other, to) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    make_installation(other.path(), 2);
    let server = Store::open_directory(from.path()).unwrap();
    copy_directory(from.path(), to.path()).unwrap();
    let refused = copy_directory(other.path(), to.path()).unwrap_err();
    assert!(matches!(refused, CopyError::TargetOfAnother(_)), "{refused}");
    assert_eq!(dump_of(to.path()), dump_of(from.path()));
    let third = tempfile::tempdir().unwrap();
    let refused = copy_directory(to.path(), third.path()).unwrap_err();
    assert!(matches!(refused, CopyError::SourceUnfinished(_)), "nobody copies half a store: {refused}");
    drop(server);
    assert!(copy_directory(from.path(), to.path()).unwrap().is_finished);
    assert!(copy_directory(to.path(), third.path()).unwrap().is_finished);
}

#[test]
fn nothing_is_founded_where_a_copy_goes() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    let _server = Store::open_directory(from.path()).unwrap();
    copy_directory(from.path(), to.path()).unwrap();
    // As it is before the first row was written.
    let target = open(to.path());
    target.pragma_update(None, "foreign_keys", false).unwrap();
    target.execute_batch("DELETE FROM deployment; DELETE FROM ring_keys").unwrap();
    let store = Store::open_directory(to.path()).unwrap();
    store.begin_chain(ChainStart {
        make_id: Arc::new(|| ChainId::MIN),
        ring_generation: 1,
        step: Arc::new(|_, _| [0; 32]),
    });
    let now = Timestamp::from_micros(1);
    let deployment = DeploymentRow {
        id: DeploymentId::from_slice(&[9; 16]).unwrap(),
        created_at: now,
        check_value: vec![1],
    };
    let ring = RingKeyRow { generation: 1, wrapped: vec![1], created_at: now };
    let subject = Subject { kind: SubjectKind::Deployment, id: deployment.id.uuid(), name: Box::default() };
    let event = AuditEvent {
        id: EventId::MIN,
        at: now,
        org: None,
        request: None,
        api_key: None,
        principal: None,
        address: None,
        action: Action::DeploymentCreate,
        subject,
        outcome: Outcome::Done,
        count: 1,
    };
    let founding = Changes::new().insert_deployment(&deployment, &ring).record(event);
    let refused = run(store.commit(founding)).unwrap_err();
    assert!(matches!(refused, CommitError::Unmet(Unmet::Taken)), "{refused}");
}
