//! What several servers, lost answers and settings that change do to a node.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyholt_store::{Changes, UsageRow, Uses};
use keyholt_testkit::postgres::{Cluster, TestDatabase};
use keyholt_testkit::{Deadline, Relay, Stopwatch};
use tokio::task::JoinSet;

use super::{node, until};
use crate::audit::{assert_follow, records};
use crate::fixture::{
    api_key_id, at, commit, inserted, make_orgs, on_new_postgres, org, org_id, org_scope, recorded, run, scope,
    secret, secret_id,
};

/// The connection that asks for the epoch holds an advisory lock.
const END_KEEPER: &str = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'";

/// A URL with another host and port.
fn led_over(url: &str, address: impl std::fmt::Display) -> String {
    let (before, rest) = url.rsplit_once('@').unwrap();
    let (_, after) = rest.split_once('/').unwrap();
    format!("{before}@{address}/{after}")
}

/// Where a URL leads.
fn address_of(url: &str) -> std::net::SocketAddr {
    url.rsplit_once('@').unwrap().1.split('/').next().unwrap().parse().unwrap()
}

/// Both servers answer, and both say that they take changes: nobody has told the former primary yet.
#[test]
fn what_is_read_in_a_view_of_a_new_primary_is_never_read_from_the_former_one() {
    let pair = Cluster::pair().unwrap();
    let relay = Relay::start(pair.primary.address()).unwrap();
    run(async {
        let one = Arc::new(node(&led_over(&pair.primary.url("postgres"), relay.address()), 1).await);
        make_orgs(&one).await;
        let before = one.view().epoch;
        pair.standby.promote().unwrap();
        pair.standby.set("synchronous_standby_names", "").unwrap();
        let other = node(&pair.standby.url("postgres"), 2).await;
        let renamed = Changes::new().rename_org(&org(1, "org 1"), "renamed");
        other.commit(recorded("rename", renamed).ends_views()).await.unwrap();
        // Far away, so that much is read meanwhile.
        relay.lead_to(pair.standby.address(), Duration::from_millis(20));
        let is_over = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let (one, is_over) = (Arc::clone(&one), Arc::clone(&is_over));
            tasks.spawn(async move {
                let mut reads = 0_u64;
                while !is_over.load(Ordering::SeqCst) {
                    let view = one.view();
                    let Ok(Some(row)) = one.find_org(org_id(1)).await else { continue };
                    let is_new = view.is_recent && view.epoch != before;
                    assert!(!is_new || &*row.name == "renamed", "what was before is read in a newer view");
                    reads += u64::from(is_new);
                }
                reads
            });
        }
        pair.primary.sql("postgres", END_KEEPER).unwrap();
        until("the view is of the new primary", async || one.view().is_recent && one.view().epoch != before)
            .await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        is_over.store(true, Ordering::SeqCst);
        assert!(tasks.join_all().await.into_iter().all(|reads| reads > 0));
    });
}

