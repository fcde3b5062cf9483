//! A provider that says what a test tells it to, byte by byte, and remembers what it was sent.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// A request that came.
#[derive(Debug, Clone)]
pub struct SeenRequest {
    /// The request line's method.
    pub method: String,
    /// The request line's target.
    pub target: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, without the marks of chunks.
    pub body: Vec<u8>,
    /// Which connection it came on, counted from 0.
    pub connection: usize,
}

impl SeenRequest {
    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Everything that came, as one text.
    #[must_use]
    pub fn whole(&self) -> String {
        format!("{} {} {:?} {}", self.method, self.target, self.headers, String::from_utf8_lossy(&self.body))
    }
}

/// A part of an answer.
#[derive(Debug, Clone)]
pub enum Step {
    /// Writes this.
    Say(Vec<u8>),
    /// Waits for a permit.
    Wait(Arc<Semaphore>),
    /// Waits until the other side closes the connection.
    Hold,
    /// Closes the connection.
    Close,
}

impl Step {
    /// A whole answer with a body of JSON.
    #[must_use]
    pub fn json(status: u16, body: &str) -> Vec<Self> {
        Self::with_headers(status, &[("content-type", "application/json")], body)
    }

    /// A whole answer with these headers.
    #[must_use]
    pub fn with_headers(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<Self> {
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let text = format!("HTTP/1.1 {status} Any\r\n{lines}content-length: {length}\r\n\r\n{body}");
        vec![Self::Say(text.into_bytes())]
    }

    /// The head of a stream of events, in chunks.
    #[must_use]
    pub fn events() -> Self {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        Self::Say(head.into())
    }

    /// A chunk of such a stream; an empty one ends it.
    #[must_use]
    pub fn chunk(text: &str) -> Self {
        Self::Say(format!("{:x}\r\n{text}\r\n", text.len()).into_bytes())
    }
}

type Script = dyn Fn(&SeenRequest) -> Vec<Step> + Send + Sync;

/// A server on a loopback address; ends when it is dropped.
pub struct FakeProvider {
    address: SocketAddr,
    seen: Arc<Seen>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<SeenRequest>>,
    connections: AtomicUsize,
    closed: AtomicUsize,
}

impl Seen {
    fn requests(&self) -> MutexGuard<'_, Vec<SeenRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeProvider {
    /// A provider that answers every request as this script says.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(script: impl Fn(&SeenRequest) -> Vec<Step> + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let seen = Arc::<Seen>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(accept_all(listener, Arc::clone(&seen), Arc::new(script)));
        Ok(Self { address, seen, _tasks: tasks })
    }

    /// A provider that always answers so.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn saying(steps: Vec<Step>) -> io::Result<Self> {
        Self::start(move |_| steps.clone()).await
    }

    /// `127.0.0.1:PORT`: the entry that opens it.
    #[must_use]
    pub fn entry(&self) -> String {
        self.address.to_string()
    }

    /// Its address with this path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What has come.
    #[must_use]
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.seen.requests().clone()
    }

    /// How many connections were made.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// How many of them have ended.
    #[must_use]
    pub fn closed(&self) -> usize {
        self.seen.closed.load(Ordering::SeqCst)
    }
}

async fn accept_all(listener: TcpListener, seen: Arc<Seen>, script: Arc<Script>) {
    let mut conversations = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let connection = seen.connections.fetch_add(1, Ordering::SeqCst);
        let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
        conversations.spawn(async move {
            // An error is how many of these connections are meant to end.
            let _ = converse(stream, connection, &seen, &*script).await;
            seen.closed.fetch_add(1, Ordering::SeqCst);
        });
    }
}

async fn converse(stream: TcpStream, connection: usize, seen: &Seen, script: &Script) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let request = read_request(&mut stream, connection).await?;
        let steps = script(&request);
        seen.requests().push(request);
        for step in steps {
            match step {
                Step::Say(bytes) => {
                    stream.write_all(&bytes).await?;
                    stream.flush().await?;
                }
                Step::Wait(permits) => {
                    if let Ok(permit) = permits.acquire().await {
                        permit.forget();
                    }
                }
                Step::Hold => return tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop),
                Step::Close => return stream.shutdown().await,
            }
        }
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>, connection: usize) -> io::Result<SeenRequest> {
    let line = read_line(stream).await?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = SeenRequest { method, target, headers: Vec::new(), body: Vec::new(), connection };
    loop {
        let line = read_line(stream).await?;
        let Some((name, value)) = line.split_once(':') else { break };
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if let Some(length) = request.header("content-length").and_then(|length| length.parse().ok()) {
        request.body = vec![0; length];
        stream.read_exact(&mut request.body).await?;
    } else if request.header("transfer-encoding").is_some() {
        loop {
            let length = usize::from_str_radix(&read_line(stream).await?, 16).map_err(io::Error::other)?;
            let mut chunk = vec![0; length];
            stream.read_exact(&mut chunk).await?;
            read_line(stream).await?;
            if length == 0 {
                break;
            }
            request.body.extend_from_slice(&chunk);
        }
    }
    Ok(request)
}

async fn read_line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
