//! Rows to store, and a store in which the audit chain has begun.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyholt_store::{
    ApiKeyRow, Audited, ChainStart, ChainStep, Changes, CommitError, MembershipRow, OrgKeyRow, OrgRow,
    OrgScope, PostgresOptions, PostgresUrl, PrincipalKind, PrincipalRow, ProjectRow, Scope, SecretRow, Store,
    Unmet, ValueRow,
};
use keyholt_testkit::postgres::TestDatabase;
use keyholt_types::{
    Action, ApiKeyId, AuditEvent, ChainId, EncryptedValue, EventId, OrgId, Outcome, PrincipalId, ProjectId,
    Restrictions, Rights, SecretColumns, SecretId, Subject, SubjectKind, Timestamp,
};

/// Carries a law out on an empty store whose audit chain has begun, with several threads at work.
pub(crate) fn on_new_store<F: Future<Output = ()>>(store: Store, law: impl FnOnce(Arc<Store>) -> F) {
    store.begin_chain(chain(1));
    run(law(Arc::new(store)));
}

/// The same on an empty schema of PostgreSQL.
pub(crate) fn on_new_postgres<F: Future<Output = ()>>(law: impl FnOnce(Arc<Store>) -> F) {
    let database = TestDatabase::schema().unwrap();
    let url = PostgresUrl::parse(database.url()).unwrap();
    run(async {
        let options = PostgresOptions { url, connections: 8, for_reading: false };
        let store = Store::connect(&options).await.unwrap();
        store.begin_chain(chain(1));
        law(Arc::new(store)).await;
    });
}

/// Runs on a runtime of several threads.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(future)
}

/// A step that is easy to do over: every byte of the record changes every byte of the result.
pub(crate) fn step() -> ChainStep {
    Arc::new(|previous, record| {
        let mut mac = [0_u8; 32];
        let mut state = 0xCBF2_9CE4_8422_2325_u64;
        for byte in previous.iter().chain(record) {
            state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
        for (place, byte) in (0..).zip(&mut mac) {
            *byte = state.rotate_left(place * 2).to_be_bytes()[0];
        }
        mac
    })
}

pub(crate) fn chain(number: u8) -> ChainStart {
    // Each chain that begins is the next one of this number.
    let begun = AtomicU64::new(0);
    let make_id = move || {
        let place = u128::from(begun.fetch_add(1, Ordering::SeqCst)) << 64 | u128::from(number);
        ChainId::from_slice(&bytes(place)).unwrap()
    };
    ChainStart { make_id: Arc::new(make_id), ring_generation: 1, step: step() }
}

fn bytes(number: u128) -> [u8; 16] {
    number.to_be_bytes()
}

pub(crate) fn secret_id(number: u128) -> SecretId {
    SecretId::from_slice(&bytes(number)).unwrap()
}

pub(crate) fn org_id(number: u128) -> OrgId {
    OrgId::from_slice(&bytes(0xA000 + number)).unwrap()
}

pub(crate) fn project_id(number: u128) -> ProjectId {
    ProjectId::from_slice(&bytes(0xB000 + number)).unwrap()
}

pub(crate) fn api_key_id(number: u128) -> ApiKeyId {
    ApiKeyId::from_slice(&bytes(0xC000 + number)).unwrap()
}

pub(crate) fn principal_id(number: u128) -> PrincipalId {
    PrincipalId::from_slice(&bytes(0xD000 + number)).unwrap()
}

pub(crate) fn event_id(number: u128) -> EventId {
    EventId::from_slice(&bytes(number)).unwrap()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_795_253_400_000_000).plus_seconds(seconds)
}

#[expect(clippy::disallowed_methods, reason = "a test of the store stands in for authorisation")]
pub(crate) fn org_scope(number: u128) -> OrgScope {
    OrgScope::authorised(org_id(number))
}

/// The secrets of the organisation that most laws use.
pub(crate) fn scope() -> Scope {
    org_scope(1).secrets()
}

pub(crate) fn org(number: u128, name: &str) -> OrgRow {
    OrgRow { id: org_id(number), name: name.into(), created_at: at(0) }
}

pub(crate) fn org_key(number: u128, generation: i64) -> OrgKeyRow {
    OrgKeyRow {
        org: org_id(number),
        generation,
        ring_generation: 1,
        wrapped: vec![generation as u8; 40],
        created_at: at(0),
    }
}

pub(crate) fn project(org: u128, number: u128, name: &str) -> ProjectRow {
    ProjectRow { org: org_id(org), id: project_id(number), name: name.into(), created_at: at(0) }
}

/// A service account without anything that may be absent.
pub(crate) fn principal(number: u128) -> PrincipalRow {
    PrincipalRow {
        id: principal_id(number),
        kind: PrincipalKind::ServiceAccount,
        name: format!("robot {number}").into(),
        email: None,
        token: None,
        created_at: at(0),
        version: 1,
    }
}

pub(crate) fn membership(org: u128, principal: u128, rights: Rights) -> MembershipRow {
    MembershipRow {
        org: org_id(org),
        principal: principal_id(principal),
        rights,
        suspended_at: None,
        created_at: at(0),
        version: 1,
    }
}

