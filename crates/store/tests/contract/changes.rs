//! What a commit promises.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use keyholt_store::{Changes, CommitError, Store, Unmet};

use crate::fixture::{assert_unmet, inserted, next, recorded, scope, secret, secret_id, updated};

pub(crate) async fn joined_changes_are_committed_together_or_not_at_all(store: Arc<Store>) {
    let (a, b) = (secret(scope(), 1, "a"), secret(scope(), 2, "b"));
    let stale = updated(&next(&secret(scope(), 3, "c")));
    assert_unmet(store.commit(inserted(&a).and(inserted(&b)).and(stale)).await, Unmet::Stale);
    let stale = updated(&next(&secret(scope(), 3, "c")));
    assert_unmet(store.commit(stale.and(inserted(&a))).await, Unmet::Stale);
    for name in ["a", "b", "c"] {
        assert_eq!(store.find_secret_named(scope(), name).await.unwrap(), None);
    }
    assert_eq!(store.list_audit_records(None, 10).await.unwrap(), []);
    store.commit(inserted(&a).and(inserted(&b))).await.unwrap();
    assert_eq!(store.find_secret_named(scope(), "b").await.unwrap(), Some(b));
    assert_eq!(store.list_audit_records(None, 10).await.unwrap().len(), 2);
}

pub(crate) async fn a_joined_change_may_follow_from_the_one_before(store: Arc<Store>) {
    let old = secret(scope(), 1, "a");
    store.commit(inserted(&old)).await.unwrap();
    let deletion = || recorded("old", Changes::new().delete_secret(scope(), secret_id(1), 1));
    let new = secret(scope(), 2, "a");
    assert_unmet(store.commit(inserted(&new).and(deletion())).await, Unmet::Taken);
    store.commit(inserted(&new).after(Some(deletion()))).await.unwrap();
    assert_eq!(store.find_secret_named(scope(), "a").await.unwrap(), Some(new));
}

pub(crate) async fn nothing_is_committed_before_the_chain_begins(_: Arc<Store>) {
    let store = Store::open_in_memory().unwrap();
    let refused = store.commit(inserted(&secret(scope(), 1, "a"))).await;
    assert!(matches!(refused, Err(CommitError::Fault(_))), "{refused:?}");
    assert_eq!(store.find_secret_named(scope(), "a").await.unwrap(), None);
    store.begin_chain(crate::fixture::chain(1));
    store.commit(inserted(&secret(scope(), 1, "a"))).await.unwrap();
}

pub(crate) async fn a_change_goes_on_when_nobody_waits_for_it(store: Arc<Store>) {
    {
        let mut abandoned = std::pin::pin!(store.commit(inserted(&secret(scope(), 1, "a"))));
        // Asked once and then dropped, as when a client hangs up.
        let _ = abandoned.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    while store.find_secret_named(scope(), "a").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn what_follows_a_commit_is_done_before_it_is_acknowledged_and_only_then(store: Arc<Store>) {
    let done = Arc::new(AtomicUsize::new(0));
    let counted = || {
        let done = Arc::clone(&done);
        move || {
            done.fetch_add(1, Ordering::SeqCst);
        }
    };
    let both = inserted(&secret(scope(), 1, "a")).afterwards(counted());
    let both = both.and(inserted(&secret(scope(), 2, "b")).afterwards(counted()));
    store.commit(both).await.unwrap();
    assert_eq!(done.load(Ordering::SeqCst), 2);
    let taken = inserted(&secret(scope(), 3, "a")).afterwards(counted());
    assert_unmet(store.commit(taken).await, Unmet::Taken);
    assert_eq!(done.load(Ordering::SeqCst), 2);
}

pub(crate) async fn an_emptied_log_loses_nothing(store: Arc<Store>) {
    let rows: Vec<_> = (1..=20).map(|id| secret(scope(), id, &format!("secret {id}"))).collect();
    for row in &rows {
        store.commit(inserted(row)).await.unwrap();
    }
    store.checkpoint().await.unwrap();
    for row in &rows {
        assert_eq!(store.find_secret(scope(), row.columns.id).await.unwrap().as_ref(), Some(row));
    }
    store.commit(inserted(&secret(scope(), 21, "afterwards"))).await.unwrap();
}

pub(crate) async fn a_sound_database_passes_its_check(store: Arc<Store>) {
    store.commit(inserted(&secret(scope(), 1, "a"))).await.unwrap();
    assert_eq!(store.check_integrity().await.unwrap(), Vec::<String>::new());
}
