//! A statement that waits for another session.

use std::thread;
use std::time::Duration;

use keyholt_testkit::postgres::TestDatabase;
use keyholt_testkit::{Deadline, Stopwatch};

use crate::setting::{PATIENCE, assert_unavailable, list, names, put, served_again, setup, started};

/// A session gives up waiting for a lock after 2 s when it reads and 3 s when it writes.
const LIMIT: Duration = Duration::from_secs(6);
const HOLDERS: &str = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LOCK TABLE%'";

#[test]
fn who_waits_for_a_lock_too_long_is_answered_503_and_served_when_it_is_free() {
    let database = TestDatabase::database().unwrap();
    let setup = setup(database.url());
    let server = started(&setup);
    assert_eq!(put(&mut server.client(), "before").status, 200);
    thread::scope(|scope| {
        // Ended below; the time is for a test that fails.
        let holder = scope.spawn(|| database.sql("LOCK TABLE secrets; SELECT pg_sleep(60)"));
        let held = "SELECT count(*) FROM pg_locks WHERE relation = 'secrets'::regclass AND mode = 'AccessExclusiveLock' AND granted";
        let is_held = Deadline::after(PATIENCE).poll(|| (database.sql(held).unwrap() == "1").then_some(()));
        assert!(is_held.is_some());
        // More than there are connections, so that some wait for others.
        let mut askers = Vec::new();
        for number in 0..24 {
            let mut client = server.client();
            askers.push(scope.spawn(move || {
                let watch = Stopwatch::start();
                let answer = if number % 2 == 0 { list(&mut client) } else { put(&mut client, "meanwhile") };
                (answer, watch.elapsed())
            }));
        }
        let mut slowest = Duration::ZERO;
        for asker in askers {
            let (answer, took) = asker.join().unwrap();
            assert_unavailable(&answer);
            slowest = slowest.max(took);
        }
        println!("answered 503 after {slowest:.1?} at most");
        assert!(slowest < LIMIT, "answered after {slowest:?}");
        assert_eq!(
            server.anonymous().send("GET", "/readyz", None).unwrap().status,
            200,
            "the database is there"
        );
        database
            .sql(&format!("SELECT pg_terminate_backend(pid) {HOLDERS} AND pid <> pg_backend_pid()"))
            .unwrap();
        assert!(holder.join().unwrap().is_err(), "it was ended");
    });
    served_again(|| put(&mut server.client(), "after"));
    assert_eq!(names(&mut server.client()), ["after", "before"], "what was refused is not done later");
}
