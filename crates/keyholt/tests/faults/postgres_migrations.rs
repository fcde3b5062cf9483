//! An empty database that two servers find at once.

use std::thread;

use keyholt_testkit::postgres::TestDatabase;
use keyholt_testkit::{Deadline, Setup};

use crate::setting::{PATIENCE, beside, names, put, setup, started};

#[test]
fn two_servers_that_find_the_database_empty_bring_it_up_to_date_once() {
    // A first start on the embedded database makes the root key; nothing else of it is used.
    let first = setup("sqlite:");
    assert!(started(&first).stop().unwrap().success());
    for _ in 0..3 {
        let database = TestDatabase::database().unwrap();
        let setups: [Setup; 2] = [beside(&first, database.url()), beside(&first, database.url())];
        let servers = thread::scope(|scope| {
            // Both wait here, so that neither is done before the other begins.
            let holder = scope.spawn(|| {
                database.sql("SELECT pg_advisory_lock(1801812336, hashtext('public')), pg_sleep(60)")
            });
            let count = |what: &str| {
                let query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1801812336
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
                Deadline::after(PATIENCE)
                    .poll(|| (database.sql(query).unwrap() == what).then_some(()))
                    .expect("it is waited for");
            };
            count("1");
            let starts: Vec<_> = setups.iter().map(|setup| scope.spawn(|| started(setup))).collect();
            count("3");
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND query LIKE 'SELECT pg_advisory_lock%pg_sleep%'";
            database.sql(end).unwrap();
            assert!(holder.join().unwrap().is_err(), "it was ended");
            starts.into_iter().map(|start| start.join().unwrap()).collect::<Vec<_>>()
        });
        let twice = "SELECT count(*) - count(DISTINCT version), count(*) = max(version) FROM schema_migrations";
        assert_eq!(database.sql(twice).unwrap(), "0|t");
        assert_eq!(put(&mut servers[0].client(), "by-one").status, 200);
        assert_eq!(names(&mut servers[1].client()), ["by-one"], "the other opens it");
    }
}
