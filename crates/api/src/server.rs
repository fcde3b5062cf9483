//! Connections: accepting them, their limits and deadlines, and their orderly end.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::FutureExt;
use http::{Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use keyholt_types::AddressRange;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use crate::head_deadline::{Activity, HeadTimer, Watched};
use crate::slots::{Slot, Slots};
use crate::streams::Streams;

/// The address at the other end of a connection; an extension of every request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// What a connection may take, and how many there may be.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Connections at a time; more are closed at once.
    pub connections: usize,
    /// The most of them that one address may have, of IPv6 one /64; zero is no limit.
    pub connections_per_address: usize,
    /// Proxies, for whose addresses that limit does not hold.
    pub forwarders: Vec<AddressRange>,
    /// Time for a TLS handshake.
    pub handshake: Duration,
    /// Time for a head, from its first byte on; the first head counts from the start.
    pub head: Duration,
    /// Time that a connection may be idle between two requests.
    pub idle: Duration,
    /// Time without any progress while an answer is being sent.
    pub write_stall: Duration,
    /// Most bytes of a head; more are answered with 431, as are more than 100 headers.
    pub head_bytes: u32,
    /// Requests at a time on one HTTP/2 connection.
    pub streams: u32,
    /// Time between two pings on an HTTP/2 connection, and time for their answer.
    pub ping: Duration,
    /// Time for requests in flight to end after shutdown has begun.
    pub drain: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            connections_per_address: 4_096,
            forwarders: Vec::new(),
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(90),
            write_stall: Duration::from_secs(30),
            head_bytes: 64 * 1024,
            streams: 128,
            ping: Duration::from_secs(20),
            drain: Duration::from_secs(25),
        }
    }
}

/// Serves until `shutdown` is cancelled and what is in flight then has ended, or its time is over.
/// Nothing else ends it: errors of single connections and of accepting are logged.
///
/// A TLS configuration offers `h2` and `http/1.1` by ALPN if HTTP/2 is wanted there.
pub async fn serve(
    listeners: Vec<TcpListener>,
    tls: Option<Arc<rustls::ServerConfig>>,
    router: Router,
    limits: ServerLimits,
    shutdown: CancellationToken,
) {
    let tasks = TaskTracker::new();
    let cut = CancellationToken::new();
    let server = Arc::new(Server {
        tls: tls.map(TlsAcceptor::from),
        router,
        slots: Arc::new(Slots::new(
            limits.connections,
            limits.connections_per_address,
            limits.forwarders.clone(),
        )),
        tasks: tasks.clone(),
        shutdown: shutdown.clone(),
        cut: cut.clone(),
        limits,
    });
    for listener in listeners {
        tasks.spawn(Arc::clone(&server).accept_all(listener));
    }
    shutdown.cancelled().await;
    tasks.close();
    if timeout(server.limits.drain, tasks.wait()).await.is_err() {
        tracing::warn!(tasks = tasks.len(), "requests in flight are cut off: the time for them is over");
        cut.cancel();
        tasks.wait().await;
    }
}

/// Serves one connection over any stream, as those of a listener are served, until it ends.
#[cfg(feature = "fuzzing")]
pub(crate) async fn serve_stream(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    router: Router,
    limits: ServerLimits,
) {
    let (tasks, cut) = (TaskTracker::new(), CancellationToken::new());
    let slots = Arc::new(Slots::new(1, 0, Vec::new()));
    let server =
        Server { tls: None, router, limits, slots, tasks: tasks.clone(), shutdown: cut.child_token(), cut };
    server.converse(stream, peer).await;
    tasks.close();
    tasks.wait().await;
}

struct Server {
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: ServerLimits,
    slots: Arc<Slots>,
    tasks: TaskTracker,
    /// Asks every connection to end after the request in flight.
    shutdown: CancellationToken,
    /// Ends every connection.
    cut: CancellationToken,
}

