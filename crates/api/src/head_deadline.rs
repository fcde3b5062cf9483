//! Deadlines of heads, apart from those of idle connections.
//!
//! hyper (1.12, `proto/h1/conn.rs`) starts the timer of `header_read_timeout` as soon as it waits for a
//! head, so that it ends connections that are kept alive as well. Here hyper is given a timer that
//! tells the two apart: as long as not a byte of the head has come, the connection is idle; from its
//! first byte on, the head has its deadline, which further bytes do not put off.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::Timer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a connection's stream tells its timers. Only this connection's task reads and writes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Activity(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    /// How often bytes have come.
    reads: AtomicU64,
    /// Whether a protocol has been agreed on: from then on the protocol's own deadlines hold.
    is_open: AtomicBool,
}

impl Activity {
    /// The connection speaks HTTP.
    pub(crate) fn open(&self) {
        self.0.is_open.store(true, Ordering::Relaxed);
    }

    /// Whether it does.
    pub(crate) fn is_open(&self) -> bool {
        self.0.is_open.load(Ordering::Relaxed)
    }

    fn reads(&self) -> u64 {
        self.0.reads.load(Ordering::Relaxed)
    }
}

/// A stream that tells when bytes have come.
pub(crate) struct Watched<S> {
    stream: S,
    activity: Activity,
}

impl<S> Watched<S> {
    pub(crate) const fn new(stream: S, activity: Activity) -> Self {
        Self { stream, activity }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.0.reads.fetch_add(1, Ordering::Relaxed);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The timer of one HTTP/1 connection, which hyper asks for a sleep each time that it begins to wait
/// for a head.
pub(crate) struct HeadTimer {
    /// What the connection's stream tells.
    pub(crate) activity: Activity,
    /// How long a head may take from its first byte on, and the first head from the start.
    pub(crate) head: Duration,
    /// How long a connection may be idle between two requests.
    pub(crate) idle: Duration,
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(HeadSleep {
            activity: self.activity.clone(),
            head: self.head,
            reads_before: None,
            sleep: Box::pin(tokio::time::sleep(duration)),
        })
    }

    // hyper adds its `header_read_timeout` to the present moment to get this deadline; which time is
    // due is known better here.
    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        if !self.activity.is_open() {
            self.activity.open();
            return self.sleep(self.head);
        }
        Box::pin(HeadSleep {
            activity: self.activity.clone(),
            head: self.head,
            reads_before: Some(self.activity.reads()),
            sleep: Box::pin(tokio::time::sleep(self.idle)),
        })
    }
}

/// Ends when the time for what is waited for is over.
struct HeadSleep {
    activity: Activity,
    head: Duration,
    /// How often bytes had come when the waiting began; none once the head has begun.
    reads_before: Option<u64>,
    sleep: Pin<Box<tokio::time::Sleep>>,
}

impl Future for HeadSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.reads_before.is_some_and(|before| this.activity.reads() != before) {
            this.reads_before = None;
            this.sleep = Box::pin(tokio::time::sleep(this.head));
        }
        this.sleep.as_mut().poll(cx)
    }
}

impl hyper::rt::Sleep for HeadSleep {}
