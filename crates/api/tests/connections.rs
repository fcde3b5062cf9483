//! Limits, deadlines and the end of connections, with a router of the test's own behind them.
#![cfg(test)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use keyholt_api::{ServerLimits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
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
