//! Upstreams that say what they are told to, and clients for them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use keyholt_gateway::Timeouts;
use keyholt_gateway::egress::{
    EgressEntry, EgressPolicy, Permit, PrivateCa, RequestBody, Resolve, Resolving, UpstreamError, Upstreams,
};
use keyholt_types::{TestClock, Timestamp};
use rustls::HandshakeKind;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;
use url::Url;

pub(crate) const ORG: [u8; 16] = [1; 16];

/// What an upstream does with one request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Writes this and waits for the next request.
    Say(Vec<u8>),
    /// Writes this and closes the connection.
    SayAndClose(Vec<u8>),
    /// Writes this and waits for the other side to close.
    SayAndHold(Vec<u8>),
}

impl Reply {
    pub(crate) fn ok(body: &str) -> Self {
        Self::Say(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes())
    }
}

/// A server on a loopback address that gives the same reply to every request.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Seen>,
    _tasks: JoinSet<()>,
}

/// What has come to an upstream.
pub(crate) struct Seen {
    heads: Mutex<Vec<String>>,
    connections: AtomicUsize,
    names: Mutex<Vec<String>>,
    handshakes: Mutex<Vec<Option<HandshakeKind>>>,
    closed: Semaphore,
}

impl Seen {
    /// The heads of all requests.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The names for which TLS was spoken.
    pub(crate) fn names(&self) -> Vec<String> {
        self.names.lock().unwrap().clone()
    }

    /// How TLS was begun each time.
    pub(crate) fn handshakes(&self) -> Vec<Option<HandshakeKind>> {
        self.handshakes.lock().unwrap().clone()
    }

    /// Waits until the other side has closed one more connection.
    pub(crate) async fn closed(&self) {
        soon(self.closed.acquire()).await.unwrap().forget();
    }
}

impl Upstream {
    pub(crate) async fn start(reply: Reply) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), reply, None).await
    }

    pub(crate) async fn start_at(address: SocketAddr, reply: Reply, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen {
            heads: Mutex::default(),
            connections: AtomicUsize::new(0),
            names: Mutex::default(),
            handshakes: Mutex::default(),
            closed: Semaphore::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept_all(listener, Arc::clone(&seen), reply, tls));
        Self { address, seen, _tasks: tasks }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

async fn accept_all(listener: TcpListener, seen: Arc<Seen>, reply: Reply, tls: Option<TlsAcceptor>) {
    let mut conversations = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        seen.connections.fetch_add(1, Ordering::SeqCst);
        let (seen, reply, tls) = (Arc::clone(&seen), reply.clone(), tls.clone());
        conversations.spawn(async move {
            // An error is how many of these connections are meant to end.
            let _ = match tls {
                None => converse(stream, &seen, &reply).await,
                Some(acceptor) => match acceptor.accept(stream).await {
                    Err(error) => Err(error),
                    Ok(stream) => {
                        let name = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
                        seen.names.lock().unwrap().push(name);
                        seen.handshakes.lock().unwrap().push(stream.get_ref().1.handshake_kind());
                        converse(stream, &seen, &reply).await
                    }
                },
            };
            seen.closed.add_permits(1);
        });
    }
}

async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: &Seen,
    reply: &Reply,
) -> io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        seen.heads.lock().unwrap().push(String::from_utf8(head).unwrap());
        match reply {
            Reply::Say(bytes) => {
                stream.write_all(bytes).await?;
                stream.flush().await?;
            }
            Reply::SayAndClose(bytes) => {
                stream.write_all(bytes).await?;
                return stream.shutdown().await;
            }
            Reply::SayAndHold(bytes) => {
                stream.write_all(bytes).await?;
                stream.flush().await?;
                return tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop);
            }
        }
    }
}

/// A resolver that gives these answers one after the other, and the last one for ever.
pub(crate) struct Answers {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Answers {
    pub(crate) fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        Arc::new(Self { answers: answers.iter().map(parse).collect(), asked: AtomicUsize::new(0) })
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Resolve for Answers {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        Box::pin(async move { Ok(self.answers[number].clone()) })
    }
}

/// The gateway's side.
pub(crate) struct Side {
    pub(crate) upstreams: Upstreams,
    pub(crate) resolver: Arc<Answers>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) tasks: TaskTracker,
}

impl Side {
    pub(crate) fn new(answers: &[&[&str]]) -> Self {
        Self::with_timeouts(answers, Timeouts::default())
    }

    pub(crate) fn with_timeouts(answers: &[&[&str]], timeouts: Timeouts) -> Self {
        let (resolver, tasks) = (Answers::new(answers), TaskTracker::new());
        let clock = Arc::new(TestClock::at(Timestamp::from_micros(0)));
        let given = Arc::clone(&resolver) as Arc<dyn Resolve>;
        let upstreams = Upstreams::new(given, Arc::clone(&clock) as _, tasks.clone(), timeouts);
        Self { upstreams, resolver, clock, tasks }
    }

    pub(crate) async fn get(&self, permit: &Permit, path: &str) -> Result<Response<Incoming>, UpstreamError> {
        self.get_of(ORG, permit, path).await
    }

    pub(crate) async fn get_of(
        &self,
        org: [u8; 16],
        permit: &Permit,
        path: &str,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let uri = format!("{}{path}", permit.place());
        soon(self.upstreams.client(org, permit).send(request(Method::GET, &uri))).await
    }
}

pub(crate) fn request(method: Method, uri: &str) -> Request<RequestBody> {
    let body = RequestBody::new(Full::new(Bytes::new()).map_err(|never| match never {}));
    Request::builder().method(method).uri(uri).body(body).unwrap()
}

/// The whole body.
pub(crate) async fn text(answer: Response<Incoming>) -> String {
    let body = soon(answer.into_body().collect()).await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

/// A permit by an entry of the operator.
pub(crate) fn permit_by_entry(url: &str, ca: Option<PrivateCa>) -> Permit {
    let url = Url::parse(url).unwrap();
    let entry = format!("{}:{}", url.host_str().unwrap(), url.port_or_known_default().unwrap());
    let entry: EgressEntry = entry.parse().unwrap();
    let entry = match ca {
        Some(ca) => entry.with_ca(ca),
        None => entry,
    };
    EgressPolicy { allowed: vec![entry] }.check_url(&url).unwrap()
}

/// What must come, but would hang for ever where the code is wrong.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.unwrap()
}
