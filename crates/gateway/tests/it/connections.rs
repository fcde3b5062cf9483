//! Which connections are made, shared and ended.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use keyholt_gateway::Timeouts;
use keyholt_gateway::egress::{
    ConnectError, EgressPolicy, EgressRefused, RequestBody, Resolve, Resolving, UpstreamError, Upstreams,
};
use keyholt_types::{TestClock, Timestamp};
use tokio_util::task::TaskTracker;
use url::Url;

use crate::fixture::{ORG, Reply, Side, Upstream, permit_by_entry, request, soon, text};

#[tokio::test]
async fn a_name_is_resolved_once_and_its_checked_address_is_connected_to() {
    let right = Upstream::start_at("127.0.0.2:0".parse().unwrap(), Reply::ok("right"), None).await;
    let trap_address = format!("127.0.0.1:{}", right.port()).parse().unwrap();
    let trap = Upstream::start_at(trap_address, Reply::ok("trap"), None).await;
    let side = Side::new(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let permit = permit_by_entry(&format!("http://models.example:{}", right.port()), None);
    assert_eq!(text(side.get(&permit, "/a").await.unwrap()).await, "right");
    assert_eq!((side.resolver.asked(), trap.seen.connections()), (1, 0));
    let head = &right.seen.heads()[0];
    assert!(head.starts_with("GET /a HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: models.example:{}\r\n", right.port())), "{head}");
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_connected_to() {
    let trap = Upstream::start(Reply::ok("trap")).await;
    let policy = EgressPolicy::default();
    let permit = policy.check_url(&Url::parse("https://models.example").unwrap()).unwrap();
    for answer in [&["127.0.0.1"][..], &["104.18.7.192", "127.0.0.1"], &["::ffff:127.0.0.1"]] {
        let refused = Side::new(&[answer]).get(&permit, "/").await.unwrap_err();
        let expected =
            matches!(refused, UpstreamError::Connect(ConnectError::Refused(EgressRefused::NotPublic)));
        assert!(expected && !refused.is_upstreams_fault(), "{refused:?}");
    }
    let refused = Side::new(&[&[]]).get(&permit, "/").await.unwrap_err();
    assert!(matches!(refused, UpstreamError::Connect(ConnectError::Refused(EgressRefused::NoAddress))));
    assert_eq!(trap.seen.connections(), 0);
}

#[tokio::test]
async fn every_new_connection_is_checked_again() {
    let upstream = Upstream::start(Reply::SayAndClose(
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec(),
    ))
    .await;
    let side = Side::new(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let permit = permit_by_entry(&format!("http://models.example:{}", upstream.port()), None);
    text(side.get(&permit, "/").await.unwrap()).await;
    let refused = side.get(&permit, "/").await.unwrap_err();
    assert!(matches!(refused, UpstreamError::Connect(ConnectError::Refused(EgressRefused::NotPublic))));
    assert_eq!(upstream.seen.connections(), 1);
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_does_not_answer() {
    let upstream = Upstream::start_at("127.0.0.3:0".parse().unwrap(), Reply::ok("b"), None).await;
    let side = Side::new(&[&["127.0.0.4", "127.0.0.3"]]);
    let permit = permit_by_entry(&format!("http://models.example:{}", upstream.port()), None);
    assert_eq!(text(side.get(&permit, "/").await.unwrap()).await, "b");
    let refused = Side::new(&[&["127.0.0.4"]]).get(&permit, "/").await.unwrap_err();
    let expected = UpstreamError::Connect(ConnectError::Unreachable(ErrorKind::ConnectionRefused));
    assert_eq!(format!("{refused:?}"), format!("{expected:?}"));
    assert!(refused.is_upstreams_fault());
}

#[tokio::test]
async fn organisations_do_not_share_a_connection() {
    let upstream = Upstream::start(Reply::ok("a")).await;
    let side = Side::new(&[&["127.0.0.1"]]);
    let permit = permit_by_entry(&format!("http://models.example:{}", upstream.port()), None);
    for (org, connections) in [([1; 16], 1), ([1; 16], 1), ([2; 16], 2), ([1; 16], 2), ([2; 16], 2)] {
        assert_eq!(text(side.get_of(org, &permit, "/").await.unwrap()).await, "a");
        assert_eq!(upstream.seen.connections(), connections);
    }
}

#[tokio::test]
async fn what_nobody_uses_is_closed_after_a_minute() {
    let upstream = Upstream::start(Reply::ok("a")).await;
    let side = Side::new(&[&["127.0.0.1"]]);
    let permit = permit_by_entry(&format!("http://models.example:{}", upstream.port()), None);
    text(side.get(&permit, "/").await.unwrap()).await;
    side.clock.advance_seconds(60);
    // Another client comes, and room is made for it.
    let _other = side.upstreams.client([2; 16], &permit);
    upstream.seen.closed().await;
}

#[tokio::test]
async fn all_connections_end_when_the_gateway_does() {
    let upstream = Upstream::start(Reply::ok("a")).await;
    let holding =
        Upstream::start(Reply::SayAndHold(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\na".to_vec())).await;
    let side = Side::new(&[&["127.0.0.1"]]);
    let permit = permit_by_entry(&format!("http://models.example:{}", upstream.port()), None);
    text(side.get(&permit, "/").await.unwrap()).await;
    let slow = permit_by_entry(&format!("http://models.example:{}", holding.port()), None);
    let in_flight = side.get(&slow, "/").await.unwrap();
    side.upstreams.close();
    side.tasks.close();
    upstream.seen.closed().await;
    drop(in_flight);
    holding.seen.closed().await;
    soon(side.tasks.wait()).await;
}

#[tokio::test]
async fn a_caller_that_goes_away_ends_the_upstreams_connection() {
    for reply in ["", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"] {
        let upstream = Upstream::start(Reply::SayAndHold(reply.as_bytes().to_vec())).await;
        let side = Side::new(&[&["127.0.0.1"]]);
        let permit = permit_by_entry(&format!("http://models.example:{}", upstream.port()), None);
        let answer = side.get(&permit, "/");
        if reply.is_empty() {
            // Until the request is there, and then no longer.
            let arrived = async {
                while upstream.seen.heads().is_empty() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                _ = answer => unreachable!("nothing is ever answered"),
                () = arrived => {}
            }
        } else {
            let mut body = answer.await.unwrap().into_body();
            assert_eq!(soon(body.frame()).await.unwrap().unwrap().into_data().unwrap(), "hello");
            drop(body);
        }
        upstream.seen.closed().await;
    }
}

struct Silent;

impl Resolve for Silent {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_may_take_five_seconds_in_all() {
    let clock = Arc::new(TestClock::at(Timestamp::from_micros(0)));
    let upstreams = Upstreams::new(Arc::new(Silent), clock, TaskTracker::new(), Timeouts::default());
    let permit = permit_by_entry("http://models.example:80", None);
    let start = tokio::time::sleep(Duration::ZERO).deadline();
    let refused = upstreams.client(ORG, &permit).send(request(Method::GET, "http://models.example/")).await;
    assert!(matches!(refused, Err(UpstreamError::Connect(ConnectError::TimedOut))));
    let end = tokio::time::sleep(Duration::ZERO).deadline();
    assert_eq!((end - start).as_secs(), 5);
}

#[tokio::test]
async fn a_request_goes_to_its_permits_place_only() {
    let upstream = Upstream::start(Reply::ok("a")).await;
    let port = upstream.port();
    let side = Side::new(&[&["127.0.0.1"]]);
    let permit = permit_by_entry(&format!("http://models.example:{port}"), None);
    for (method, uri) in [
        (Method::GET, format!("http://other.example:{port}/")),
        (Method::GET, format!("https://models.example:{port}/")),
        (Method::GET, format!("http://user@models.example:{port}/")),
        (Method::GET, "http://models.example/".to_owned()),
        (Method::GET, "/".to_owned()),
        (Method::CONNECT, format!("models.example:{port}")),
        (Method::CONNECT, format!("http://models.example:{port}/")),
    ] {
        let refused = soon(side.upstreams.client(ORG, &permit).send(request(method, &uri))).await;
        assert!(matches!(refused, Err(UpstreamError::NotSendable)), "{uri}");
    }
    assert_eq!((upstream.seen.connections(), side.resolver.asked()), (0, 0));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_the_upstreams_fault() {
    let upstream = Upstream::start(Reply::SayAndHold(Vec::new())).await;
    let side = Side::new(&[&["127.0.0.1"]]);
    let uri = format!("http://models.example:{}", upstream.port());
    let permit = permit_by_entry(&uri, None);
    let broken: Result<Frame<Bytes>, Box<dyn std::error::Error + Send + Sync>> = Err("gone".into());
    let frames = futures_util::stream::iter([Ok(Frame::data(Bytes::from("a"))), broken]);
    let request = Request::post(uri).body(RequestBody::new(StreamBody::new(frames))).unwrap();
    let refused = soon(side.upstreams.client(ORG, &permit).send(request)).await.unwrap_err();
    assert!(matches!(refused, UpstreamError::RequestBody) && !refused.is_upstreams_fault(), "{refused:?}");
}
