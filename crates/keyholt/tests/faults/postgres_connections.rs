//! Fewer connections than a server wants.

use std::thread;
use std::time::Duration;

use keyholt_testkit::postgres::Cluster;
use keyholt_testkit::{Deadline, Server};

use crate::setting::{assert_unavailable, list, names, put, served_again, setup, started};

const END_ALL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'crowd'";

#[test]
fn a_server_without_enough_connections_says_503_or_serves_and_goes_on_when_there_are_some() {
    let cluster = Cluster::start().unwrap();
    cluster.sql("postgres", "CREATE ROLE crowd LOGIN PASSWORD 'word'").unwrap();
    cluster.sql("postgres", "CREATE DATABASE crowd OWNER crowd").unwrap();
    let url = cluster.url("crowd").replace(cluster.password(), "word").replace("//postgres:", "//crowd:");
    let setup = setup(&url);
    let server = started(&setup);
    assert_eq!(put(&mut server.client(), "before").status, 200);
    for limit in [0, 1, 2, 5] {
        cluster.sql("postgres", &format!("ALTER ROLE crowd CONNECTION LIMIT {limit}")).unwrap();
        cluster.sql("postgres", END_ALL).unwrap();
        let (mut reader, mut writer) = (server.client(), server.client());
        let answers = thread::scope(|scope| {
            let read = scope.spawn(move || list(&mut reader));
            [put(&mut writer, "before"), read.join().unwrap()]
        });
        println!(
            "{limit} connections: a write is answered {}, a read {}",
            answers[0].status, answers[1].status
        );
        for answer in answers {
            match answer.status {
                200 => assert_ne!(limit, 0),
                500 => assert_eq!(answer.string("/error/code"), "outcome_unknown", "{}", answer.text()),
                _ => assert_unavailable(&answer),
            }
        }
        cluster.sql("postgres", "ALTER ROLE crowd CONNECTION LIMIT -1").unwrap();
        served_again(|| put(&mut server.client(), &format!("after-{limit}")));
        served_again(|| list(&mut server.client()));
    }
    assert_eq!(names(&mut server.client()), ["after-0", "after-1", "after-2", "after-5", "before"]);
    let said = String::from_utf8_lossy(&server.output()).into_owned();
    assert!(said.contains("has no connection left"), "the log says what is wrong: {said}");
}

/// All but the connection that watches over the database, which holds a lock of its own.
const END_OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE usename = 'crowd' AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')";

/// Waits until the log says this; gives how often it does.
fn logged(server: &Server, text: &str) -> usize {
    let count = || String::from_utf8_lossy(&server.output()).matches(text).count();
    let came = Deadline::after(Duration::from_secs(30)).poll(|| Some(count()).filter(|count| *count > 0));
    came.unwrap_or_else(|| panic!("{text}: {}", String::from_utf8_lossy(&server.output())))
}

#[test]
fn connections_that_cannot_be_made_while_the_database_is_there_are_told_once_and_again_when_they_are_back() {
    let cluster = Cluster::start().unwrap();
    cluster.sql("postgres", "CREATE ROLE crowd LOGIN PASSWORD 'very-private'").unwrap();
    cluster.sql("postgres", "CREATE DATABASE crowd OWNER crowd").unwrap();
    let url =
        cluster.url("crowd").replace(cluster.password(), "very-private").replace("//postgres:", "//crowd:");
    let setup = setup(&url);
    let server = started(&setup);
    assert_eq!(put(&mut server.client(), "before").status, 200);
    cluster.sql("postgres", "ALTER ROLE crowd NOLOGIN").unwrap();
    cluster.sql("postgres", &END_OTHERS.replace('\n', " ")).unwrap();
    assert_eq!(logged(&server, "not all connections to the database can be made"), 1);
    logged(&server, "does not let crowd in");
    assert_eq!(server.anonymous().send("GET", "/readyz", None).unwrap().status, 200, "the database is there");
    cluster.sql("postgres", "ALTER ROLE crowd LOGIN").unwrap();
    assert_eq!(logged(&server, "all connections to the database are there again"), 1);
    served_again(|| put(&mut server.client(), "after"));
    assert_eq!(logged(&server, "not all connections to the database can be made"), 1);
    assert!(!String::from_utf8_lossy(&server.output()).contains("very-private"));
}
