//! Lists of secrets: ranges of ids.

use std::sync::Arc;

use keyholt_store::{Scope, SecretHead, SecretPage, SecretRange, SecretRow, Store};
use keyholt_types::SecretId;

use crate::fixture::{at, inserted, next, org_scope, project_id, scope, secret, secret_id, updated};

const ALL: SecretRange<'static> = SecretRange { above: None, below: None, kind: None };

/// Adds secrets of these ids, every third of no type, the others of one of two.
async fn fill(store: &Store, scope: Scope, ids: impl IntoIterator<Item = u128>) {
    for id in ids {
        let mut row = secret(scope, id, &format!("secret {id}"));
        row.columns.kind = match id % 3 {
            0 => None,
            1 => Some("one".into()),
            _ => Some("two".into()),
        };
        store.commit(inserted(&row)).await.unwrap();
    }
}

async fn newest_first(store: &Store, range: SecretRange<'_>, limit: u32) -> Vec<SecretId> {
    let rows = store.list_secrets(scope(), range, limit, usize::MAX).await.unwrap().rows;
    rows.into_iter().map(|row| row.columns.id).collect()
}

async fn oldest_first(store: &Store, range: SecretRange<'_>, limit: u32) -> Vec<SecretId> {
    let heads = store.list_secret_heads(scope(), range, limit).await.unwrap();
    heads.into_iter().map(|head| head.id).collect()
}

fn ids(numbers: impl IntoIterator<Item = u128>) -> Vec<SecretId> {
    numbers.into_iter().map(secret_id).collect()
}

fn between(above: u128, below: u128) -> SecretRange<'static> {
    SecretRange { above: Some(secret_id(above)), below: Some(secret_id(below)), kind: None }
}

pub(crate) async fn a_list_is_in_the_order_of_ids(store: Arc<Store>) {
    // Inserted in another order; where bytes and numbers could differ.
    fill(&store, scope(), [300, 1, 1 << 127, 255, 256, u128::from(u64::MAX)]).await;
    let ascending = ids([1, 255, 256, 300, u128::from(u64::MAX), 1 << 127]);
    assert_eq!(oldest_first(&store, ALL, 10).await, ascending);
    assert_eq!(newest_first(&store, ALL, 10).await, ascending.into_iter().rev().collect::<Vec<_>>());
}

pub(crate) async fn both_ends_of_a_range_lie_outside_it(store: Arc<Store>) {
    fill(&store, scope(), 1..=5).await;
    assert_eq!(newest_first(&store, between(2, 5), 10).await, ids([4, 3]));
    assert_eq!(oldest_first(&store, between(2, 5), 10).await, ids([3, 4]));
    for empty in [between(3, 3), between(4, 2), between(3, 4)] {
        assert_eq!(newest_first(&store, empty, 10).await, []);
    }
}

pub(crate) async fn the_lowest_and_the_highest_id_are_listed(store: Arc<Store>) {
    fill(&store, scope(), [0, 7, u128::MAX]).await;
    assert_eq!(newest_first(&store, ALL, 10).await, ids([u128::MAX, 7, 0]));
    assert_eq!(oldest_first(&store, ALL, 10).await, ids([0, 7, u128::MAX]));
    assert_eq!(newest_first(&store, between(0, u128::MAX), 10).await, ids([7]));
}

pub(crate) async fn a_limit_keeps_the_nearest(store: Arc<Store>) {
    fill(&store, scope(), 1..=5).await;
    assert_eq!(newest_first(&store, ALL, 2).await, ids([5, 4]));
    assert_eq!(oldest_first(&store, ALL, 2).await, ids([1, 2]));
    assert_eq!(newest_first(&store, ALL, 0).await, []);
}

