//! Lists: order, cursors, limits, filters (wire/braintrust.md 3.1, 4.6).

use keyholt_engine::{ListedSecret, NewSecret, OrgChoice, SecretFilter};
use keyholt_testkit::TestEngine;
use keyholt_types::{Caller, Metadata, SecretId, SecretType};

use crate::fixture::{bare, create, kind, list, names};

/// An engine with the rows A to E, A the oldest, and their ids.
async fn five() -> (TestEngine, Vec<SecretId>) {
    let test = TestEngine::in_memory().await;
    let mut ids = Vec::new();
    for name in ["A", "B", "C", "D", "E"] {
        test.clock.advance_seconds(1);
        ids.push(create(&test, bare(name)).await.columns.id);
    }
    (test, ids)
}

/// What a query answers: `after` and `before` name rows.
fn query(ids: &[SecretId], after: Option<char>, before: Option<char>, limit: Option<u64>) -> SecretFilter {
    let id = |name: char| ids[name as usize - 'A' as usize];
    SecretFilter {
        starting_after: after.map(id),
        ending_before: before.map(id),
        limit,
        ..SecretFilter::default()
    }
}

/// The table of wire/braintrust.md 4.6.
#[tokio::test]
async fn cursors_are_positions_between_rows() {
    let (test, ids) = five().await;
    for (after, before, limit, answer) in [
        (None, None, None, "EDCBA"),
        (None, None, Some(2), "ED"),
        (Some('D'), None, Some(2), "CB"),
        (Some('B'), None, Some(2), "A"),
        (Some('A'), None, Some(2), ""),
        (None, Some('B'), None, "EDC"),
        (None, Some('B'), Some(1), "C"),
        (None, Some('B'), Some(2), "DC"),
        (None, Some('B'), Some(3), "EDC"),
        (None, Some('B'), Some(4), "EDC"),
        (None, Some('A'), Some(2), "CB"),
        (None, Some('C'), Some(2), "ED"),
        (None, Some('E'), Some(2), ""),
        (Some('E'), Some('B'), None, "DC"),
        (Some('E'), Some('B'), Some(1), "D"),
        (Some('C'), Some('C'), None, ""),
        (Some('B'), Some('D'), None, ""),
        (None, None, Some(0), ""),
        (Some('E'), Some('A'), Some(0), ""),
        (None, None, Some(u64::MAX), "EDCBA"),
        (None, Some('A'), Some(u64::MAX), "EDCB"),
    ] {
        let found = list(&test, &test.owner, query(&ids, after, before, limit)).await;
        assert_eq!(names(&found).concat(), answer, "after {after:?}, before {before:?}, limit {limit:?}");
        // The same where ids pick the rows out.
        let picked = SecretFilter { ids: Some(ids.clone()), ..query(&ids, after, before, limit) };
        let found = list(&test, &test.owner, picked).await;
        assert_eq!(names(&found).concat(), answer, "ids, after {after:?}, before {before:?}, {limit:?}");
    }
    let picked = SecretFilter { ids: Some(vec![ids[0], ids[2]]), ..query(&ids, Some('C'), None, None) };
    assert_eq!(names(&list(&test, &test.owner, picked).await), ["A"]);
    let nil = SecretFilter { ending_before: Some(SecretId::MIN), limit: Some(2), ..SecretFilter::default() };
    assert_eq!(names(&list(&test, &test.owner, nil).await), ["B", "A"]);
}

#[tokio::test]
async fn a_cursor_need_not_be_a_row() {
    let (test, ids) = five().await;
    let between = SecretId::new(uuid_above(ids[2]));
    let filter = |cursor| SecretFilter { starting_after: Some(cursor), ..SecretFilter::default() };
    assert_eq!(names(&list(&test, &test.owner, filter(between)).await), ["C", "B", "A"]);
    test.engine.delete_secret(&test.owner, ids[2]).await.unwrap();
    assert_eq!(names(&list(&test, &test.owner, filter(ids[2])).await), ["B", "A"]);
    assert_eq!(names(&list(&test, &test.owner, filter(SecretId::MAX)).await).len(), 4);
    assert_eq!(list(&test, &test.owner, filter(SecretId::MIN)).await, []);
}

fn uuid_above(id: SecretId) -> uuid::Uuid {
    uuid::Uuid::from_u128(id.uuid().as_u128() + 1)
}

#[tokio::test]
async fn a_change_never_moves_a_row() {
    let (test, ids) = five().await;
    test.clock.advance_seconds(100);
    crate::fixture::patch(&test, ids[0], crate::fixture::new_value("v")).await.unwrap();
    crate::fixture::patch(&test, ids[2], crate::fixture::rename("Z")).await.unwrap();
    assert_eq!(names(&list(&test, &test.owner, SecretFilter::default()).await), ["E", "D", "Z", "B", "A"]);
}

