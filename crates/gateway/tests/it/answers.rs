//! What is taken for an answer, and what is not.

use std::time::Duration;

use keyholt_gateway::Timeouts;
use keyholt_gateway::egress::UpstreamError;

use crate::fixture::{Reply, Side, Upstream, permit_by_entry, text};

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let trap = Upstream::start(Reply::ok("trap")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("http://127.0.0.1:{}/", trap.port());
        let reply = format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let upstream = Upstream::start(Reply::Say(reply.into_bytes())).await;
        let side = Side::new(&[&["127.0.0.1"]]);
        let permit = permit_by_entry(&format!("http://models.example:{}", upstream.port()), None);
        let answer = side.get(&permit, "/").await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert!(answer.headers()["location"].to_str().unwrap().contains("127.0.0.1"));
        text(answer).await;
        assert_eq!(upstream.seen.heads().len(), 1);
    }
    assert_eq!(trap.seen.connections(), 0);
}

#[tokio::test]
async fn what_is_no_answer_is_told_as_such() {
    let many_headers: String = (0..200).map(|number| format!("x-{number}: a\r\n")).collect();
    let long_head = format!("x-a: {}\r\n", "a".repeat(200_000));
    for reply in [
        String::new(),
        "HTTP/1.1 200".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-le".to_owned(),
        "SSH-2.0-OpenSSH_9.6\r\n".to_owned(),
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned(),
        "HTTP/1.1 200 OK\r\n folded: a\r\ncontent-length: 0\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{many_headers}content-length: 0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n{long_head}content-length: 0\r\n\r\n"),
    ] {
        let upstream = Upstream::start(Reply::SayAndClose(reply.clone().into_bytes())).await;
        let side = Side::new(&[&["127.0.0.1"]]);
        let permit = permit_by_entry(&format!("http://models.example:{}", upstream.port()), None);
        let shown = reply.get(..60).unwrap_or(&reply);
        match side.get(&permit, "/").await {
            Err(error) => {
                assert!(
                    matches!(error, UpstreamError::NoAnswer) && error.is_upstreams_fault(),
                    "{shown}: {error:?}"
                );
            }
            Ok(answer) => panic!("{shown}: {}", answer.status()),
        }
    }
}

#[tokio::test]
async fn an_upstream_must_answer_in_time() {
    let timeouts = Timeouts { first_byte: Duration::from_millis(100), ..Timeouts::default() };
    let upstream = Upstream::start(Reply::SayAndHold(b"HTTP/1.1 200 OK\r\n".to_vec())).await;
    let side = Side::with_timeouts(&[&["127.0.0.1"]], timeouts);
    let permit = permit_by_entry(&format!("http://models.example:{}", upstream.port()), None);
    let late = side.get(&permit, "/").await.unwrap_err();
    assert!(matches!(late, UpstreamError::TimedOut) && late.is_upstreams_fault(), "{late:?}");
    upstream.seen.closed().await;
}

#[tokio::test]
async fn an_answers_own_words_for_its_status_are_dropped() {
    let reply = b"HTTP/1.1 401 bad key sk-private-0123456789\r\ncontent-length: 0\r\n\r\n".to_vec();
    let upstream = Upstream::start(Reply::Say(reply)).await;
    let side = Side::new(&[&["127.0.0.1"]]);
    let permit = permit_by_entry(&format!("http://models.example:{}", upstream.port()), None);
    let answer = side.get(&permit, "/").await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
    assert!(answer.extensions().is_empty());
}