/// A key of the principal of the same number, in the first organisation's project.
pub(crate) fn api_key(number: u128, grants: &[(OrgId, Rights)]) -> ApiKeyRow {
    ApiKeyRow {
        id: api_key_id(number),
        mac: vec![number as u8; 32],
        ring_generation: 1,
        principal: principal_id(number),
        project_org: org_id(1),
        project: project_id(1),
        name: "a key".into(),
        shown: "khk_abcd".into(),
        operator: number.is_multiple_of(2),
        created_at: at(0),
        created_by: (number > 1).then(|| api_key_id(1)),
        expires_at: None,
        revoked_at: None,
        restrictions: Restrictions::default(),
        proof: vec![8; 32],
        version: 1,
        grants: grants.to_vec(),
        last_used_at: None,
        parent: None,
        model: None,
    }
}

/// A key with the principal that it stands for, a member wherever the key belongs, with the key's rights.
pub(crate) fn issued(key: &ApiKeyRow, number: u128) -> Changes {
    let with_principal = Changes::new().insert_principal(&principal(number));
    let with_members = key.grants.iter().fold(with_principal, |changes, (org, rights)| {
        let row = MembershipRow { org: *org, ..membership(1, number, *rights) };
        changes.insert_membership(&row)
    });
    with_members.insert_api_key(key)
}

/// Three organisations, each with a project of its number, `default`.
pub(crate) async fn make_orgs(store: &Store) {
    for number in 1..=3 {
        let changes = Changes::new()
            .insert_org(&org(number, &format!("org {number}")))
            .insert_project(&project(number, number, "default"));
        commit(store, changes).await.unwrap();
    }
}

/// Commits a change under an event that says nothing of it.
pub(crate) async fn commit(store: &Store, changes: Changes) -> Result<(), CommitError> {
    store.commit(recorded("change", changes)).await
}

/// A secret of version 1 in which what may be absent is absent.
pub(crate) fn secret(scope: Scope, id: u128, name: &str) -> SecretRow {
    SecretRow {
        columns: SecretColumns {
            collection: scope.collection(),
            id: secret_id(id),
            version: 1,
            name: name.into(),
            kind: None,
            created_at: at(0),
            created_by: api_key_id(1),
            updated_at: None,
            updated_by: api_key_id(1),
            value_version: 0,
            value_hash: Vec::new(),
            value_updated_at: None,
            value_updated_by: None,
            ttl_seconds: None,
            expires_at: None,
            key_generation: 1,
        },
        details: vec![1, 2, 3],
        names_models: false,
    }
}

/// The next version of a secret.
pub(crate) fn next(row: &SecretRow) -> SecretRow {
    let mut row = row.clone();
    row.columns.version += 1;
    row.columns.updated_at = Some(at(row.columns.version));
    row
}

pub(crate) fn value(version: i64) -> ValueRow {
    let sealed = vec![version as u8; 100];
    ValueRow { version, value: EncryptedValue { wrapped_key: vec![7; 90], sealed }, created_at: at(version) }
}

/// An event in the organisation that most laws use; each has a higher id than the one before.
pub(crate) fn event(name: &str) -> AuditEvent {
    static LAST: AtomicU64 = AtomicU64::new(0xE000);
    AuditEvent {
        id: event_id(LAST.fetch_add(1, Ordering::SeqCst).into()),
        at: at(0),
        org: Some(org_id(1)),
        request: None,
        api_key: None,
        principal: None,
        address: None,
        action: Action::SecretCreate,
        subject: Subject { kind: SubjectKind::Secret, id: secret_id(1).uuid(), name: name.into() },
        outcome: Outcome::Done,
        count: 1,
    }
}

/// A change with an event that bears a name.
pub(crate) fn recorded(name: &str, changes: Changes) -> Audited {
    changes.record(event(name))
}

/// A change that adds a secret.
pub(crate) fn inserted(row: &SecretRow) -> Audited {
    let name = row.columns.name.clone();
    recorded(&name, Changes::new().insert_secret(scope_of(row), row))
}

/// A change that makes a secret its next version.
pub(crate) fn updated(row: &SecretRow) -> Audited {
    let name = row.columns.name.clone();
    recorded(&name, Changes::new().update_secret(scope_of(row), row))
}

fn scope_of(row: &SecretRow) -> Scope {
    #[expect(clippy::disallowed_methods, reason = "a test of the store stands in for authorisation")]
    let org = OrgScope::authorised(row.columns.collection.org());
    match row.columns.collection {
        keyholt_types::Collection::Org(_) => org.secrets(),
        keyholt_types::Collection::Project(_, project) => org.project_secrets(project),
    }
}

#[track_caller]
pub(crate) fn assert_unmet(result: Result<(), CommitError>, expected: Unmet) {
    match result {
        Err(CommitError::Unmet(unmet)) => assert_eq!(unmet, expected),
        other => panic!("expected {expected:?}, not {other:?}"),
    }
}
