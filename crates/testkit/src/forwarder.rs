//! A network between a server and its PostgreSQL that a test may cut, and that counts what passes.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// What has passed so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    /// Connections that were made.
    pub connections: u64,
    /// Bytes to the server.
    pub to_server: u64,
    /// Bytes from the server.
    pub from_server: u64,
    /// Statements that were sent to be carried out: messages `Execute` and `Query`.
    pub statements: u64,
    /// How often a client sent something after the server had answered: round trips, of one client that waits.
    pub turns: u64,
    /// Messages `NotificationResponse` that were left out.
    pub left_out: u64,
}

/// Takes connections on a loopback address and passes their bytes on to a PostgreSQL server and back. Ends, with all of
/// its connections, when it is dropped. What is encrypted passes too, but only its bytes are counted.
#[derive(Debug)]
pub struct Forwarder {
    address: SocketAddr,
    shared: Arc<Shared>,
    passes: watch::Sender<bool>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    without_notifications: AtomicBool,
    traffic: Mutex<Traffic>,
}

impl Shared {
    fn count(&self, count: impl FnOnce(&mut Traffic)) {
        count(&mut self.traffic.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Forwarder {
    /// A forwarder to this server.
    ///
    /// # Errors
    /// When there is no free port, or no thread.
    pub fn start(server: SocketAddr) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let shared = Arc::<Shared>::default();
        let (passes, is_passing) = watch::channel(true);
        let (end, ended) = oneshot::channel();
        let forwarding = accept_all(listener, server, Arc::clone(&shared), is_passing);
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = forwarding => {}
                    // Sent or dropped, it is the end.
                    _ = ended => {}
                }
            });
        };
        let thread = Builder::new().name("forwarder".to_owned()).spawn(run)?;
        Ok(Self { address, shared, passes, end: Some(end), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Passes nothing from now on, in both directions; nobody is told. New connections are taken and lead nowhere.
    pub fn hold(&self) {
        self.passes.send_replace(false);
    }

    /// Passes what was held, and all that comes.
    pub fn pass(&self) {
        self.passes.send_replace(true);
    }

    /// Leaves the server's notifications (LISTEN/NOTIFY) out from now on.
    pub fn leave_notifications_out(&self) {
        self.shared.without_notifications.store(true, Ordering::SeqCst);
    }

    /// What has passed so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        *self.shared.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It panics nowhere; there is nobody to tell.
            let _joined = thread.join();
        }
    }
}