pub(crate) async fn a_type_keeps_its_own_only(store: Arc<Store>) {
    fill(&store, scope(), 1..=9).await;
    let range = |kind| SecretRange { above: Some(secret_id(1)), below: Some(secret_id(9)), kind: Some(kind) };
    assert_eq!(newest_first(&store, range("one"), 10).await, ids([7, 4]));
    assert_eq!(oldest_first(&store, range("two"), 2).await, ids([2, 5]));
    for none in ["", "One", "on", "one\0"] {
        assert_eq!(newest_first(&store, range(none), 10).await, [], "{none:?}");
        assert_eq!(oldest_first(&store, range(none), 10).await, [], "{none:?}");
    }
}

pub(crate) async fn those_that_may_name_models_are_listed_apart(store: Arc<Store>) {
    let made = |number: u128| SecretRow {
        names_models: number.is_multiple_of(3),
        ..secret(scope(), number, &format!("secret {number}"))
    };
    for number in 1..=9 {
        store.commit(inserted(&made(number))).await.unwrap();
    }
    let list = async |below: Option<u128>, limit| {
        let page = store.list_secrets_naming_models(scope(), below.map(secret_id), limit, usize::MAX);
        let SecretPage { rows, is_whole } = page.await.unwrap();
        assert!(rows.iter().all(|row| row.names_models));
        (rows.iter().map(|row| row.columns.id).collect::<Vec<_>>(), is_whole)
    };
    assert_eq!(list(None, 10).await, (ids([9, 6, 3]), true));
    assert_eq!(list(None, 2).await, (ids([9, 6]), false));
    assert_eq!(list(Some(6), 2).await, (ids([3]), true));
    let (no_longer, now) = (made(6), made(7));
    store.commit(updated(&SecretRow { names_models: false, ..next(&no_longer) })).await.unwrap();
    store.commit(updated(&SecretRow { names_models: true, ..next(&now) })).await.unwrap();
    assert_eq!(list(None, 10).await, (ids([9, 7, 3]), true));
}

pub(crate) async fn batches_give_every_row_once(store: Arc<Store>) {
    fill(&store, scope(), 1..=25).await;
    let (mut seen, mut below) = (Vec::new(), None);
    loop {
        let batch = newest_first(&store, SecretRange { below, ..ALL }, 4).await;
        let Some(last) = batch.last() else { break };
        below = Some(*last);
        seen.extend(batch);
    }
    assert_eq!(seen, ids((1..=25).rev()));
}

pub(crate) async fn another_collection_is_never_listed(store: Arc<Store>) {
    for other in [org_scope(2).secrets(), org_scope(1).project_secrets(project_id(1))] {
        fill(&store, other, 1..=3).await;
    }
    assert_eq!(newest_first(&store, ALL, 10).await, []);
    assert_eq!(oldest_first(&store, ALL, 10).await, []);
    assert_eq!(store.find_secret(scope(), secret_id(1)).await.unwrap(), None);
    assert_eq!(store.find_secret_named(scope(), "secret 1").await.unwrap(), None);
    assert_eq!(store.find_value(scope(), secret_id(1), 1).await.unwrap(), None);
}

pub(crate) async fn heads_say_what_a_row_says_oldest_first(store: Arc<Store>) {
    fill(&store, scope(), [3, 1, 2]).await;
    let mut row = secret(scope(), 4, "secret 4");
    (row.columns.kind, row.columns.expires_at) = (Some("one".into()), Some(at(7)));
    store.commit(inserted(&row)).await.unwrap();
    fill(&store, org_scope(1).project_secrets(project_id(1)), [5]).await;
    let head = |number, kind: Option<&str>, expires_at| SecretHead {
        id: secret_id(number),
        name: format!("secret {number}").into(),
        kind: kind.map(Into::into),
        expires_at,
    };
    let above = SecretRange { above: Some(secret_id(1)), ..ALL };
    let all = [head(2, Some("two"), None), head(3, None, None), head(4, Some("one"), Some(at(7)))];
    assert_eq!(store.list_secret_heads(scope(), above, 10).await.unwrap(), all);
    let of_kind = SecretRange { kind: Some("one"), ..above };
    assert_eq!(store.list_secret_heads(scope(), of_kind, 10).await.unwrap(), all[2..]);
    assert_eq!(store.list_secret_heads(scope(), above, 2).await.unwrap(), all[..2]);
}
