//! What a narrowed key learns in passing of what is out of its reach: nothing.

use keyholt_engine::{AuditFilter, Error, OrgChoice, PageRequest, SecretPatch};
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::{Action, Caller, Restriction, Role, SubjectKind};

use super::fixture::{narrowed, restriction};
use crate::fixture::{bare, create, full, kind};

async fn named_in_the_log(test: &TestEngine, caller: &Caller, limit: u32) -> Vec<String> {
    let mut named = Vec::new();
    let mut page = PageRequest { starting_after: None, limit };
    loop {
        let filter = AuditFilter { action: Some(Action::SecretCreate), ..AuditFilter::from(page) };
        let unfiltered = test.engine.list_audit(caller, OrgChoice::Unnamed, page).await.unwrap();
        let filtered = test.engine.list_audit(caller, OrgChoice::Unnamed, filter).await.unwrap();
        assert!(unfiltered.len() >= filtered.len());
        let Some(last) = unfiltered.last() else { return named };
        page.starting_after = Some(last.event.id);
        let subjects = unfiltered.into_iter().map(|record| record.event.subject);
        named.extend(
            subjects
                .filter(|subject| matches!(subject.kind, SubjectKind::Secret | SubjectKind::ProjectSecret))
                .map(|subject| subject.name.into()),
        );
    }
}

#[tokio::test]
async fn the_log_names_no_secret_out_of_reach() {
    let test = TestEngine::in_memory().await;
    for name in ["OPENAI_A", "GOOGLE_A", "OPENAI_B", "GOOGLE_B"] {
        create(&test, full(name, "a value of some length, 24+")).await;
        test.engine.create_project_secret(&test.owner, bare(name)).await.unwrap();
    }
    let by_name = narrowed(&test, Role::Owner.rights(), restriction(&["OPENAI_*"], &[], &[])).await;
    // What type a secret had at the time is not in the log.
    let by_type = narrowed(&test, Role::Owner.rights(), restriction(&[], &["openai"], &[])).await;
    let by_address = narrowed(&test, Role::Owner.rights(), Restriction::default()).await;
    for limit in [1, 2, 1000] {
        let named = named_in_the_log(&test, &by_name, limit).await;
        assert_eq!(named, ["OPENAI_B", "OPENAI_B", "OPENAI_A", "OPENAI_A"], "{limit}");
        assert!(named_in_the_log(&test, &by_type, limit).await.is_empty());
        assert_eq!(named_in_the_log(&test, &by_address, limit).await.len(), 8);
    }
    // The rest of the log is theirs to read.
    let page = PageRequest { starting_after: None, limit: 1000 };
    let log = test.engine.list_audit(&by_type, OrgChoice::Unnamed, page).await.unwrap();
    assert!(log.iter().any(|record| record.event.action == Action::ApiKeyCreate));
}

/// That there is something which does not open is a thing out of reach as well.
#[tokio::test]
async fn a_row_out_of_reach_that_does_not_open_is_not_there() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let caller = narrowed(&test, Role::Owner.rights(), restriction(&["OPENAI_*"], &["openai"], &[])).await;
    let new = |name: &str, of_kind: &str| keyholt_engine::NewSecret { kind: Some(kind(of_kind)), ..bare(name) };
    let mut ids = Vec::new();
    for (name, of_kind) in [("OPENAI_A", "openai"), ("OPENAI_B", "google"), ("X", "openai")] {
        ids.push(create(&test, new(name, of_kind)).await.columns.id);
    }
    let intruder = Intruder::in_directory(&dir).unwrap();
    assert_eq!(intruder.execute("UPDATE secrets SET created_at = 1").unwrap(), 3);
    let engine = &test.engine;
    for (name, expected) in [("OPENAI_A", Error::Locked), ("X", Error::NotFound), ("Y", Error::NotFound)] {
        let deleted = engine.delete_secret_named(&caller, OrgChoice::Unnamed, name).await;
        assert_eq!(deleted.unwrap_err(), expected, "{name}");
    }
    for (id, expected) in ids.into_iter().zip([Error::Locked, Error::NotFound, Error::NotFound]) {
        assert_eq!(engine.find_secret(&caller, id).await.unwrap_err(), expected);
        let patched = engine.patch_secret(&caller, id, SecretPatch::default()).await;
        assert_eq!(patched.unwrap_err(), expected);
        assert_eq!(engine.reveal_secret(&caller, id).await.unwrap_err(), expected);
        assert_eq!(engine.delete_secret(&caller, id).await.unwrap_err(), expected);
    }
}
