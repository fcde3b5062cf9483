//! Commits that are disturbed.

use std::sync::Arc;

use keyholt_store::{Changes, CommitError};
use keyholt_testkit::postgres::{Cluster, TestDatabase};
use tokio::task::JoinSet;

use super::{node, until};
use crate::audit::{assert_follow, records};
use crate::fixture::{commit, inserted, make_orgs, recorded, run, scope, secret, secret_id};

/// Ends every other connection to the database.
const END_ALL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[test]
fn what_is_acknowledged_stays_while_connections_are_ended_again_and_again() {
    let database = TestDatabase::database().unwrap();
    run(async {
        let store = Arc::new(node(database.url(), 1).await);
        make_orgs(&store).await;
        let mut tasks = JoinSet::new();
        for worker in 0..8 {
            let store = Arc::clone(&store);
            tasks.spawn(async move {
                let (mut acknowledged, mut unknown) = (Vec::new(), 0);
                for place in 0..60 {
                    let id = worker * 1000 + place;
                    match store.commit(inserted(&secret(scope(), id, &id.to_string()))).await {
                        Ok(()) => acknowledged.push(id),
                        Err(CommitError::OutcomeUnknown) => unknown += 1,
                        Err(CommitError::Unavailable(_)) => {}
                        other => panic!("{other:?}"),
                    }
                }
                (acknowledged, unknown)
            });
        }
        for _ in 0..10 {
            database.sql(END_ALL).unwrap();
            // Tried again with the next connection, unless the end came with the commit itself.
            let outcome = store.commit(recorded("again", Changes::new())).await;
            assert!(matches!(outcome, Ok(()) | Err(CommitError::OutcomeUnknown)), "{outcome:?}");
        }
        let ended = tasks.join_all().await;
        let (mut acknowledged, mut unknown) = (0, 0);
        for (ids, count) in ended {
            unknown += count;
            for id in ids {
                acknowledged += 1;
                assert!(store.find_secret(scope(), secret_id(id)).await.unwrap().is_some(), "{id} is lost");
            }
        }
        assert!(acknowledged > 100, "{acknowledged} acknowledged, {unknown} unknown");
        // Each chain that was cut off ends where its last record is; the next one begins anew.
        assert_follow(&records(&store).await);
    });
}

#[test]
fn a_commit_whose_standby_was_not_waited_for_is_not_acknowledged() {
    let cluster = Cluster::start().unwrap();
    run(async {
        let store = Arc::new(node(&cluster.url("postgres"), 1).await);
        make_orgs(&store).await;
        cluster.set("synchronous_standby_names", "nobody").unwrap();
        let waiting = Arc::clone(&store);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { commit(&waiting, Changes::new()).await });
        let call_off =
            "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        until("a commit waits", async || cluster.sql("postgres", call_off).unwrap().trim() == "1").await;
        let outcome = tasks.join_next().await.unwrap().unwrap();
        assert!(matches!(outcome, Err(CommitError::OutcomeUnknown)), "{outcome:?}");
        cluster.set("synchronous_standby_names", "").unwrap();
        commit(&store, Changes::new()).await.unwrap();
        assert_follow(&records(&store).await);
    });
}

#[test]
fn what_others_are_in_the_way_of_is_tried_again() {
    let database = TestDatabase::schema().unwrap();
    run(async {
        let store = node(database.url(), 1).await;
        make_orgs(&store).await;
        // As when another node's transaction was waited for in a circle, for the first two attempts of it.
        database
            .sql(
                "CREATE SEQUENCE attempts;
                 CREATE FUNCTION in_the_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF nextval('attempts') <= 2 THEN RAISE EXCEPTION 'a circle' USING ERRCODE = '40P01'; END IF;
                     RETURN NEW;
                 END $$;
                 CREATE TRIGGER in_the_way BEFORE INSERT ON secrets FOR EACH ROW EXECUTE FUNCTION in_the_way()",
            )
            .unwrap();
        store.commit(inserted(&secret(scope(), 1, "a"))).await.unwrap();
        assert!(store.find_secret(scope(), secret_id(1)).await.unwrap().is_some());
        // For ever it is not.
        database.sql("ALTER SEQUENCE attempts MINVALUE -1000 START -1000 RESTART").unwrap();
        let refused = store.commit(recorded("b", Changes::new()).and(inserted(&secret(scope(), 2, "b")))).await;
        assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{refused:?}");
        assert_follow(&records(&store).await);
    });
}
