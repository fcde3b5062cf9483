//! Fewer connections than a server wants.

use std::thread;

use keyholt_testkit::postgres::Cluster;

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
