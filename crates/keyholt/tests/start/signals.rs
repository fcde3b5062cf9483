//! How a server ends: politely, with what is in flight answered, or at once.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use keyholt_testkit::{Deadline, Server, Setup, Stopwatch, read_answer};

use crate::refused::setup;

/// A request whose head the server has taken, and its body, which the server waits for: it writes a secret of this name.
pub(crate) fn request_in_flight(server: &Server, name: &str) -> (BufReader<TcpStream>, String) {
    let body = format!("{{\"name\":\"{name}\",\"secret\":\"sk-in-flight\"}}");
    let mut stream = BufReader::new(TcpStream::connect(server.address()).unwrap());
    stream.get_ref().set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let head = format!(
        "PUT /v1/ai_secret HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        server.address(),
        Setup::KEY,
        body.len()
    );
    stream.get_mut().write_all(head.as_bytes()).unwrap();
    assert_eq!(read_answer(&mut stream, false).unwrap().status, 100, "the body is waited for");
    (stream, body)
}

/// Sends SIGTERM and waits until the server has taken note.
pub(crate) fn terminate(server: &Server) {
    server.terminate().unwrap();
    let noted = || String::from_utf8_lossy(&server.output()).contains("stopping: ").then_some(());
    Deadline::after(Duration::from_secs(10)).poll(noted).expect("the signal is noted");
}

#[test]
fn a_request_in_flight_is_answered_after_sigterm_and_the_status_is_0() {
    let setup = setup();
    let server = setup.start().unwrap();
    let address = server.address();
    let (mut in_flight, body) = request_in_flight(&server, "in-flight");
    terminate(&server);
    let refused = || TcpStream::connect(address).is_err().then_some(());
    Deadline::after(Duration::from_secs(10)).poll(refused).expect("no new connections");
    in_flight.get_mut().write_all(body.as_bytes()).unwrap();
    let answer = read_answer(&mut in_flight, false).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let ended = server.wait().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let list = setup.start().unwrap().client().send("GET", "/v1/ai_secret", None).unwrap();
    assert_eq!(list.string("/objects/0/name"), "in-flight", "what was answered is there");
}

#[test]
fn an_idle_server_ends_at_once_with_status_0_and_idle_connections_do_not_hold_it() {
    let setup = setup();
    let server = setup.start().unwrap();
    let mut idle = server.client();
    assert_eq!(idle.send("GET", "/v1/ai_secret", None).unwrap().status, 200);
    let watch = Stopwatch::start();
    let ended = server.stop().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(watch.elapsed() < Duration::from_secs(5), "{:?}", watch.elapsed());
}

#[test]
fn a_second_sigterm_ends_the_server_at_once_and_says_what_that_cost() {
    let setup = setup();
    let server = setup.start().unwrap();
    let _in_flight = request_in_flight(&server, "in-flight");
    terminate(&server);
    let watch = Stopwatch::start();
    let ended = server.stop().unwrap();
    // What is in flight would have been waited for far longer.
    assert!(watch.elapsed() < Duration::from_secs(5), "{:?}", watch.elapsed());
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("keyholt: stopped at once"), "{}", ended.stderr);
    let list = setup.start().unwrap().client().send("GET", "/v1/ai_secret", None).unwrap();
    assert_eq!(list.json()["objects"], serde_json::json!([]), "what was not answered is not there");
}
