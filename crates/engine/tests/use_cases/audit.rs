//! The audit log, and the proof that it is as it was written.

use keyholt_engine::{BadAuditRecord, OrgChoice, PageRequest};
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::{EventId, OrgName};

use crate::fixture::{bare, create};

/// A data directory with a log of two starts, opened again; and a way into its database.
async fn written(dir: &std::path::Path) -> (TestEngine, Intruder) {
    for name in ["a", "b"] {
        let test = TestEngine::on_file(dir).await;
        for number in 0..5 {
            create(&test, bare(&format!("{name}{number}"))).await;
        }
    }
    (TestEngine::on_file(dir).await, Intruder::in_directory(dir).unwrap())
}

#[tokio::test]
async fn an_untouched_log_verifies_and_has_a_chain_for_each_start() {
    let parent = tempfile::tempdir().unwrap();
    let (test, _) = written(&parent.path().join("data")).await;
    create(&test, bare("c")).await;
    let verdict = test.engine.verify_audit(&test.owner).await.unwrap();
    // What the first start makes, and the secrets.
    assert_eq!((verdict.chains, verdict.events, verdict.first_bad), (3, 6 + 5 + 5 + 1, None));
}

#[tokio::test]
async fn a_changed_record_is_found_whatever_was_changed() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let (test, intruder) = written(&dir).await;
    let columns: Vec<String> = intruder.read("SELECT name FROM pragma_table_info('audit_events')").unwrap();
    assert_eq!(columns.len(), 17);
    let chains: Vec<Vec<u8>> = intruder.read("SELECT DISTINCT chain_id FROM audit_events").unwrap();
    let place = format!("chain_id = {} AND seq = 3", Intruder::literal(&chains[1]));
    for column in columns {
        let to = match &*column {
            // Those two are the place, changed below.
            "chain_id" | "seq" => continue,
            "at" => "at + 1",
            "ring_generation" => "2",
            "org_id" => "NULL",
            "id" | "request_id" | "api_key_id" | "principal_id" | "subject_id" => "randomblob(16)",
            "address" => "'203.0.113.7'",
            "action" => "'secret.delete'",
            "subject_kind" => "'org'",
            "subject_name" => "subject_name || 'x'",
            "outcome" => "'refused'",
            "mac" => "randomblob(32)",
            "count" => "2",
            other => panic!("a column that this test does not know: {other}"),
        };
        intruder.execute("CREATE TEMP TABLE saved AS SELECT * FROM audit_events").unwrap();
        for to in [to, "'no such word'", "x'00'"] {
            // What is not of a column's form is found as well, as what cannot be NULL is not made so.
            let sql = format!("UPDATE audit_events SET {column} = {to} WHERE {place}");
            assert_eq!(intruder.execute(&sql).unwrap(), 1, "{sql}");
            let verdict = test.engine.verify_audit(&test.owner).await.unwrap();
            let bad = verdict.first_bad.unwrap_or_else(|| panic!("{sql}: not found"));
            assert_eq!((bad.chain.as_bytes().as_slice(), bad.seq), (&chains[1][..], 3), "{sql}");
            assert_eq!(bad.problem, "changed");
        }
        intruder.execute("DELETE FROM audit_events").unwrap();
        intruder.execute("INSERT INTO audit_events SELECT * FROM saved; DROP TABLE saved").unwrap();
        assert_eq!(test.engine.verify_audit(&test.owner).await.unwrap().first_bad, None, "{column}");
    }
}

#[tokio::test]
async fn a_removed_record_is_found() {
    let parent = tempfile::tempdir().unwrap();
    let (test, intruder) = written(&parent.path().join("data")).await;
    let chains: Vec<Vec<u8>> = intruder.read("SELECT DISTINCT chain_id FROM audit_events").unwrap();
    let chain = Intruder::literal(&chains[1]);
    let first_bad = async || {
        let bad: BadAuditRecord = test.engine.verify_audit(&test.owner).await.unwrap().first_bad.unwrap();
        (bad.chain.as_bytes().to_vec(), bad.seq, bad.problem)
    };
    intruder.execute(&format!("DELETE FROM audit_events WHERE chain_id = {chain} AND seq = 3")).unwrap();
    assert_eq!(first_bad().await, (chains[1].clone(), 3, "missing"));
    // Closing the gap does not help.
    let close = format!("UPDATE audit_events SET seq = seq - 1 WHERE chain_id = {chain} AND seq = ");
    intruder.execute(&format!("{close} 4; {close} 5")).unwrap();
    assert_eq!(first_bad().await, (chains[1].clone(), 3, "changed"));
    intruder.execute(&format!("DELETE FROM audit_events WHERE chain_id = {chain} AND seq = 1")).unwrap();
    assert_eq!(first_bad().await, (chains[1].clone(), 1, "missing"));
}

#[tokio::test]
async fn records_that_change_places_are_found() {
    let parent = tempfile::tempdir().unwrap();
    let (test, intruder) = written(&parent.path().join("data")).await;
    let chains: Vec<Vec<u8>> = intruder.read("SELECT DISTINCT chain_id FROM audit_events").unwrap();
    let (first, second) = (Intruder::literal(&chains[0]), Intruder::literal(&chains[1]));
    intruder
        .execute(&format!(
            "UPDATE audit_events SET chain_id = {second}, seq = 6 WHERE chain_id = {first} AND seq = 11"
        ))
        .unwrap();
    let bad = test.engine.verify_audit(&test.owner).await.unwrap().first_bad.unwrap();
    assert_eq!((bad.chain.as_bytes().as_slice(), bad.seq), (&chains[1][..], 6));
}

#[tokio::test]
async fn a_log_is_listed_newest_first_in_pages() {
    let test = TestEngine::in_memory().await;
    for number in 0..10 {
        create(&test, bare(&format!("{number}"))).await;
    }
    let all = test.audit().await;
    assert!(all.is_sorted_by(|one, next| one.event.id > next.event.id));
    let (mut pages, mut after) = (Vec::new(), Some(EventId::MAX));
    while after.is_some() {
        let page = PageRequest { starting_after: after, limit: 3 };
        let found = test.engine.list_audit(&test.owner, OrgChoice::Unnamed, page).await.unwrap();
        after = found.last().map(|record| record.event.id);
        pages.extend(found);
    }
    assert_eq!(pages, all);
}

#[tokio::test]
async fn each_organisation_reads_its_own_log() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    test.engine.create_org(&test.owner, OrgName::parse("beta").unwrap()).await.unwrap();
    let page = PageRequest { starting_after: None, limit: 100 };
    let listed = async |choice| test.engine.list_audit(&both, choice, page).await.unwrap();
    let acme = both.identity.orgs.iter().find(|grant| &*grant.org_name == "acme").unwrap().org;
    let of_acme = listed(OrgChoice::Named("acme")).await;
    assert!(!of_acme.is_empty() && of_acme.iter().all(|record| record.event.org == Some(acme)));
    let of_both = listed(OrgChoice::Unnamed).await;
    assert!(of_both.len() > of_acme.len());
    assert!(of_both.iter().all(|record| both.identity.orgs.iter().any(|g| Some(g.org) == record.event.org)));
    assert_eq!(listed(OrgChoice::Named("beta")).await, []);
}
