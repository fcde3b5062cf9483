//! Audit chains.

use std::sync::Arc;

use keyholt_store::{Changes, Store, StoredAuditRecord, Unmet};
use keyholt_types::{Action, ApiKeyId, AuditEvent, Outcome, PrincipalId, RequestId, SubjectKind};

use crate::fixture::{
    api_key_id, assert_unmet, chain, event, event_id, inserted, org_id, org_scope, principal_id, recorded,
    scope, secret, secret_id, step,
};

/// All records; each must follow from the one before in its chain.
#[track_caller]
pub(crate) fn assert_follow(records: &[StoredAuditRecord]) {
    let (mut last, mut seq, mut mac) = (None, 0, vec![0; 32]);
    for stored in records {
        let record = &stored.record;
        if last != Some(record.chain) {
            (last, seq, mac) = (Some(record.chain), 0, vec![0; 32]);
        }
        seq += 1;
        assert_eq!(record.seq, seq);
        mac = step()(&mac, &record.event.canonical_bytes(record.chain, seq)).to_vec();
        assert_eq!(record.mac, mac, "record {seq}");
    }
}

pub(crate) async fn records(store: &Store) -> Vec<StoredAuditRecord> {
    let found = store.list_audit_records(None, 100_000).await.unwrap();
    found.into_iter().collect::<Result<_, _>>().unwrap()
}

/// The events in the order of their ids, which is that of their commits where one follows the other: a store may have
/// several chains side by side.
fn events_in_order(records: &[StoredAuditRecord]) -> Vec<AuditEvent> {
    let mut events: Vec<_> = records.iter().map(|stored| stored.record.event.clone()).collect();
    events.sort_by_key(|event| event.id);
    events
}

fn names(records: &[StoredAuditRecord]) -> Vec<Box<str>> {
    events_in_order(records).into_iter().map(|event| event.subject.name).collect()
}

pub(crate) async fn a_chain_has_no_gap_and_each_record_follows_from_the_one_before(store: Arc<Store>) {
    for id in 1..=10 {
        let pair = recorded("first", Changes::new()).and(inserted(&secret(scope(), id, &format!("{id}"))));
        store.commit(pair).await.unwrap();
    }
    let records = records(&store).await;
    assert_eq!(records.len(), 20);
    assert_follow(&records);
}

pub(crate) async fn a_refused_change_leaves_no_record_and_no_gap(store: Arc<Store>) {
    store.commit(inserted(&secret(scope(), 1, "a"))).await.unwrap();
    for name in ["b", "c", "d"] {
        let refused = recorded("refused", Changes::new()).and(inserted(&secret(scope(), 1, "taken")));
        assert_unmet(store.commit(refused).await, Unmet::Taken);
        store.commit(recorded(name, Changes::new())).await.unwrap();
    }
    let records = records(&store).await;
    assert_eq!(names(&records), ["a", "b", "c", "d"].map(Box::from));
    assert_follow(&records);
}

pub(crate) async fn records_read_back_as_they_were_written(store: Arc<Store>) {
    let mut full = event("full 🔑");
    full.request = RequestId::from_slice(&[1; 16]);
    full.api_key = ApiKeyId::from_slice(&[2; 16]);
    full.principal = PrincipalId::from_slice(&[3; 16]);
    full.address = Some("2001:db8::1".parse().unwrap());
    (full.outcome, full.count) = (Outcome::Refused, 4711);
    let mut most = event("most");
    most.count = u32::MAX;
    let mut bare = event("");
    bare.org = None;
    let mut events = vec![full, most, bare];
    for action in Action::ALL {
        events.push(AuditEvent { action: *action, ..event("action") });
    }
    for kind in SubjectKind::ALL {
        let mut event = event("kind");
        event.subject.kind = *kind;
        event.address = Some("203.0.113.7".parse().unwrap());
        events.push(event);
    }
    for event in &events {
        store.commit(Changes::new().record(event.clone())).await.unwrap();
    }
    let records = records(&store).await;
    assert_follow(&records);
    assert_eq!(events_in_order(&records), events);
}

pub(crate) async fn chains_are_listed_one_after_the_other(store: Arc<Store>) {
    for (number, name) in [(1, "a"), (2, "b"), (3, "c")] {
        store.begin_chain(chain(number));
        for _ in 0..3 {
            store.commit(recorded(name, Changes::new())).await.unwrap();
        }
    }
    let all = records(&store).await;
    assert_eq!(names(&all), ["a", "a", "a", "b", "b", "b", "c", "c", "c"].map(Box::from));
    assert!(all.is_sorted_by_key(|stored| (stored.record.chain, stored.record.seq)));
    assert_follow(&all);
    // Nothing of one beginning stands in a chain of another.
    for pair in all.windows(2).filter(|pair| pair[0].record.chain == pair[1].record.chain) {
        assert_eq!(pair[0].record.event.subject.name, pair[1].record.event.subject.name);
    }
    // In batches that end within a chain.
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let batch = store.list_audit_records(after, 2).await.unwrap();
        let Some(Ok(last)) = batch.last() else { break };
        after = Some((last.record.chain, last.record.seq));
        seen.extend(batch.into_iter().map(Result::unwrap));
    }
    assert_eq!(seen, all);
}

pub(crate) async fn an_organisation_sees_its_own_events_newest_first(store: Arc<Store>) {
    for (id, org) in [(30, Some(1)), (10, Some(2)), (20, Some(1)), (40, None), (50, Some(1))] {
        let mut event = event("event");
        event.id = event_id(id);
        event.org = org.map(org_id);
        store.commit(Changes::new().record(event)).await.unwrap();
    }
    let ids = async |below: Option<u128>, limit| {
        let found = store.list_audit_events(org_scope(1), below.map(event_id), limit).await.unwrap();
        found.into_iter().map(|stored| stored.record.event.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 10).await, [event_id(50), event_id(30), event_id(20)]);
    assert_eq!(ids(Some(50), 1).await, [event_id(30)]);
    assert_eq!(ids(Some(20), 10).await, []);
}

pub(crate) async fn the_head_is_the_highest_id_whatever_the_order_of_commits(store: Arc<Store>) {
    assert_eq!(store.find_audit_head().await.unwrap(), None);
    for id in [10, 90, 20] {
        let mut event = event("event");
        event.id = event_id(id);
        event.subject.id = secret_id(1000).uuid();
        (event.api_key, event.principal) = (Some(api_key_id(1)), Some(principal_id(1)));
        store.commit(Changes::new().record(event)).await.unwrap();
    }
    assert_eq!(store.find_audit_head().await.unwrap().unwrap().highest_id, event_id(90));
}