impl Server {
    async fn accept_all(self: Arc<Self>, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.shutdown.cancelled() => return,
            };
            match accepted {
                Ok((stream, peer)) => match Arc::clone(&self.slots).take(peer.ip()) {
                    Some(slot) => Arc::clone(&self).begin(stream, Peer(peer), slot),
                    None => {
                        tracing::debug!("a connection was closed: there are too many, in all or of its address")
                    }
                },
                Err(error) => {
                    // Of a connection that is gone already, or for want of file descriptors or memory;
                    // in that case trying again at once would only burn the processor.
                    tracing::warn!(kind = ?error.kind(), "a connection could not be accepted");
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    /// Serves a connection in a task that is no larger than it has to be: thousands of them may be idle.
    fn begin(self: Arc<Self>, stream: TcpStream, peer: Peer, slot: Slot) {
        // Only latency would suffer.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.limits.write_stall));
        let stream = Box::pin(stream);
        let tasks = self.tasks.clone();
        drop(match self.tls.clone() {
            None => tasks.spawn(async move {
                let _slot = slot;
                self.converse(stream, peer).await;
            }),
            Some(acceptor) => tasks.spawn(async move {
                let _slot = slot;
                match timeout(self.limits.handshake, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => self.converse(stream, peer).await,
                    Ok(Err(error)) => tracing::debug!(kind = ?error.kind(), "a TLS handshake failed"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                }
            }),
        });
    }

    async fn converse(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: Peer) {
        let (activity, streams) = (Activity::default(), Streams::new());
        let service = service_fn(|mut request: Request<Incoming>| {
            activity.open();
            request.extensions_mut().insert(peer);
            // HTTP/1 has deadlines of its own, below.
            let stream = (request.version() == Version::HTTP_2).then(|| streams.open());
            let answer = self.router.clone().call(request);
            answer.map(|answer| match stream {
                Some(stream) => answer.map(|response| stream.watch(response)),
                None => answer,
            })
        });
        let builder = self.builder(&activity);
        let stream = TokioIo::new(Watched::new(stream, activity.clone()));
        let mut connection = pin!(builder.serve_connection(stream, service));
        let mut opening = pin!(sleep(self.limits.head));
        let mut look = pin!(sleep(self.limits.head));
        let (mut is_opening, mut is_draining, mut is_watched) = (true, false, false);
        // Tokens of its own: the common ones would be a lock that all connections take all the time.
        let (shutdown, cut) = (self.shutdown.child_token(), self.cut.child_token());
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if ended.is_err() {
                        tracing::debug!("a connection ended with an error");
                    }
                    return;
                }
                () = opening.as_mut(), if is_opening => {
                    // hyper waits for ever to be told the protocol.
                    if !activity.is_open() {
                        return;
                    }
                    is_opening = false;
                    is_watched = streams.is_http2();
                }
                () = look.as_mut(), if is_watched => match self.judge(&streams, is_draining) {
                    Judgement::GoOn(time) => look.set(sleep(time)),
                    Judgement::Drain => {
                        connection.as_mut().graceful_shutdown();
                        is_draining = true;
                        look.set(sleep(self.limits.head));
                    }
                    Judgement::End => return,
                },
                () = shutdown.cancelled(), if !is_draining => {
                    connection.as_mut().graceful_shutdown();
                    is_draining = true;
                }
                () = cut.cancelled() => return,
            }
        }
    }

    /// What becomes of a connection of HTTP/2 by what goes on on it.
    fn judge(&self, streams: &Streams, is_draining: bool) -> Judgement {
        let (idle, stall) = (self.limits.idle, self.limits.write_stall);
        match (streams.idle_for(), streams.stalled_for()) {
            (_, Some(stalled)) if stalled >= stall => Judgement::End,
            (Some(idle_for), _) if idle_for >= idle && is_draining => Judgement::End,
            (Some(idle_for), _) if idle_for >= idle => Judgement::Drain,
            (_, Some(stalled)) => Judgement::GoOn(stall.saturating_sub(stalled)),
            (Some(idle_for), None) => Judgement::GoOn(idle.saturating_sub(idle_for)),
            (None, None) => Judgement::GoOn(stall.min(idle)),
        }
    }

    fn builder(&self, activity: &Activity) -> Builder<Tracked> {
        let limits = &self.limits;
        let mut builder = Builder::new(Tracked { tasks: self.tasks.clone(), cut: self.cut.clone() });
        builder
            .http1()
            .timer(HeadTimer { activity: activity.clone(), head: limits.head, idle: limits.idle })
            .header_read_timeout(limits.head)
            // hyper knows no smaller ones.
            .max_buf_size(usize::try_from(limits.head_bytes).unwrap_or(usize::MAX).max(8192));
        // Against floods of resets hyper's own limits hold.
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.streams)
            .max_header_list_size(limits.head_bytes)
            .max_send_buf_size(64 * 1024)
            .keep_alive_interval(limits.ping)
            .keep_alive_timeout(limits.ping);
        builder
    }
}

/// What becomes of a connection.
enum Judgement {
    /// It goes on, and is looked at again after this time.
    GoOn(Duration),
    /// It takes no more requests.
    Drain,
    /// It is ended.
    End,
}

/// Spawns the requests of HTTP/2 connections where shutdown waits for them.
#[derive(Clone)]
struct Tracked {
    tasks: TaskTracker,
    cut: CancellationToken,
}

impl<F: Future<Output: Send> + Send + 'static> hyper::rt::Executor<F> for Tracked {
    fn execute(&self, task: F) {
        let cut = self.cut.clone();
        drop(self.tasks.spawn(async move {
            let _ = cut.run_until_cancelled(task).await;
        }));
    }
}
