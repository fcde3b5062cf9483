//! Several nodes.

use std::time::Duration;

use keyholt_store::{Changes, Durability};
use keyholt_testkit::postgres::{Cluster, TestDatabase};
use keyholt_testkit::{Deadline, Stopwatch};

use super::{node, until};
use crate::fixture::{commit, inserted, make_orgs, recorded, run, scope, secret, secret_id};

#[test]
fn what_one_node_commits_every_other_one_reads() {
    let database = TestDatabase::schema().unwrap();
    run(async {
        let (one, other) = (node(database.url(), 1).await, node(database.url(), 2).await);
        make_orgs(&one).await;
        for id in 1..=50 {
            let row = secret(scope(), id, &id.to_string());
            one.commit(inserted(&row)).await.unwrap();
            assert_eq!(other.find_secret(scope(), secret_id(id)).await.unwrap(), Some(row));
        }
    });
}

#[test]
fn a_change_of_who_may_do_what_ends_every_nodes_view_and_no_other_change_does() {
    let database = TestDatabase::schema().unwrap();
    run(async {
        let (one, other) = (node(database.url(), 1).await, node(database.url(), 2).await);
        let before = other.view();
        assert!(before.is_recent);
        let waited = Stopwatch::start();
        one.commit(recorded("change", Changes::new()).ends_views()).await.unwrap();
        until("the epoch is another", async || other.view().epoch != before.epoch).await;
        // Told, and not only found at the next look.
        assert!(waited.elapsed() < Duration::from_secs(1), "{:?}", waited.elapsed());
        assert_eq!(other.view().epoch, before.epoch + 1);
        for _ in 0..20 {
            commit(&one, Changes::new()).await.unwrap();
        }
    });
    assert_eq!(database.sql("SELECT sum(epoch) FROM epochs").unwrap().trim(), "1");
}

#[test]
fn one_node_leads_and_when_it_goes_another_one_does() {
    let database = TestDatabase::database().unwrap();
    run(async {
        let (one, other) = (node(database.url(), 1).await, node(database.url(), 2).await);
        until("one leads", async || one.leads()).await;
        let deadline = Deadline::after(Duration::from_millis(700));
        while !deadline.has_passed() {
            assert!(one.leads() && !other.leads());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(one);
        until("the other leads", async || other.leads()).await;
    });
}

#[test]
fn a_node_that_cannot_ask_goes_by_nothing_that_it_knew() {
    let cluster = Cluster::start().unwrap();
    run(async {
        let store = node(&cluster.url("postgres"), 1).await;
        assert!(store.view().is_recent);
        cluster.freeze().unwrap();
        let frozen = Stopwatch::start();
        until("its view is old", async || !store.view().is_recent).await;
        assert!(frozen.elapsed() < Duration::from_millis(1100), "{:?}", frozen.elapsed());
        cluster.thaw().unwrap();
        until("its view is recent again", async || store.view().is_recent).await;
    });
}

#[test]
fn a_server_that_waits_for_a_standby_is_known_as_such_and_only_while_it_does() {
    let cluster = Cluster::start().unwrap();
    run(async {
        let store = node(&cluster.url("postgres"), 1).await;
        assert_eq!(store.durability(), Durability::LocalOnly);
        cluster.set("synchronous_standby_names", "somewhere").unwrap();
        until("replicated", async || store.durability() == Durability::Replicated).await;
        cluster.set("synchronous_standby_names", "").unwrap();
        until("local only", async || store.durability() == Durability::LocalOnly).await;
    });
}
