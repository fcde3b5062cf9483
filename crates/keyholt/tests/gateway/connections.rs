//! Requests on real connections.

use std::io::{ErrorKind, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use keyholt_testkit::{Deadline, Setup, Step};

use crate::fixture::{BODY, CHAT, House, VALUE};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_through_with_the_servers_own_headers() {
    let echo = format!("{{\"you sent\":\"{VALUE}\"}}");
    let house = House::start(Step::json(200, &echo)).await;
    let answer = house.client().send("POST", CHAT, Some(BODY)).unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "{\"you sent\":\"[redacted]\"}"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-bt-used-endpoint"), Some("OPENAI_API_KEY"));
    assert!(answer.header("x-request-id").is_some());
    // What is spent here is a few milliseconds, even in a build for tests on a busy machine.
    let overhead: f64 = answer.header("x-keyholt-overhead-ms").unwrap().parse().unwrap();
    assert!(overhead > 0.0 && overhead < 1000.0, "{overhead}");
    let seen = house.provider.requests();
    assert!(!seen[0].whole().contains(Setup::KEY));
    let finished = house.server.stop().unwrap();
    assert!(!finished.stdout.contains(VALUE) && !finished.stderr.contains(VALUE), "{}", finished.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_leaves_the_callers_stream_without_an_end() {
    let steps = vec![Step::events(), Step::chunk("data: {}\n\n"), Step::Close];
    let house = House::start(steps).await;
    let refused = house.client().send_once("POST", CHAT, Some(BODY));
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_hangs_up_ends_the_upstreams_request_within_a_second() {
    for steps in [vec![Step::Hold], vec![Step::events(), Step::chunk("data: {}\n\n"), Step::Hold]] {
        let house = House::start(steps).await;
        let address = house.server.client().address();
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
            Setup::KEY,
            BODY.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(BODY).unwrap();
        let asked = || (house.provider.requests().len() == 1).then_some(());
        Deadline::after(Duration::from_secs(20)).poll(asked).unwrap();
        assert_eq!(house.provider.closed(), 0);
        stream.shutdown(Shutdown::Both).unwrap();
        drop(stream);
        let ended = || (house.provider.closed() == 1).then_some(());
        assert!(Deadline::after(Duration::from_secs(1)).poll(ended).is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c_smuggled_requests_reach_no_provider() {
    let house = House::start(Step::json(200, "{}")).await;
    let client = house.server.client();
    let head = format!("POST {CHAT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n", Setup::KEY);
    let length = BODY.len();
    let body = String::from_utf8(BODY.to_vec()).unwrap();
    let hidden = format!("{head}Content-Length: {length}\r\n\r\n{body}");
    for lengths in [
        "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 2",
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: +2",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
    ] {
        let bytes = format!("{head}{lengths}\r\n\r\n0\r\n\r\n{hidden}");
        let response = client.send_bytes(bytes.as_bytes(), Duration::from_secs(5)).unwrap();
        let statuses: Vec<u16> = response.answers.iter().map(|answer| answer.status).collect();
        assert!(
            response.closed && statuses.iter().all(|status| *status >= 400),
            "{lengths}: {statuses:?}, {}",
            response.closed
        );
    }
    for start in [
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n",
        "POST http://evil.example/v1/proxy/chat/completions HTTP/1.1\r\nHost: evil.example\r\n",
    ] {
        let key = Setup::KEY;
        let bytes = format!("{start}Authorization: Bearer {key}\r\nContent-Length: {length}\r\n\r\n{body}");
        let response = client.send_bytes(bytes.as_bytes(), Duration::from_secs(5)).unwrap();
        assert!(response.answers.iter().all(|answer| answer.status >= 400), "{start}");
    }
    assert!(house.provider.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn c_proxies_of_the_environment_are_not_asked() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let proxy = format!("http://{}", trap.local_addr().unwrap());
    let mut setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        setup = setup.variable(name, &proxy).variable(&name.to_ascii_lowercase(), &proxy);
    }
    let house = House::start_as(setup, Step::json(200, "{}")).await;
    assert_eq!(house.client().send("POST", CHAT, Some(BODY)).unwrap().status, 200);
    assert_eq!(house.provider.requests().len(), 1);
    assert_eq!(trap.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}