/// An asynchronous standby takes over and lacks a change: afterwards as many were made as the node has seen already.
#[test]
fn a_view_from_before_a_failover_never_counts_again() {
    let mut primary = Cluster::start().unwrap();
    let standby = Cluster::standby_of(&primary).unwrap();
    let addresses = format!("{},{}", primary.address(), standby.address());
    run(async {
        let store = node(&led_over(&primary.url("postgres"), addresses), 1).await;
        make_orgs(&store).await;
        let has_orgs = "SELECT count(*) FROM orgs";
        until("the standby has it", async || {
            standby.sql("postgres", has_orgs).is_ok_and(|count| count.trim() == "3")
        })
        .await;
        standby.set("primary_conninfo", "").unwrap();
        until("the standby follows no more", async || {
            primary.sql("postgres", "SELECT count(*) FROM pg_stat_replication").unwrap().trim() == "0"
        })
        .await;
        let before = store.view().epoch;
        store.commit(recorded("lost", Changes::new()).ends_views()).await.unwrap();
        until("the epoch is another", async || store.view().epoch != before).await;
        let of_the_lost = store.view().epoch;
        primary.kill().unwrap();
        until("the node knows nothing", async || !store.view().is_recent).await;
        standby.promote().unwrap();
        until("the node knows again", async || store.view().is_recent).await;
        store.commit(recorded("revocation", Changes::new()).ends_views()).await.unwrap();
        let deadline = Deadline::after(Duration::from_secs(1));
        while !deadline.has_passed() {
            let view = store.view();
            assert!(!view.is_recent || view.epoch != of_the_lost, "what was read before the failover counts");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert_eq!(standby.sql("postgres", "SELECT sum(epoch) FROM epochs").unwrap().trim(), "1");
}

#[test]
fn acknowledged_changes_stay_when_the_server_is_told_meanwhile_not_to_wait_for_its_disk() {
    let mut cluster = Cluster::start_with(&[("wal_writer_delay", "10000")]).unwrap();
    run(async {
        let store = node(&cluster.url("postgres"), 1).await;
        make_orgs(&store).await;
        cluster.set("synchronous_commit", "off").unwrap();
        let is_off = "SHOW synchronous_commit";
        until("it is off", async || cluster.sql("postgres", is_off).unwrap().trim() == "off").await;
        for id in 1..=40 {
            store.commit(inserted(&secret(scope(), id, &id.to_string()))).await.unwrap();
        }
        cluster.kill().unwrap();
    });
    cluster.restart().unwrap();
    assert_eq!(cluster.sql("postgres", "SELECT count(*) FROM secrets").unwrap().trim(), "40");
}

/// The server goes on with a transaction whose node is gone, until it notices.
#[test]
fn a_change_whose_connection_is_lost_does_not_stand_in_the_way_of_its_second_attempt() {
    let database = TestDatabase::database().unwrap();
    let relay = Relay::start(address_of(database.url())).unwrap();
    run(async {
        let store = node(&led_over(database.url(), relay.address()), 1).await;
        make_orgs(&store).await;
        // Every connection has begun its chain and knows the statement.
        for _ in 0..12 {
            commit(&store, Changes::new()).await.unwrap();
        }
        let before = records(&store).await.len();
        relay.lose_next_answers();
        let waited = Stopwatch::start();
        commit(&store, Changes::new()).await.unwrap();
        assert!(waited.elapsed() < Duration::from_secs(2), "{:?}", waited.elapsed());
        let all = records(&store).await;
        assert_eq!(all.len(), before + 1);
        assert_follow(&all);
    });
}

/// Many reads over one connection may each take their time: it is not lost because of that.
#[test]
fn a_connection_that_answers_is_not_broken_off_because_a_read_waited_too_long() {
    let database = TestDatabase::database().unwrap();
    run(async {
        let store = Arc::new(node(database.url(), 1).await);
        make_orgs(&store).await;
        assert!(store.find_org(org_id(1)).await.unwrap().is_some());
        let pids = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()
            AND pid <> pg_backend_pid() ORDER BY pid";
        let before = database.sql(pids).unwrap();
        // Each read gives up after 2 s; the third one has waited for 5 s by then.
        let lock = "BEGIN; LOCK TABLE orgs IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(7); ROLLBACK";
        std::thread::scope(|threads| {
            let locked = threads.spawn(|| database.sql(lock));
            let held = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                WHERE c.relname = 'orgs' AND l.mode = 'AccessExclusiveLock' AND l.granted";
            tokio::task::block_in_place(|| {
                while database.sql(held).unwrap().trim() != "1" {
                    std::thread::yield_now();
                }
            });
            let reading = async {
                let reads = (0..4).map(|_| store.find_org(org_id(1)));
                futures_util::future::join_all(reads).await
            };
            let answers = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(reading));
            assert!(answers.iter().all(Result::is_err), "{answers:?}");
            locked.join().unwrap().unwrap();
        });
        assert!(store.find_org(org_id(1)).await.unwrap().is_some());
        assert_eq!(database.sql(pids).unwrap(), before);
    });
}

/// What a provider says of its tokens is any number; one of them must not stop what others used from being counted.
#[test]
fn totals_that_are_as_large_as_can_be_stay_so() {
    on_new_postgres(async |store| {
        make_orgs(&store).await;
        let row = |key: u128, tokens: i64, seconds: i64, status: i64| UsageRow {
            org: org_id(1),
            secret: secret_id(1),
            api_key: api_key_id(key),
            requests: 1,
            failed: 0,
            bytes_up: 1,
            bytes_down: 1,
            input_tokens: tokens,
            output_tokens: tokens,
            last_status: status,
            last_used_at: at(seconds),
        };
        store.note_uses(Uses::new().spent(&row(1, i64::MAX, 5, 200))).await.unwrap();
        // Another node is a moment late.
        store.note_uses(Uses::new().spent(&row(1, 7, 3, 500)).spent(&row(2, 7, 3, 200))).await.unwrap();
        let totals = store.list_usage(org_scope(1), None, None, 10).await.unwrap();
        assert_eq!(
            totals,
            [
                UsageRow { requests: 2, bytes_up: 2, bytes_down: 2, ..row(1, i64::MAX, 5, 200) },
                row(2, 7, 3, 200)
            ]
        );
    });
}
