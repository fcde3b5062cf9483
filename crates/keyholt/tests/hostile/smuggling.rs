//! Requests that two parsers read differently: a second request hidden in the first is never served.

use crate::victim::{ORG, Victim};

/// Headers that say a body's length twice, wrongly or not at all clearly.
pub(crate) const LENGTHS: [&str; 26] = [
    "Content-Length: 2\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 2",
    "Transfer-Encoding: chunked\r\nContent-Length: 0",
    "Content-Length: 2\r\nContent-Length: 3",
    "Content-Length: 3\r\nContent-Length: 2",
    "Content-Length: 2, 3",
    "Content-Length: +2",
    "Content-Length: -2",
    "Content-Length: 0x2",
    "Content-Length: 2 2",
    "Content-Length: 18446744073709551618",
    "Content-Length: two",
    "Content-Length:",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding\t: chunked",
    " Transfer-Encoding: chunked",
    "X: a\r\n Transfer-Encoding: chunked",
    "Transfer-Encoding: chun\rked",
    "Transfer-Encoding:\x0bchunked",
    "Content-Length : 2",
];

/// Chunks of no clear size, and what follows them.
pub(crate) const CHUNKS: [&str; 8] = [
    "0x2\r\n{}\r\n0\r\n\r\n",
    "-2\r\n{}\r\n0\r\n\r\n",
    "+2\r\n{}\r\n0\r\n\r\n",
    "fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "g\r\n{}\r\n0\r\n\r\n",
    "\r\n{}\r\n0\r\n\r\n",
    "2\r\n{}x\r\n0\r\n\r\n",
    "2\n{}\n0\n\n",
];

/// A whole request that would make a row.
fn hidden(victim: &Victim) -> String {
    let body = r#"{"name":"smuggled"}"#;
    format!("{}Content-Length: {}\r\n\r\n{body}", victim.head("POST", ORG), body.len())
}

/// At most one answer, a refusal, and the end of the connection.
#[track_caller]
fn assert_refused(victim: &mut Victim, bytes: &str, name: &str) {
    let response = victim.attack(bytes.as_bytes());
    let statuses: Vec<u16> = response.answers.iter().map(|answer| answer.status).collect();
    assert!(
        statuses.len() <= 1 && statuses.iter().all(|status| *status == 400 || *status == 501),
        "{name}: {statuses:?}"
    );
    assert!(response.closed, "{name}: the connection stays open");
    assert_eq!(victim.names(), ["ordinary"], "{name}");
}

#[test]
fn a_body_of_two_lengths_is_refused() {
    let mut victim = Victim::start();
    let head = victim.head("POST", ORG);
    let hidden = hidden(&victim);
    for lengths in LENGTHS {
        assert_refused(&mut victim, &format!("{head}{lengths}\r\n\r\n0\r\n\r\n{hidden}"), lengths);
    }
}

#[test]
fn a_chunk_of_no_clear_size_is_refused() {
    let mut victim = Victim::start();
    let head = victim.head("POST", ORG);
    let hidden = hidden(&victim);
    for chunk in CHUNKS {
        let bytes = format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}{hidden}");
        let response = victim.attack(bytes.as_bytes());
        assert!(response.answers.len() <= 1, "{chunk:?}: {:?}", response.answers);
        assert_eq!(victim.names(), ["ordinary"], "{chunk:?}");
    }
}

#[test]
fn a_request_has_exactly_one_host_and_no_folded_or_broken_lines() {
    let mut victim = Victim::start();
    let key = keyholt_testkit::Setup::KEY;
    let hidden = hidden(&victim);
    for (name, lines) in [
        ("no host", ""),
        ("two hosts", "Host: a\r\nHost: b\r\n"),
        ("the same host twice", "Host: a\r\nHost: a\r\n"),
        ("a folded line", "Host: a\r\nX-A: b\r\n c\r\n"),
        ("a folded first line", " Host: a\r\n"),
        ("a bare CR in a value", "Host: a\r\nX-A: b\rX-B: c\r\n"),
        ("a blank before the colon", "Host : a\r\n"),
    ] {
        let request = format!("GET {ORG} HTTP/1.1\r\n{lines}Authorization: Bearer {key}\r\n\r\n");
        assert_refused(&mut victim, &format!("{request}{hidden}"), name);
    }
}

#[test]
fn an_unread_body_is_never_the_next_request() {
    let mut victim = Victim::start();
    let hidden = hidden(&victim);
    let length = hidden.len();
    for (name, head) in [
        ("GET with a body", victim.head("GET", ORG)),
        ("an unknown path", victim.head("POST", "/nothing")),
        ("an undeclared method", victim.head("PATCH", ORG)),
        ("no credential", format!("POST {ORG} HTTP/1.1\r\nHost: a\r\n")),
        ("OPTIONS with a body", victim.head("OPTIONS", ORG)),
    ] {
        let response = victim.attack(format!("{head}Content-Length: {length}\r\n\r\n{hidden}").as_bytes());
        assert_eq!(response.answers.len(), 1, "{name}");
        assert_eq!(victim.names(), ["ordinary"], "{name}");
    }
}

#[test]
fn requests_in_one_packet_are_answered_in_order() {
    let mut victim = Victim::start();
    let get = victim.head("GET", "/v1/ai_secret?limit=0") + "\r\n";
    let missing = victim.head("GET", "/nothing") + "\r\n";
    let response = victim.attack(format!("{get}{missing}{get}").as_bytes());
    let statuses: Vec<u16> = response.answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 404, 200]);
}
