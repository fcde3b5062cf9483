//! Opening.

use std::sync::Arc;

use keyholt_store::{Changes, CommitError, OpenError, PostgresOptions, PostgresUrl, Store};
use keyholt_testkit::postgres::{Cluster, TestDatabase};
use tokio::task::JoinSet;

use super::{connect, node};
use crate::fixture::{commit, make_orgs, org, run};

#[test]
fn many_nodes_may_bring_one_schema_up_to_date_at_once() {
    let database = TestDatabase::schema().unwrap();
    run(async {
        let url: Arc<str> = database.url().into();
        let mut nodes = JoinSet::new();
        for _ in 0..8 {
            let url = Arc::clone(&url);
            nodes.spawn(async move { connect(&url).await.map(drop) });
        }
        for opened in nodes.join_all().await {
            opened.unwrap();
        }
    });
    assert_eq!(database.sql("SELECT count(*) = max(version) FROM schema_migrations").unwrap().trim(), "t");
}

#[test]
fn a_later_schema_is_refused_and_stays_as_it_is() {
    let database = TestDatabase::schema().unwrap();
    run(async {
        drop(connect(database.url()).await.unwrap());
        database.sql("INSERT INTO schema_migrations (version) VALUES (9000)").unwrap();
        let refused = connect(database.url()).await.err();
        assert!(matches!(refused, Some(OpenError::SchemaNewer { found: 9000, .. })), "{refused:?}");
    });
    assert_eq!(database.sql("SELECT max(version) FROM schema_migrations").unwrap().trim(), "9000");
}

#[test]
fn a_server_that_loses_what_it_acknowledged_is_refused() {
    let cluster = Cluster::start_with(&[("fsync", "off")]).unwrap();
    let refused = run(connect(&cluster.url("postgres"))).err();
    assert!(refused.is_some_and(|refused| refused.to_string().contains("fsync")));
}

#[test]
fn nothing_is_committed_where_it_is_opened_for_reading() {
    let database = TestDatabase::schema().unwrap();
    run(async {
        make_orgs(&node(database.url(), 1).await).await;
        let url = PostgresUrl::parse(database.url()).unwrap();
        let options = PostgresOptions { url, connections: 4, for_reading: true };
        let reader = Store::connect(&options).await.unwrap();
        assert_eq!(reader.find_org_named("org 1").await.unwrap(), Some(org(1, "org 1")));
        let refused = commit(&reader, Changes::new()).await;
        assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{refused:?}");
    });
}
