//! A server that stands still, as a machine does that is paused or swaps: it must not go on from what it knew before.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use keyholt_testkit::postgres::TestDatabase;
use keyholt_testkit::{Server, Setup, Stopwatch, read_answer};
use serde_json::json;

use crate::setting::{SECRETS, beside, list, served_again, setup, started};

const KEYS: &str = "/keyholt/v1/api-keys";
/// How long it stands still.
const PAUSE: Duration = Duration::from_secs(3);

fn signal(setup: &Setup, server: &Server, name: &str) {
    let pid = server.pid().to_string();
    let sent = setup.run_tool("/bin/sh", &["-c", "kill -\"$0\" \"$1\"", name, &pid], b"").unwrap();
    assert!(sent.success(), "{sent:?}");
}

#[test]
fn a_server_that_was_paused_lets_nobody_in_by_what_it_knew_before() {
    let database = TestDatabase::database().unwrap();
    let setup = setup(database.url());
    let server = started(&setup);
    let second = beside(&setup, database.url());
    let paused = started(&second);
    for round in 0..3 {
        let made = server
            .client()
            .json("POST", KEYS, &json!({ "name": format!("k{round}"), "role": "viewer" }))
            .unwrap();
        assert_eq!(made.status, 200, "{}", made.text());
        let (id, key) = (made.string("/id"), made.string("/key"));
        let mut client = paused.anonymous().bearer(&key);
        served_again(|| list(&mut client));
        // A connection that stands already, so that the request is read first of all.
        let mut stream = TcpStream::connect(paused.address()).unwrap();
        let request = format!("GET {SECRETS} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut reader = std::io::BufReader::new(stream.try_clone().unwrap());
        assert_eq!(read_answer(&mut reader, false).unwrap().status, 200, "the key is in its memory");
        signal(&second, &paused, "STOP");
        let revoked = server.client().send("DELETE", &format!("{KEYS}/{id}"), None).unwrap();
        assert_eq!(revoked.status, 200, "{}", revoked.text());
        let watch = Stopwatch::start();
        stream.write_all(request.as_bytes()).unwrap();
        while watch.elapsed() < PAUSE {
            thread::park_timeout(PAUSE.saturating_sub(watch.elapsed()));
        }
        signal(&second, &paused, "CONT");
        let answer = read_answer(&mut reader, false).unwrap();
        assert!(matches!(answer.status, 401 | 503), "{} {}", answer.status, answer.text());
        assert_ne!(list(&mut client).status, 200, "and none after it");
        served_again(|| list(&mut paused.client()));
        assert_eq!(list(&mut client).status, 401);
    }
}
