//! What happens at once.

use std::sync::Arc;

use keyholt_store::{Audited, Changes, CommitError, SecretRange, Store, Unmet};
use tokio::task::JoinSet;

use crate::audit::{assert_follow, records};
use crate::fixture::{inserted, next, recorded, scope, secret, secret_id, updated, value};

/// Commits all of these at once, and tells how each ended, in their order.
async fn commit_at_once(store: &Arc<Store>, changes: Vec<Audited>) -> Vec<Result<(), CommitError>> {
    let mut tasks = JoinSet::new();
    for (place, change) in changes.into_iter().enumerate() {
        let store = Arc::clone(store);
        tasks.spawn(async move { (place, store.commit(change).await) });
    }
    let mut ended = tasks.join_all().await;
    ended.sort_by_key(|(place, _)| *place);
    ended.into_iter().map(|(_, result)| result).collect()
}

/// That one of them succeeded and the others were refused so; which one.
#[track_caller]
fn assert_one(results: &[Result<(), CommitError>], refusals: &[Unmet]) -> usize {
    let winners: Vec<usize> = (0..results.len()).filter(|place| results[*place].is_ok()).collect();
    assert_eq!(winners.len(), 1, "{results:?}");
    for result in results {
        match result {
            Ok(()) => {}
            Err(CommitError::Unmet(unmet)) => assert!(refusals.contains(unmet), "{unmet:?}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    winners[0]
}

pub(crate) async fn many_commits_at_once_are_all_there_in_one_chain(store: Arc<Store>) {
    let rows: Vec<_> = (1..=1000).map(|id| secret(scope(), id, &format!("secret {id}"))).collect();
    let results = commit_at_once(&store, rows.iter().map(inserted).collect()).await;
    assert!(results.iter().all(Result::is_ok));
    let all = SecretRange { above: None, below: None, kind: None };
    let stored = store.list_secrets(scope(), all, 10_000, usize::MAX).await.unwrap().rows;
    assert!(stored.iter().eq(rows.iter().rev()));
    let records = records(&store).await;
    assert_eq!(records.len(), 1000);
    assert_follow(&records);
}

pub(crate) async fn of_two_creators_of_a_name_one_succeeds(store: Arc<Store>) {
    for round in 0..50_u128 {
        let name = format!("secret {round}");
        let rows: Vec<_> = (0..4).map(|creator| secret(scope(), round * 4 + creator, &name)).collect();
        let results = commit_at_once(&store, rows.iter().map(inserted).collect()).await;
        let winner = assert_one(&results, &[Unmet::Taken]);
        assert_eq!(store.find_secret_named(scope(), &name).await.unwrap().as_ref(), Some(&rows[winner]));
    }
    assert_follow(&records(&store).await);
}

pub(crate) async fn of_two_changers_of_a_version_one_succeeds(store: Arc<Store>) {
    let mut row = secret(scope(), 1, "a");
    store.commit(inserted(&row)).await.unwrap();
    for round in 0..50_u8 {
        let versions: Vec<_> = (0..4)
            .map(|changer| {
                let mut changed = next(&row);
                changed.details = vec![round, changer];
                changed
            })
            .collect();
        let results = commit_at_once(&store, versions.iter().map(updated).collect()).await;
        row = versions[assert_one(&results, &[Unmet::Stale])].clone();
        assert_eq!(store.find_secret(scope(), secret_id(1)).await.unwrap().as_ref(), Some(&row));
    }
}

pub(crate) async fn of_a_deletion_and_a_change_one_succeeds(store: Arc<Store>) {
    for round in 1..=50 {
        let row = secret(scope(), round, "a");
        store.commit(inserted(&row)).await.unwrap();
        let deletion =
            |version| recorded("deletion", Changes::new().delete_secret(scope(), secret_id(round), version));
        let changed = next(&row);
        let with_value =
            Changes::new().update_secret(scope(), &changed).insert_value(scope(), secret_id(round), &value(1));
        let results = commit_at_once(&store, vec![deletion(1), recorded("change", with_value)]).await;
        let is_changed = assert_one(&results, &[Unmet::Stale]) == 1;
        let found = store.find_secret(scope(), secret_id(round)).await.unwrap();
        assert_eq!(found, is_changed.then_some(changed));
        assert_eq!(store.find_value(scope(), secret_id(round), 1).await.unwrap().is_some(), is_changed);
        if is_changed {
            store.commit(deletion(2)).await.unwrap();
        }
    }
}

pub(crate) async fn refused_changes_do_not_disturb_their_neighbours(store: Arc<Store>) {
    let changes = (1..=600).map(|id| match id % 3 {
        // Refused at its second half, after its first half was carried out.
        0 => inserted(&secret(scope(), 10_000 + id, &format!("lost {id}"))).and(updated(&next(&secret(
            scope(),
            20_000 + id,
            "missing",
        )))),
        // Refused by the database itself.
        1 => recorded("orphan", Changes::new().insert_value(scope(), secret_id(30_000 + id), &value(1))),
        _ => inserted(&secret(scope(), id, &format!("kept {id}"))),
    });
    let results = commit_at_once(&store, changes.collect()).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 200);
    let all = SecretRange { above: None, below: None, kind: None };
    let stored = store.list_secrets(scope(), all, 10_000, usize::MAX).await.unwrap().rows;
    assert_eq!(stored.len(), 200);
    assert!(stored.iter().all(|row| row.columns.name.starts_with("kept")));
    let records = records(&store).await;
    assert_eq!(records.len(), 200);
    assert_follow(&records);
}

pub(crate) async fn readers_see_changes_whole(store: Arc<Store>) {
    const LAST: i64 = 200;
    let details = |version: i64| version.to_be_bytes().repeat(100);
    let mut row = secret(scope(), 1, "a");
    row.details = details(1);
    store.commit(inserted(&row)).await.unwrap();
    let reader = Arc::clone(&store);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut version = 0;
        while version < LAST {
            let row = reader.find_secret(scope(), secret_id(1)).await.unwrap().unwrap();
            assert!(row.columns.version >= version, "a reader went back in time");
            version = row.columns.version;
            assert_eq!(row.details, details(version));
            tokio::task::yield_now().await;
        }
    });
    while row.columns.version < LAST {
        row = next(&row);
        row.details = details(row.columns.version);
        store.commit(updated(&row)).await.unwrap();
    }
    tasks.join_all().await;
}
