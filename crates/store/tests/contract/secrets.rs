//! Secrets and their values.

use std::sync::Arc;

use keyholt_store::{Changes, CommitError, Store, Unmet};
use keyholt_types::Timestamp;

use crate::fixture::{
    api_key_id, assert_unmet, at, inserted, next, org_scope, principal_id, project_id, recorded, scope, secret,
    secret_id, updated, value,
};

pub(crate) async fn a_secret_reads_back_as_it_was_written(store: Arc<Store>) {
    let bare = secret(scope(), 1, "bare");
    let mut full = secret(org_scope(1).project_secrets(project_id(1)), 2, "full 🔑");
    full.details = (0..=255).collect();
    full.columns.kind = Some("openai".into());
    full.columns.updated_at = Some(at(5));
    full.columns.updated_by = api_key_id(2);
    full.columns.value_version = 1;
    full.columns.value_hash = vec![0; 32];
    full.columns.value_updated_at = Some(Timestamp::from_micros(i64::MAX));
    full.columns.value_updated_by = Some(principal_id(1));
    full.columns.ttl_seconds = Some(86_400);
    full.columns.expires_at = Some(Timestamp::from_micros(0));
    for row in [&bare, &full] {
        store.commit(inserted(row)).await.unwrap();
    }
    let project = org_scope(1).project_secrets(project_id(1));
    assert_eq!(store.find_secret(scope(), secret_id(1)).await.unwrap(), Some(bare.clone()));
    assert_eq!(store.find_secret_named(scope(), "bare").await.unwrap(), Some(bare));
    assert_eq!(store.find_secret(project, secret_id(2)).await.unwrap(), Some(full.clone()));
    assert_eq!(store.find_secret_named(project, "full 🔑").await.unwrap(), Some(full));
    assert_eq!(store.find_secret(scope(), secret_id(3)).await.unwrap(), None);
}

pub(crate) async fn a_taken_name_is_refused_and_nothing_of_the_change_stays(store: Arc<Store>) {
    let first = secret(scope(), 1, "a");
    store.commit(inserted(&first)).await.unwrap();
    let (other, second) = (secret(scope(), 3, "b"), secret(scope(), 2, "a"));
    let change = Changes::new().insert_secret(scope(), &other).insert_secret(scope(), &second);
    assert_unmet(store.commit(recorded("a", change)).await, Unmet::Taken);
    assert_eq!(store.find_secret_named(scope(), "a").await.unwrap(), Some(first));
    assert_eq!(store.find_secret_named(scope(), "b").await.unwrap(), None);
}

pub(crate) async fn a_taken_id_is_refused(store: Arc<Store>) {
    store.commit(inserted(&secret(scope(), 1, "a"))).await.unwrap();
    assert_unmet(store.commit(inserted(&secret(scope(), 1, "b"))).await, Unmet::Taken);
}

pub(crate) async fn names_and_ids_are_taken_in_their_collection_only(store: Arc<Store>) {
    let project = |org, number| org_scope(org).project_secrets(project_id(number));
    for scope in [scope(), org_scope(2).secrets(), project(1, 1), project(1, 2), project(2, 1)] {
        store.commit(inserted(&secret(scope, 1, "a"))).await.unwrap();
        assert_unmet(store.commit(inserted(&secret(scope, 2, "a"))).await, Unmet::Taken);
    }
}

pub(crate) async fn names_are_compared_byte_by_byte(store: Arc<Store>) {
    let names = ["a", "A", "a ", "é", "e\u{301}", "%", "_"];
    for (id, name) in (1..).zip(names) {
        store.commit(inserted(&secret(scope(), id, name))).await.unwrap();
    }
    for (id, name) in (1..).zip(names) {
        let found = store.find_secret_named(scope(), name).await.unwrap().unwrap();
        assert_eq!(found.columns.id, secret_id(id), "{name:?}");
    }
}

pub(crate) async fn a_name_with_a_nul_is_nobodys(store: Arc<Store>) {
    store.commit(inserted(&secret(scope(), 1, "a"))).await.unwrap();
    for name in ["\0", "a\0", "a\0b"] {
        assert_eq!(store.find_secret_named(scope(), name).await.unwrap(), None);
        assert_eq!(store.find_org_named(name).await.unwrap(), None);
        assert_eq!(store.find_project_named(org_scope(1), name).await.unwrap(), None);
    }
}

pub(crate) async fn an_update_needs_the_version_before(store: Arc<Store>) {
    let first = secret(scope(), 1, "a");
    store.commit(inserted(&first)).await.unwrap();
    let mut second = next(&first);
    second.columns.kind = Some("openai".into());
    second.details = vec![9; 5];
    store.commit(updated(&second)).await.unwrap();
    assert_eq!(store.find_secret(scope(), secret_id(1)).await.unwrap(), Some(second.clone()));
    assert_unmet(store.commit(updated(&second)).await, Unmet::Stale);
    assert_unmet(store.commit(updated(&next(&next(&second)))).await, Unmet::Stale);
    assert_eq!(store.find_secret(scope(), secret_id(1)).await.unwrap(), Some(second));
}

pub(crate) async fn an_update_of_what_is_gone_is_stale(store: Arc<Store>) {
    assert_unmet(store.commit(updated(&next(&secret(scope(), 1, "a")))).await, Unmet::Stale);
}