#[tokio::test]
async fn filters_are_anded_and_the_elements_of_a_list_ored() {
    let test = TestEngine::in_memory().await;
    let mut ids = Vec::new();
    for (name, of_kind) in
        [("a", Some("one")), ("b", Some("two")), ("c", None), ("d", Some("one")), ("e", Some("three"))]
    {
        let new = NewSecret { kind: of_kind.map(kind), ..bare(name) };
        ids.push(create(&test, new).await.columns.id);
    }
    let kinds = |kinds: &[&str]| Some(kinds.iter().map(|kind| (*kind).into()).collect());
    let all = SecretFilter::default;
    for (filter, answer) in [
        (SecretFilter { kinds: kinds(&["one"]), ..all() }, "da"),
        (SecretFilter { kinds: kinds(&["one", "three", "one"]), ..all() }, "eda"),
        (SecretFilter { kinds: kinds(&["One", ""]), ..all() }, ""),
        (SecretFilter { kinds: kinds(&["one", "two"]), limit: Some(2), ..all() }, "db"),
        (
            SecretFilter {
                kinds: kinds(&["one", "two"]),
                ending_before: Some(ids[0]),
                limit: Some(1),
                ..all()
            },
            "b",
        ),
        (SecretFilter { name: Some("c".into()), ..all() }, "c"),
        (SecretFilter { name: Some("C".into()), ..all() }, ""),
        (SecretFilter { name: Some("".into()), ..all() }, ""),
        (SecretFilter { name: Some("\0".into()), ..all() }, ""),
        (SecretFilter { name: Some("a".into()), kinds: kinds(&["one"]), ..all() }, "a"),
        (SecretFilter { name: Some("a".into()), kinds: kinds(&["two"]), ..all() }, ""),
        (SecretFilter { ids: Some(vec![ids[0], ids[3], ids[0], SecretId::MIN]), ..all() }, "da"),
        (SecretFilter { ids: Some(vec![ids[0], ids[1]]), kinds: kinds(&["two"]), ..all() }, "b"),
        (SecretFilter { ids: Some(vec![ids[0]]), name: Some("b".into()), ..all() }, ""),
        (SecretFilter { ids: Some(Vec::new()), ..all() }, ""),
    ] {
        let described = format!("{filter:?}");
        assert_eq!(names(&list(&test, &test.owner, filter).await).concat(), answer, "{described}");
    }
}

/// Two organisations with secrets of three types by turns; whoever owns both, and the ids, oldest first.
async fn many(count: usize) -> (TestEngine, Caller, Vec<SecretId>) {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let mut ids = Vec::new();
    for number in 0..count {
        let org = OrgChoice::Named(["default", "acme"][number % 2]);
        let new = NewSecret {
            kind: Some(kind(["one", "two", "three"][number % 3])),
            ..bare(&format!("secret {number}"))
        };
        let written = test.engine.create_secret(&both, org, new).await.unwrap();
        ids.push(written.secret.columns.id);
        test.clock.advance_micros(300);
    }
    (test, both, ids)
}

/// These types, and so many others, which no row has, that the rows are not looked up type by type.
fn among_many(kinds: &Option<Vec<Box<str>>>) -> Option<Vec<Box<str>>> {
    let others = (0..5000).map(|number| format!("type {number}").into());
    Some(others.chain(kinds.iter().flatten().cloned()).collect())
}

fn ids_of(secrets: &[keyholt_engine::SecretView]) -> Vec<SecretId> {
    secrets.iter().map(|secret| secret.columns.id).collect()
}

#[tokio::test]
async fn a_long_list_over_organisations_and_types_is_whole_and_in_order() {
    let (test, both, ids) = many(350).await;
    let newest_first: Vec<SecretId> = ids.iter().rev().copied().collect();
    assert_eq!(ids_of(&list(&test, &both, SecretFilter::default()).await), newest_first);
    let kinds = Some(vec!["three".into(), "one".into()]);
    let of_kinds: Vec<_> = (0..350).rev().filter(|number| number % 3 != 1).map(|number| ids[number]).collect();
    let filter = SecretFilter { kinds: kinds.clone(), ..SecretFilter::default() };
    assert_eq!(ids_of(&list(&test, &both, filter).await), of_kinds);
    for limit in [1, 99, 100, 101, 199, 200, 201, 233, 234, 235] {
        let filter = SecretFilter { limit: Some(limit), ..SecretFilter::default() };
        assert_eq!(ids_of(&list(&test, &both, filter).await), newest_first[..limit as usize], "{limit}");
        let filter = SecretFilter { limit: Some(limit), kinds: kinds.clone(), ..SecretFilter::default() };
        let end = of_kinds.len().min(limit as usize);
        assert_eq!(ids_of(&list(&test, &both, filter.clone()).await), of_kinds[..end], "{limit} of types");
        let filter = SecretFilter { kinds: among_many(&kinds), ..filter };
        assert_eq!(ids_of(&list(&test, &both, filter).await), of_kinds[..end], "{limit} of many types");
    }
}