async fn accept_all(
    listener: TcpListener,
    server: SocketAddr,
    shared: Arc<Shared>,
    is_passing: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (shared, mut is_passing) = (Arc::clone(&shared), is_passing.clone());
        connections.spawn(async move {
            // Without the server there is nobody to pass anything to: the connection is closed, as the server's would be.
            if is_passing.wait_for(|passes| *passes).await.is_ok()
                && let Ok(server) = TcpStream::connect(server).await
            {
                let _broken = connect(client, server, shared, is_passing).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connect(
    client: TcpStream,
    server: TcpStream,
    shared: Arc<Shared>,
    is_passing: watch::Receiver<bool>,
) -> io::Result<()> {
    shared.count(|traffic| traffic.connections += 1);
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // A client speaks first.
    let has_answered = Arc::new(AtomicBool::new(true));
    let there =
        Way { shared: Arc::clone(&shared), side: Side::Client, has_answered: Arc::clone(&has_answered) };
    let back = Way { shared, side: Side::Server, has_answered };
    tokio::try_join!(
        there.carry(from_client, to_server, is_passing.clone()),
        back.carry(from_server, to_client, is_passing)
    )
    .map(drop)
}

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Client,
    Server,
}

/// One direction of a connection.
struct Way {
    shared: Arc<Shared>,
    side: Side,
    has_answered: Arc<AtomicBool>,
}

impl Way {
    async fn carry(
        self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        mut is_passing: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        let mut messages = Messages::default();
        loop {
            let length = from.read(&mut chunk).await?;
            if is_passing.wait_for(|passes| *passes).await.is_err() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            if length == 0 {
                return to.shutdown().await;
            }
            let bytes = messages.add(chunk.get(..length).unwrap_or_default(), |tag| self.passes(tag));
            self.count(bytes.len() as u64);
            to.write_all(&bytes).await?;
        }
    }

    fn passes(&self, tag: u8) -> bool {
        match (self.side, tag) {
            (Side::Client, b'E' | b'Q') => self.shared.count(|traffic| traffic.statements += 1),
            (Side::Server, b'A') if self.shared.without_notifications.load(Ordering::SeqCst) => {
                self.shared.count(|traffic| traffic.left_out += 1);
                return false;
            }
            (Side::Client | Side::Server, _) => {}
        }
        true
    }

    fn count(&self, bytes: u64) {
        let had_answered = self.has_answered.swap(self.side == Side::Server, Ordering::SeqCst);
        self.shared.count(|traffic| match self.side {
            Side::Client => {
                traffic.to_server += bytes;
                traffic.turns += u64::from(had_answered);
            }
            Side::Server => traffic.from_server += bytes,
        });
    }
}

/// Cuts bytes into the messages of PostgreSQL's protocol 3: a letter, a length that counts itself, the content. The
/// first ones of a client have no letter, and begin with a zero of their length.
#[derive(Default)]
struct Messages {
    rest: Vec<u8>,
    has_begun: bool,
    is_opaque: bool,
}

impl Messages {
    /// The whole messages so far, but for those that may not pass by their letters.
    fn add(&mut self, bytes: &[u8], mut passes: impl FnMut(u8) -> bool) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(bytes);
        let mut passed = Vec::with_capacity(all.len());
        let mut at = 0;
        while let Some(rest) = all.get(at..).filter(|rest| !rest.is_empty()) {
            let Some((length, letter)) = self.first(rest) else { break };
            let Some(message) = rest.get(..length) else { break };
            at += length;
            if letter.is_none_or(&mut passes) {
                passed.extend_from_slice(message);
            }
            // The answer to a request for encryption is one letter, before all else.
            self.is_opaque |= !self.has_begun && matches!(message, [b'S' | b'G']);
            self.has_begun |= length > 1 && letter.is_some();
        }
        all.drain(..at);
        self.rest = all;
        passed
    }

    /// The length of the first message and its letter; none while too little of it is there.
    fn first(&mut self, rest: &[u8]) -> Option<(usize, Option<u8>)> {
        /// What TLS begins with; no message does.
        const HANDSHAKE: u8 = 0x16;
        let letter = *rest.first()?;
        self.is_opaque |= !self.has_begun && letter == HANDSHAKE;
        if self.is_opaque {
            return Some((rest.len(), None));
        }
        if !self.has_begun && matches!(letter, b'N' | b'S' | b'G') {
            return Some((1, None));
        }
        let at = usize::from(letter != 0);
        let length = rest.get(at..at + 4)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        Some((at + length.max(4), (letter != 0).then_some(letter)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net;
    use std::time::Duration;

    use super::*;

    fn message(letter: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 4).unwrap().to_be_bytes();
        [&[letter], length.as_slice(), content].concat()
    }

    #[test]
    fn only_notifications_are_left_out_wherever_the_bytes_are_cut() {
        let startup = [0, 0, 0, 9, 0, 3, 0, 0, 0];
        let whole =
            [&startup[..], &message(b'R', b"A"), &message(b'A', b"told"), &message(b'Z', b"I")].concat();
        let wanted = [&startup[..], &message(b'R', b"A"), &message(b'Z', b"I")].concat();
        for cut in 0..whole.len() {
            let mut messages = Messages::default();
            let mut passed = messages.add(&whole[..cut], |letter| letter != b'A');
            passed.extend(messages.add(&whole[cut..], |letter| letter != b'A'));
            assert_eq!(passed, wanted, "{cut}");
        }
    }

    #[test]
    fn what_is_encrypted_passes_as_it_is() {
        let mut server = Messages::default();
        assert_eq!(server.add(b"S", |_| false), b"S");
        assert_eq!(server.add(b"\x16\x03AAAA", |_| false), b"\x16\x03AAAA");
        let mut client = Messages::default();
        let request = [0, 0, 0, 8, 4, 210, 22, 47];
        assert_eq!(client.add(&request, |_| false), request);
        assert_eq!(client.add(b"\x16\x03AAAA", |_| false), b"\x16\x03AAAA");
        let mut refused = Messages::default();
        assert_eq!(refused.add(b"N", |_| false), b"N");
        assert_eq!(refused.add(&message(b'A', b""), |_| false), b"");
    }

    #[test]
    fn nothing_passes_while_it_is_held_and_all_of_it_afterwards() {
        let server = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let forwarder = Forwarder::start(server.local_addr().unwrap()).unwrap();
        let mut client = net::TcpStream::connect(forwarder.address()).unwrap();
        let (mut there, _) = server.accept().unwrap();
        forwarder.hold();
        let query = message(b'Q', b"SELECT 1\0");
        client.write_all(&query).unwrap();
        there.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut came = vec![0; query.len()];
        assert!(there.read(&mut came).is_err());
        forwarder.pass();
        there.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        there.read_exact(&mut came).unwrap();
        assert_eq!(came, query);
        let traffic = forwarder.traffic();
        let passed = (traffic.connections, traffic.to_server, traffic.statements, traffic.turns);
        assert_eq!(passed, (1, query.len() as u64, 1, 1));
        drop(forwarder);
        assert_eq!(client.read(&mut came).unwrap_or(0), 0, "its end is the end of its connections");
    }
}
