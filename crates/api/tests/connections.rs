//! Limits, deadlines and the end of connections, with a router of the test's own behind them.
#![cfg(test)]

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use keyholt_api::{ServerLimits, serve};
use keyholt_testkit::http2;
use keyholt_testkit::http2::kind::{DATA, GOAWAY, HEADERS, PING};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(60);

/// Deadlines so long that a test that needs one of them to pass does not end.
fn patient() -> ServerLimits {
    ServerLimits { head: LONG, idle: LONG, drain: LONG, ..ServerLimits::default() }
}

struct Served {
    address: SocketAddr,
    shutdown: CancellationToken,
    ended: JoinHandle<()>,
    /// A request for `/held` has come.
    came: Arc<Notify>,
    /// Lets it be answered.
    released: Arc<Notify>,
}

impl Served {
    async fn start(limits: ServerLimits) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        let (came, released) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let held = {
            let (came, released) = (Arc::clone(&came), Arc::clone(&released));
            async move || {
                came.notify_one();
                released.notified().await;
                "held"
            }
        };
        let router = Router::new().route("/", get(async || "ok")).route("/held", get(held));
        let ended = TaskTracker::new().spawn(serve(vec![listener], None, router, limits, shutdown.clone()));
        Self { address, shutdown, ended, came, released }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection whose request has come and is not answered.
    async fn hold(&self) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(b"GET /held HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        self.came.notified().await;
        stream
    }
}

/// Sends a request and gives the status line of its answer.
async fn ask(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).await.unwrap();
    let mut buffer = [0; 4096];
    let length = stream.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..length]).lines().next().unwrap_or_default().to_owned()
}

/// Waits until the server ends the connection; gives what it sent before.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The same; none when the connection was closed at once.
async fn ask_if_open(stream: &mut TcpStream) -> Option<String> {
    stream.write_all(REQUEST).await.ok()?;
    let mut buffer = [0; 4096];
    let length = stream.read(&mut buffer).await.ok()?;
    (length > 0).then(|| String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// An HTTP/2 connection with these settings and one GET.
async fn http2(served: &Served, path: &[u8], settings: &[u8]) -> TcpStream {
    let mut stream = served.connect().await;
    // GET and http are entries of the static table, the path and the authority `a` literals.
    let length = u8::try_from(path.len()).unwrap();
    let head = [&[0x82, 0x86, 0x41, 1, b'a', 0x44, length], path].concat();
    let request = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        http2::frame(http2::kind::SETTINGS, 0, 0, settings),
        http2::frame(HEADERS, http2::END_HEADERS | http2::END_STREAM, 1, &head),
    ];
    stream.write_all(&request.concat()).await.unwrap();
    stream
}

/// Answers pings until the server ends the connection; gives the kinds of all frames that came.
async fn frames_to_the_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut kinds = Vec::new();
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return kinds;
        }
        let [_, high, low, kind, flags, ..] = head;
        let mut payload = vec![0; usize::from(u16::from_be_bytes([high, low]))];
        if stream.read_exact(&mut payload).await.is_err() {
            return kinds;
        }
        kinds.push(kind);
        if (kind, flags) == (PING, 0) {
            // The server may be gone by then.
            let _ = stream.write_all(&http2::frame(PING, 1, 0, &payload)).await;
        }
    }
}