#[tokio::test]
async fn the_rows_nearest_to_a_cursor_are_given_whatever_the_limit() {
    let (test, both, ids) = many(350).await;
    for limit in [1, 2, 99, 100, 101, 199, 200, 201, 250, 339, 340, 1000] {
        let filter =
            SecretFilter { ending_before: Some(ids[9]), limit: Some(limit), ..SecretFilter::default() };
        let end = ids.len().min(10 + limit as usize);
        let nearest: Vec<_> = ids[10..end].iter().rev().copied().collect();
        assert_eq!(ids_of(&list(&test, &both, filter.clone()).await), nearest, "{limit}");
        let kinds = Some(vec!["two".into(), "three".into()]);
        let of_kinds: Vec<_> = (10..350).filter(|number| number % 3 != 0).map(|number| ids[number]).collect();
        let end = of_kinds.len().min(limit as usize);
        let nearest: Vec<_> = of_kinds[..end].iter().rev().copied().collect();
        let many_kinds = among_many(&kinds);
        let filter = SecretFilter { kinds, ..filter };
        assert_eq!(ids_of(&list(&test, &both, filter.clone()).await), nearest, "{limit} of types");
        let filter = SecretFilter { kinds: many_kinds, ..filter };
        assert_eq!(ids_of(&list(&test, &both, filter).await), nearest, "{limit} of many types");
    }
}

#[tokio::test]
async fn pages_in_both_directions_give_every_row_once() {
    let (test, both, ids) = many(35).await;
    for limit in [1, 4, 7, 34, 35, 36] {
        let (mut forwards, mut after) = (Vec::new(), None);
        loop {
            let filter = SecretFilter { starting_after: after, limit: Some(limit), ..SecretFilter::default() };
            let page = ids_of(&list(&test, &both, filter).await);
            let Some(last) = page.last() else { break };
            after = Some(*last);
            forwards.extend(page);
        }
        forwards.reverse();
        assert_eq!(forwards, ids, "{limit}");
        let (mut backwards, mut before) = (Vec::new(), SecretId::MIN);
        loop {
            let filter =
                SecretFilter { ending_before: Some(before), limit: Some(limit), ..SecretFilter::default() };
            let page = ids_of(&list(&test, &both, filter).await);
            let Some(first) = page.first() else { break };
            before = *first;
            backwards.extend(page.into_iter().rev());
        }
        assert_eq!(backwards, ids, "{limit} backwards");
    }
}

#[tokio::test]
async fn rows_that_go_and_come_during_a_list_disturb_no_other_row() {
    let (test, both, ids) = many(250).await;
    let mut reading =
        test.engine.list_secrets(&both, OrgChoice::Unnamed, SecretFilter::default()).await.unwrap();
    let mut seen = Vec::new();
    let first = reading.next().await.unwrap();
    seen.extend(crate::fixture::opened(first));
    for id in [ids[0], ids[120], ids[249]] {
        test.engine.delete_secret(&both, id).await.unwrap();
    }
    test.engine.create_secret(&both, OrgChoice::Named("acme"), bare("newer")).await.unwrap();
    seen.extend(crate::fixture::opened(crate::fixture::rest_of(reading).await));
    let expected: Vec<_> = ids.iter().rev().filter(|id| ![ids[0], ids[120]].contains(id)).copied().collect();
    assert_eq!(ids_of(&seen), expected);
}

/// Rows of 32 KiB each: a batch ends by their size long before it ends by their number.
#[tokio::test]
async fn large_rows_make_short_batches_and_none_is_lost() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["other"]).await).await.unwrap();
    let (mut made, mut ours) = (Vec::new(), Vec::new());
    for number in 0..60 {
        let org = if number % 3 == 0 { "other" } else { "default" };
        let padding = serde_json::json!({ "padding": "x".repeat(32 * 1024) });
        let secret = NewSecret {
            kind: Some(SecretType::parse(if number % 2 == 0 { "one" } else { "two" }).unwrap()),
            metadata: Some(Metadata::new(padding.as_object().unwrap().clone()).unwrap()),
            ..bare(&format!("secret {number}"))
        };
        let written = test.engine.create_secret(&both, OrgChoice::Named(org), secret).await.unwrap();
        made.push(written.secret.columns.id);
        if org == "default" {
            ours.push(written.secret.columns.id);
        }
    }
    made.reverse();
    ours.reverse();
    let kinds = Some(vec!["one".into(), "two".into()]);
    let all_ids = Some(made.clone());
    for (org, filter, expected) in [
        (OrgChoice::Unnamed, SecretFilter::default(), &made),
        (OrgChoice::Unnamed, SecretFilter { kinds, ..SecretFilter::default() }, &made),
        (OrgChoice::Unnamed, SecretFilter { ids: all_ids, ..SecretFilter::default() }, &made),
        // One run alone: nothing is merged.
        (OrgChoice::Named("default"), SecretFilter::default(), &ours),
    ] {
        let mut list = test.engine.list_secrets(&both, org, filter).await.unwrap();
        let mut listed = Vec::new();
        loop {
            let batch = list.next().await.unwrap();
            assert!(batch.len() <= 9, "{} rows of 32 KiB at a time", batch.len());
            if batch.is_empty() {
                break;
            }
            listed.extend(batch.into_iter().map(|one| match one {
                ListedSecret::Open(secret) => secret.columns.id,
                ListedSecret::Locked(columns) => columns.id,
            }));
        }
        assert_eq!(&listed, expected);
    }
}
