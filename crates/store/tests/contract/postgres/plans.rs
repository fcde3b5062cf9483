//! What PostgreSQL reads for what is asked, before it has statistics: each answer by the index that is made for it.

use keyholt_store::{Changes, SecretRow, Store};
use keyholt_testkit::postgres::Cluster;

use super::{node, until};
use crate::fixture::{
    commit, make_orgs, next, org_scope, project, project_id, run, scope, secret, secret_id, updated, value,
};

/// How many secrets, and how many projects, there are in the organisation.
const ROWS: u128 = 300;

#[test]
fn an_index_reads_what_is_asked_for_and_no_more_before_there_are_statistics() {
    let cluster = Cluster::start_with(&[("autovacuum", "off")]).unwrap();
    run(async {
        let store = node(&cluster.url("postgres"), 1).await;
        make_orgs(&store).await;
        // The first plans are made while the tables are empty, and kept.
        for place in 1..=ROWS {
            // Few name models.
            let names_models = place.is_multiple_of(50);
            let row = SecretRow { names_models, ..secret(scope(), place, &place.to_string()) };
            let made = Changes::new()
                .insert_secret(scope(), &row)
                .insert_value(scope(), row.columns.id, &value(1))
                .insert_project(&project(1, 100 + place, &place.to_string()));
            commit(&store, made).await.unwrap();
            find_all_ways(&store, place).await;
            let naming = store.list_secrets_naming_models(scope(), None, 1, usize::MAX).await.unwrap();
            assert_eq!(naming.rows.len() as u128, (place / 50).min(1));
            store.commit(updated(&next(&row))).await.unwrap();
        }
    });
    run(async {
        // What a session has read is counted once it has ended.
        let others = "SELECT count(*) FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        until("all others have ended", async || cluster.sql("postgres", others).unwrap().trim() == "0").await;
    });
    let wasteful = "SELECT indexrelname, idx_scan, idx_tup_read FROM pg_stat_user_indexes
        WHERE relname IN ('secrets', 'secret_values', 'projects') AND idx_tup_read > 2 * idx_scan + 100";
    assert_eq!(cluster.sql("postgres", wasteful).unwrap().trim(), "");
    let asked = "SELECT sum(idx_scan) > 1000 FROM pg_stat_user_indexes WHERE relname = 'secrets'";
    assert_eq!(cluster.sql("postgres", asked).unwrap().trim(), "t", "nothing was counted");
}

async fn find_all_ways(store: &Store, place: u128) {
    assert!(store.find_secret(scope(), secret_id(place)).await.unwrap().is_some());
    assert!(store.find_secret_named(scope(), &place.to_string()).await.unwrap().is_some());
    assert!(store.find_value(scope(), secret_id(place), 1).await.unwrap().is_some());
    assert!(store.find_project(org_scope(1), project_id(100 + place)).await.unwrap().is_some());
    assert!(store.find_project_named(org_scope(1), &place.to_string()).await.unwrap().is_some());
}
