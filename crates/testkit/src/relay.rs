//! A way from a node to its PostgreSQL on which a test may hold a node's changes back, or lose the answers to one.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

/// How a change begins.
const BEGIN: &[u8] = b"BEGIN\0";

/// Takes connections on a loopback address and passes their bytes on to a PostgreSQL server and back, unencrypted. Ends,
/// with all of its connections, when it is dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// Where new connections lead, and how long what is sent takes.
    server: Mutex<(SocketAddr, Duration)>,
    changes_pass: watch::Sender<bool>,
    /// How many changes are held back.
    held: watch::Sender<usize>,
    loses_answers: AtomicBool,
}

impl Relay {
    /// A way to this server.
    ///
    /// # Errors
    /// When there is no free port, or no thread.
    pub fn start(server: SocketAddr) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server: Mutex::new((server, Duration::ZERO)),
            changes_pass: watch::Sender::new(true),
            held: watch::Sender::new(0),
            loses_answers: AtomicBool::new(false),
        });
        let (end, ended) = oneshot::channel::<()>();
        let relayed = Arc::clone(&shared);
        let run = move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                tokio::select! {
                    () = accept_all(listener, relayed) => {}
                    // Sent or dropped, it is the end.
                    _ = ended => {}
                }
            });
        };
        let thread = Builder::new().name("relay".to_owned()).spawn(run)?;
        Ok(Self { address, shared, end: Some(end), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads new connections to this server, to which all takes so long; those that there are stay.
    pub fn lead_to(&self, server: SocketAddr, delay: Duration) {
        *self.shared.server.lock().unwrap_or_else(PoisonError::into_inner) = (server, delay);
    }

    /// Holds back every change that begins from now on, before its `BEGIN`; reads pass.
    pub fn hold_changes(&self) {
        self.shared.changes_pass.send_replace(false);
    }

    /// Passes changes.
    pub fn pass_changes(&self) {
        self.shared.changes_pass.send_replace(true);
    }

    /// Waits until so many changes are held back.
    pub async fn held(&self, count: usize) {
        let mut held = self.shared.held.subscribe();
        // The sender lives as long as this.
        let _ = held.wait_for(|held| *held >= count).await;
    }

    /// Passes the next change's statements on, but instead of their answers its node sees the connection's end, of
    /// which the server hears nothing.
    pub fn lose_next_answers(&self) {
        self.shared.loses_answers.store(true, Ordering::SeqCst);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It panics nowhere; there is nobody to tell.
            let _joined = thread.join();
        }
    }
}

async fn accept_all(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let (server, delay) = *shared.server.lock().unwrap_or_else(PoisonError::into_inner);
            if let Ok(server) = TcpStream::connect(server).await {
                let _broken = relay(client, server, delay, &shared).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn relay(
    mut client: TcpStream,
    mut server: TcpStream,
    delay: Duration,
    shared: &Shared,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut is_in_change = false;
    loop {
        tokio::select! {
            length = client.read(&mut asked) => {
                let bytes = asked.get(..length?).unwrap_or_default();
                if bytes.is_empty() {
                    return Ok(());
                }
                if bytes.windows(BEGIN.len()).any(|window| window == BEGIN) {
                    is_in_change = true;
                    wait_to_pass(shared).await;
                }
                tokio::time::sleep(delay).await;
                server.write_all(bytes).await?;
                // `Bind`, which the first statement of a change begins with.
                if is_in_change && bytes.first() == Some(&b'B') {
                    is_in_change = false;
                    if shared.loses_answers.swap(false, Ordering::SeqCst) {
                        drop(client);
                        std::future::pending::<()>().await;
                        return Ok(());
                    }
                }
            }
            length = server.read(&mut answered) => {
                let bytes = answered.get(..length?).unwrap_or_default();
                if bytes.is_empty() {
                    return Ok(());
                }
                client.write_all(bytes).await?;
            }
        }
    }
}

async fn wait_to_pass(shared: &Shared) {
    let mut passes = shared.changes_pass.subscribe();
    if *passes.borrow_and_update() {
        return;
    }
    shared.held.send_modify(|held| *held += 1);
    // The sender lives as long as this.
    let _ = passes.wait_for(|passes| *passes).await;
    shared.held.send_modify(|held| *held -= 1);
}
