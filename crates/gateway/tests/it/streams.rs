//! Answers on their way through: what the caller gets when an upstream dies, and what it never gets.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use keyholt_gateway::egress::Permit;
use keyholt_gateway::scrub::Scrubber;
use keyholt_gateway::{Timeouts, UpstreamBody};
use keyholt_types::SecretValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use crate::fixture::{Reply, Side, Upstream, permit_by_entry, soon};

const KEY: &str = "sk-private-0123456789";
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
/// What ends a body in chunks.
const END: &[u8] = b"0\r\n\r\n";

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// Sends one request through a server that passes the answer on; gives all bytes that its caller got.
async fn pass_through(side: &Arc<Side>, permit: &Permit) -> Vec<u8> {
    let (mut caller, server) = duplex(64 * 1024);
    let service = service_fn(|_: Request<Incoming>| {
        let (side, permit) = (Arc::clone(side), permit.clone());
        async move {
            let answer = side.get(&permit, "/").await?;
            let secret = SecretValue::parse(KEY.to_owned()).unwrap();
            let (head, body) = answer.into_parts();
            let scrubber = Scrubber::new(&[&secret]);
            let body = UpstreamBody::new(body, &head.headers, scrubber, Timeouts::default().start(), drop);
            Ok::<_, keyholt_gateway::egress::UpstreamError>(Response::new(body))
        }
    });
    let served = async {
        // That the connection ends with an error is what the caller is told by.
        let _ =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service).await;
    };
    let got = async {
        caller.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut got = Vec::new();
        caller.read_to_end(&mut got).await.unwrap();
        got
    };
    soon(async { tokio::join!(served, got).1 }).await
}

/// The body within the chunks of an answer, as far as it came.
fn body_of(got: &[u8]) -> String {
    let text = String::from_utf8_lossy(got);
    let mut rest = text.split_once("\r\n\r\n").unwrap_or_default().1;
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let Some(data) = usize::from_str_radix(size, 16).ok().and_then(|size| after.get(..size)) else { break };
        body.push_str(data);
        rest = after.get(data.len() + 2..).unwrap_or_default();
    }
    body
}

async fn passed(reply: Vec<u8>) -> Vec<u8> {
    let upstream = Upstream::start(Reply::SayAndClose(reply)).await;
    let side = Arc::new(Side::new(&[&["127.0.0.1"]]));
    let permit = permit_by_entry(&format!("http://models.example:{}", upstream.port()), None);
    pass_through(&side, &permit).await
}

#[tokio::test]
async fn an_upstream_that_dies_at_any_byte_is_never_taken_for_one_that_is_done() {
    let events = ["data: {\"a\":1}\n\n", "data: {\"a\":2}\n\n", "data: [DONE]\n\n"];
    let whole = format!("{HEAD}{}0\r\n\r\n", events.map(chunk).concat());
    assert_eq!(body_of(&passed(whole.clone().into_bytes()).await), events.concat());
    for at in HEAD.len()..whole.len() {
        let got = passed(whole.as_bytes()[..at].to_vec()).await;
        assert!(!got.ends_with(END), "{at}: {}", String::from_utf8_lossy(&got));
        let body = body_of(&got);
        let (before, last_words) = body.split_once("event: error\n").unwrap_or((&body, ""));
        assert!(events.concat().starts_with(before), "{at}: {body}");
        // Between two events the caller is told, within one it is not.
        let is_between = before.is_empty() || before.ends_with("\n\n");
        assert_eq!(!last_words.is_empty(), is_between, "{at}: {body}");
    }
}

#[tokio::test]
async fn an_answer_with_a_length_that_ends_early_is_not_complete() {
    for sent in 0..10 {
        let got =
            passed(format!("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}", "a".repeat(sent)).into_bytes())
                .await;
        assert!(!got.ends_with(END), "{sent}");
    }
    assert!(passed(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na".to_vec()).await.ends_with(END));
}

#[tokio::test]
async fn a_key_that_is_echoed_never_reaches_the_caller() {
    let said = format!("data: bad key {KEY}, really\n\n");
    for size in 1..said.len() {
        let pieces = said.as_bytes().chunks(size).map(|piece| chunk(std::str::from_utf8(piece).unwrap()));
        let got = passed(format!("{HEAD}{}0\r\n\r\n", pieces.collect::<String>()).into_bytes()).await;
        assert_eq!(body_of(&got), "data: bad key [redacted], really\n\n", "{size}");
        assert!(got.ends_with(END));
    }
}

#[tokio::test]
async fn trailers_are_left_out() {
    let reply = format!("{HEAD}{}0\r\nset-cookie: {KEY}\r\n\r\n", chunk("data: a\n\n"));
    let got = passed(reply.into_bytes()).await;
    assert!(got.ends_with(END), "{}", String::from_utf8_lossy(&got));
    assert!(!String::from_utf8_lossy(&got).contains("set-cookie"));
}

#[test]
fn bodies_of_answers_can_be_sent_by_a_server() {
    fn is_body<B: http_body::Body<Data = Bytes> + Send + 'static>() {}
    is_body::<UpstreamBody>();
}
