//! A database that goes away while it is in use, and comes back: the server answers 503 meanwhile and then serves again,
//! without a restart of its own.

use std::thread;

use keyholt_testkit::postgres::Cluster;
use keyholt_testkit::{Answer, Client, Server, Stopwatch};

use crate::setting::{
    DEADLINE, assert_audit_log_is_whole, assert_unavailable, list, names, put, served_again, setup, started,
};

/// What is asked while the database is away is answered in time: not now.
#[track_caller]
fn assert_away(server: &Server) {
    // For a second it may be known from before who is asking; what is asked for is not.
    for _ in 0..2 {
        let asks: [fn(&mut Client) -> Answer; 3] =
            [list, |client| put(client, "while-away"), |client| client.send("GET", "/readyz", None).unwrap()];
        thread::scope(|scope| {
            let mut answers = Vec::new();
            for ask in asks {
                for mut client in [server.client(), server.anonymous().bearer("khk-nobody-has-this-key")] {
                    answers.push(scope.spawn(move || {
                        let watch = Stopwatch::start();
                        (ask(&mut client), watch.elapsed())
                    }));
                }
            }
            for answer in answers {
                let (answer, took) = answer.join().unwrap();
                assert_unavailable(&answer);
                assert!(took < DEADLINE, "answered after {took:?}");
            }
        });
    }
    let ready = server.anonymous().send("GET", "/readyz", None).unwrap();
    assert_eq!(ready.string("/error/code"), "database_away", "{}", ready.text());
    assert_eq!(ready.string("/message"), "The database does not answer; the server's log says why");
    assert_eq!(server.anonymous().send("GET", "/healthz", None).unwrap().status, 200, "it lives");
}

/// Who is nobody is told so again, and who is somebody is served.
#[track_caller]
fn assert_back(server: &Server, expected: &[&str]) {
    served_again(|| put(&mut server.client(), "back"));
    served_again(|| server.anonymous().send("GET", "/readyz", None).unwrap());
    let stranger = list(&mut server.anonymous().bearer("khk-nobody-has-this-key"));
    assert_eq!(stranger.status, 401, "{}", stranger.text());
    assert_eq!(names(&mut server.client()), expected);
}

#[test]
fn a_database_that_is_stopped_and_started_again_is_used_again() {
    let mut cluster = Cluster::start().unwrap();
    let setup = setup(&cluster.url("postgres"));
    let mut server = started(&setup);
    assert_eq!(put(&mut server.client(), "before").status, 200);
    for _ in 0..2 {
        cluster.stop().unwrap();
        assert_away(&server);
        cluster.restart().unwrap();
        assert_back(&server, &["back", "before"]);
    }
    assert!(server.is_running());
    assert_audit_log_is_whole(&setup, &server);
}

#[test]
fn a_database_that_is_killed_has_all_that_was_acknowledged_when_it_is_back() {
    let mut cluster = Cluster::start().unwrap();
    let setup = setup(&cluster.url("postgres"));
    let server = started(&setup);
    assert_eq!(put(&mut server.client(), "before").status, 200);
    cluster.kill().unwrap();
    assert_away(&server);
    cluster.restart().unwrap();
    assert_back(&server, &["back", "before"]);
    assert_audit_log_is_whole(&setup, &server);
}

#[test]
fn a_database_that_is_restarted_at_once_is_used_again() {
    let mut cluster = Cluster::start().unwrap();
    let setup = setup(&cluster.url("postgres"));
    let server = started(&setup);
    assert_eq!(put(&mut server.client(), "before").status, 200);
    for _ in 0..3 {
        cluster.restart().unwrap();
        assert_back(&server, &["back", "before"]);
    }
    assert_audit_log_is_whole(&setup, &server);
}

#[test]
fn a_database_that_hangs_is_not_waited_for_and_is_used_again() {
    let cluster = Cluster::start().unwrap();
    let setup = setup(&cluster.url("postgres"));
    let server = started(&setup);
    assert_eq!(put(&mut server.client(), "before").status, 200);
    cluster.freeze().unwrap();
    let watch = Stopwatch::start();
    // Sent while it is not known yet that nothing will come: whether a change is done may stay open.
    let answer = put(&mut server.client(), "in-between");
    assert!(watch.elapsed() < 2 * DEADLINE, "{:?}", watch.elapsed());
    if answer.status != 500 {
        assert_unavailable(&answer);
    }
    assert_away(&server);
    cluster.thaw().unwrap();
    served_again(|| put(&mut server.client(), "back"));
    let found = names(&mut server.client());
    assert!(found.contains(&"before".to_owned()) && found.contains(&"back".to_owned()), "{found:?}");
    assert!(!found.contains(&"while-away".to_owned()), "what was refused is not done later: {found:?}");
    assert_audit_log_is_whole(&setup, &server);
}