#[tokio::test]
async fn an_idle_connection_outlives_the_deadline_of_heads() {
    let served = Served::start(ServerLimits { head: SHORT, ..patient() }).await;
    let mut idle = served.connect().await;
    assert_eq!(ask(&mut idle, REQUEST).await, "HTTP/1.1 200 OK");
    let mut silent = served.connect().await;
    // A whole deadline passes while the first connection is idle.
    assert_eq!(rest(&mut silent).await, "");
    assert_eq!(ask(&mut idle, REQUEST).await, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn an_idle_connection_is_ended_by_a_deadline_of_its_own() {
    let served = Served::start(ServerLimits { idle: SHORT, ..patient() }).await;
    let mut idle = served.connect().await;
    assert_eq!(ask(&mut idle, REQUEST).await, "HTTP/1.1 200 OK");
    rest(&mut idle).await;
}

#[tokio::test]
async fn what_is_no_whole_head_in_time_is_ended() {
    let served = Served::start(ServerLimits { head: SHORT, ..patient() }).await;
    // Nothing, what may be the beginning of either protocol, and a head that lacks its end.
    for beginning in ["", "P", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nhost: a\r\n"] {
        let mut stream = served.connect().await;
        stream.write_all(beginning.as_bytes()).await.unwrap();
        assert!(!rest(&mut stream).await.contains("200"), "{beginning}");
    }
    // The same after a request: the first byte of the next head ends the idle time.
    let mut stream = served.connect().await;
    assert_eq!(ask(&mut stream, REQUEST).await, "HTTP/1.1 200 OK");
    stream.write_all(b"G").await.unwrap();
    assert!(!rest(&mut stream).await.contains("200"));
}

#[tokio::test]
async fn a_head_that_drips_is_not_given_more_time() {
    let served = Served::start(ServerLimits { head: SHORT, ..patient() }).await;
    let mut stream = served.connect().await;
    assert_eq!(ask(&mut stream, REQUEST).await, "HTTP/1.1 200 OK");
    stream.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
    let mut buffer = [0; 256];
    loop {
        match tokio::time::timeout(SHORT / 10, stream.read(&mut buffer)).await {
            Ok(Ok(1..)) => {}
            Ok(_) => return,
            Err(_) if stream.write_all(b"x").await.is_err() => return,
            Err(_) => {}
        }
    }
}

#[tokio::test]
async fn a_head_has_at_most_64_kib_and_100_headers() {
    let served = Served::start(patient()).await;
    let many: String = (0..101).map(|n| format!("h{n}: x\r\n")).collect();
    for headers in [format!("x: {}\r\n", "x".repeat(70_000)), many] {
        let mut stream = served.connect().await;
        let request = format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}\r\n");
        assert!(ask(&mut stream, request.as_bytes()).await.starts_with("HTTP/1.1 431"));
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_at_once() {
    let served = Served::start(ServerLimits { connections: 1, ..patient() }).await;
    let mut first = served.connect().await;
    assert_eq!(ask(&mut first, REQUEST).await, "HTTP/1.1 200 OK");
    assert_eq!(rest(&mut served.connect().await).await, "");
    assert_eq!(ask(&mut first, REQUEST).await, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn one_address_has_no_more_connections_than_its_share() {
    let served = Served::start(ServerLimits { connections_per_address: 1, ..patient() }).await;
    let mut first = served.connect().await;
    assert_eq!(ask(&mut first, REQUEST).await, "HTTP/1.1 200 OK");
    assert_eq!(rest(&mut served.connect().await).await, "");
    let other = TcpSocket::new_v4().unwrap();
    other.bind(([127, 0, 0, 2], 0).into()).unwrap();
    let mut other = other.connect(served.address).await.unwrap();
    assert_eq!(ask(&mut other, REQUEST).await, "HTTP/1.1 200 OK");
    drop(first);
    // Its place is free when the server has taken note.
    while ask_if_open(&mut served.connect().await).await.is_none() {}
}

#[tokio::test]
async fn a_proxy_has_as_many_connections_as_there_are() {
    let forwarders = vec!["127.0.0.0/8".parse().unwrap()];
    let served = Served::start(ServerLimits { connections_per_address: 1, forwarders, ..patient() }).await;
    let mut both = [served.connect().await, served.connect().await];
    for stream in &mut both {
        assert_eq!(ask(stream, REQUEST).await, "HTTP/1.1 200 OK");
    }
}

#[tokio::test]
async fn an_http2_connection_that_only_answers_pings_is_ended_when_its_idle_time_is_over() {
    let limits = ServerLimits { head: SHORT, idle: SHORT, ping: SHORT / 10, ..ServerLimits::default() };
    let served = Served::start(limits).await;
    // One on which something is asked for all the time stays.
    let mut held = http2(&served, b"/held", &[]).await;
    served.came.notified().await;
    let mut idle = http2(&served, b"/", &[]).await;
    let mut held = pin!(frames_to_the_end(&mut held));
    let kinds = tokio::select! {
        kinds = frames_to_the_end(&mut idle) => kinds,
        _ = held.as_mut() => panic!("ended before its answer"),
    };
    assert!(kinds.contains(&PING) && kinds.contains(&GOAWAY), "{kinds:?}");
    served.released.notify_one();
    assert!(held.await.contains(&DATA));
}

#[tokio::test]
async fn an_http2_client_that_has_no_room_for_its_answer_is_ended_like_one_that_does_not_read() {
    let limits = ServerLimits { head: SHORT, write_stall: SHORT, ping: SHORT / 10, ..patient() };
    let served = Served::start(limits).await;
    let no_room = [0, 4, 0, 0, 0, 0];
    let kinds = frames_to_the_end(&mut http2(&served, b"/", &no_room).await).await;
    assert!(kinds.contains(&HEADERS) && kinds.contains(&PING) && !kinds.contains(&DATA), "{kinds:?}");
}

#[tokio::test]
async fn shutdown_answers_what_is_in_flight_and_ends_what_is_idle() {
    let served = Served::start(patient()).await;
    let (mut silent, mut idle) = (served.connect().await, served.connect().await);
    assert_eq!(ask(&mut idle, REQUEST).await, "HTTP/1.1 200 OK");
    let mut held = served.hold().await;
    served.shutdown.cancel();
    assert_eq!((rest(&mut silent).await, rest(&mut idle).await), (String::new(), String::new()));
    served.released.notify_one();
    assert!(rest(&mut held).await.ends_with("held"));
    served.ended.await.unwrap();
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn shutdown_cuts_off_what_does_not_end() {
    let served = Served::start(ServerLimits { drain: SHORT, ..patient() }).await;
    let mut held = served.hold().await;
    served.shutdown.cancel();
    served.ended.await.unwrap();
    assert_eq!(rest(&mut held).await, "");
}