pub(crate) async fn a_rename_onto_a_taken_name_is_refused(store: Arc<Store>) {
    let (a, b) = (secret(scope(), 1, "a"), secret(scope(), 2, "b"));
    store.commit(inserted(&a).and(inserted(&b))).await.unwrap();
    let mut renamed = next(&b);
    renamed.columns.name = "a".into();
    assert_unmet(store.commit(updated(&renamed)).await, Unmet::Taken);
    assert_eq!(store.find_secret(scope(), secret_id(2)).await.unwrap(), Some(b));
    assert_eq!(store.find_secret_named(scope(), "a").await.unwrap(), Some(a));
}

pub(crate) async fn a_name_that_was_renamed_away_or_deleted_is_free(store: Arc<Store>) {
    let first = secret(scope(), 1, "a");
    store.commit(inserted(&first)).await.unwrap();
    let mut renamed = next(&first);
    renamed.columns.name = "b".into();
    store.commit(updated(&renamed)).await.unwrap();
    store.commit(inserted(&secret(scope(), 2, "a"))).await.unwrap();
    let deletion = Changes::new().delete_secret(scope(), secret_id(1), 2);
    store.commit(recorded("b", deletion)).await.unwrap();
    store.commit(inserted(&secret(scope(), 3, "b"))).await.unwrap();
}

pub(crate) async fn a_deletion_needs_the_version_and_takes_all_values_along(store: Arc<Store>) {
    let (one, other) = (secret(scope(), 1, "a"), secret(scope(), 2, "b"));
    for row in [&one, &other] {
        let id = row.columns.id;
        let change = Changes::new()
            .insert_secret(scope(), row)
            .insert_value(scope(), id, &value(1))
            .insert_value(scope(), id, &value(2));
        store.commit(recorded("made", change)).await.unwrap();
    }
    let deletion = |version| recorded("gone", Changes::new().delete_secret(scope(), secret_id(1), version));
    assert_unmet(store.commit(deletion(2)).await, Unmet::Stale);
    assert_eq!(store.find_value(scope(), secret_id(1), 2).await.unwrap(), Some(value(2)));
    store.commit(deletion(1)).await.unwrap();
    assert_unmet(store.commit(deletion(1)).await, Unmet::Stale);
    for version in [1, 2] {
        assert_eq!(store.find_value(scope(), secret_id(1), version).await.unwrap(), None);
        assert_eq!(store.find_value(scope(), secret_id(2), version).await.unwrap(), Some(value(version)));
    }
}

pub(crate) async fn values_below_a_version_are_erased(store: Arc<Store>) {
    let mut change = Changes::new().insert_secret(scope(), &secret(scope(), 1, "a"));
    for version in 1..=4 {
        change = change.insert_value(scope(), secret_id(1), &value(version));
    }
    change = change.delete_values_below(scope(), secret_id(1), 3);
    store.commit(recorded("a", change)).await.unwrap();
    for (version, is_kept) in [(1, false), (2, false), (3, true), (4, true)] {
        let found = store.find_value(scope(), secret_id(1), version).await.unwrap();
        assert_eq!(found.is_some(), is_kept, "{version}");
    }
}

pub(crate) async fn a_value_version_is_written_once(store: Arc<Store>) {
    let made = Changes::new().insert_secret(scope(), &secret(scope(), 1, "a")).insert_value(
        scope(),
        secret_id(1),
        &value(1),
    );
    store.commit(recorded("a", made)).await.unwrap();
    let mut other = value(1);
    other.value.sealed = vec![9; 9];
    let again = Changes::new().insert_value(scope(), secret_id(1), &other);
    assert_unmet(store.commit(recorded("a", again)).await, Unmet::Stale);
    assert_eq!(store.find_value(scope(), secret_id(1), 1).await.unwrap(), Some(value(1)));
}

pub(crate) async fn a_value_without_its_secret_is_refused(store: Arc<Store>) {
    let orphan = Changes::new().insert_value(scope(), secret_id(1), &value(1));
    let refused = store.commit(recorded("a", orphan)).await;
    assert!(matches!(refused, Err(CommitError::Fault(_))), "{refused:?}");
    assert_eq!(store.find_value(scope(), secret_id(1), 1).await.unwrap(), None);
}

pub(crate) async fn expired_secrets_are_those_at_or_before_the_moment(store: Arc<Store>) {
    let project = org_scope(2).project_secrets(project_id(1));
    for (id, scope, expires_at) in [
        (1, scope(), None),
        (2, scope(), Some(at(30))),
        (3, project, Some(at(10))),
        (4, project, Some(at(20))),
        (5, scope(), Some(at(21))),
    ] {
        let mut row = secret(scope, id, &format!("secret {id}"));
        row.columns.expires_at = expires_at;
        store.commit(inserted(&row)).await.unwrap();
    }
    let expired = async |limit| {
        let rows = store.list_expired_secrets(at(20), limit).await.unwrap();
        rows.into_iter().map(|row| row.columns.id).collect::<Vec<_>>()
    };
    assert_eq!(expired(10).await, [secret_id(3), secret_id(4)]);
    assert_eq!(expired(1).await, [secret_id(3)]);
}

pub(crate) async fn collections_are_those_that_hold_secrets(store: Arc<Store>) {
    let project = org_scope(1).project_secrets(project_id(1));
    let elsewhere = org_scope(2).project_secrets(project_id(2));
    for (id, scope) in (1..).zip([scope(), scope(), project, elsewhere]) {
        store.commit(inserted(&secret(scope, id, &format!("secret {id}")))).await.unwrap();
    }
    let mut found = store.list_collections(org_scope(1)).await.unwrap();
    found.sort_by_key(|scope| *scope.collection().id_bytes());
    assert_eq!(found, [scope(), project]);
}
