//! What goes on on a connection of HTTP/2, which hyper has no deadlines for: whoever answers its pings could keep it
//! for ever, with nothing asked for, or with answers that are never taken.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::Instant;

/// What the requests of one connection tell those who watch it.
#[derive(Clone)]
pub(crate) struct Streams(Arc<Counts>);

struct Counts {
    began: Instant,
    /// Whether a request of HTTP/2 has come.
    is_http2: AtomicBool,
    /// Requests whose answers have not been given whole.
    open: AtomicUsize,
    /// Those of them that wait until the client takes more.
    held: AtomicUsize,
    /// When something last went on: a request came or ended, or a part of an answer was taken. In milliseconds since
    /// the connection began.
    moved: AtomicU64,
}

impl Streams {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Counts {
            began: now(),
            is_http2: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            moved: AtomicU64::new(0),
        }))
    }

    /// A request of HTTP/2 has come; it is open until this goes.
    pub(crate) fn open(&self) -> OpenStream {
        self.0.is_http2.store(true, Ordering::Relaxed);
        self.0.open.fetch_add(1, Ordering::Relaxed);
        self.moved();
        OpenStream { streams: self.clone(), is_held: false }
    }

    /// Whether one ever came.
    pub(crate) fn is_http2(&self) -> bool {
        self.0.is_http2.load(Ordering::Relaxed)
    }

    /// For how long nothing has been asked for or answered; none as long as something is.
    pub(crate) fn idle_for(&self) -> Option<Duration> {
        (self.0.open.load(Ordering::Relaxed) == 0).then(|| self.still_for())
    }

    /// For how long an answer has waited for the client while nothing else went on; none when none waits.
    pub(crate) fn stalled_for(&self) -> Option<Duration> {
        (self.0.held.load(Ordering::Relaxed) > 0).then(|| self.still_for())
    }

    fn still_for(&self) -> Duration {
        let moved = Duration::from_millis(self.0.moved.load(Ordering::Relaxed));
        now().duration_since(self.0.began).saturating_sub(moved)
    }

    fn moved(&self) {
        let millis = now().duration_since(self.0.began).as_millis();
        self.0.moved.store(u64::try_from(millis).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// One request, until its answer has been given whole or given up.
pub(crate) struct OpenStream {
    streams: Streams,
    is_held: bool,
}

impl OpenStream {
    /// Its answer, whose body tells when parts of it are taken.
    pub(crate) fn watch(mut self, response: Response) -> Response {
        if response.body().is_end_stream() {
            return response;
        }
        // hyper asks for a part only when the client has room for it.
        self.hold(true);
        response.map(|body| Body::new(WatchedBody { body, stream: self }))
    }

    fn hold(&mut self, is_held: bool) {
        let held = &self.streams.0.held;
        match (self.is_held, is_held) {
            (false, true) => held.fetch_add(1, Ordering::Relaxed),
            (true, false) => held.fetch_sub(1, Ordering::Relaxed),
            (false, false) | (true, true) => return,
        };
        self.is_held = is_held;
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.hold(false);
        self.streams.moved();
        self.streams.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

struct WatchedBody {
    body: Body,
    stream: OpenStream,
}

impl http_body::Body for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.stream.hold(false);
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_ready() {
            self.stream.streams.moved();
            self.stream.hold(true);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[expect(clippy::disallowed_methods, reason = "deadlines of connections, which no clock of the engine's moves")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt, stream};
    use http_body_util::BodyExt;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_from_the_end_of_its_last_request_on() {
        let streams = Streams::new();
        assert!(!streams.is_http2());
        let (one, other) = (streams.open(), streams.open());
        tokio::time::advance(SECOND).await;
        assert!(streams.is_http2() && streams.idle_for().is_none());
        drop(one);
        assert!(streams.idle_for().is_none());
        drop(other.watch(Response::new(Body::empty())));
        tokio::time::advance(SECOND * 2).await;
        assert_eq!(streams.idle_for(), Some(SECOND * 2));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_taken_stalls_and_one_that_is_still_being_made_does_not() {
        let streams = Streams::new();
        let parts = stream::iter([Ok::<_, axum::Error>("a")]).chain(stream::pending());
        let mut body = streams.open().watch(Response::new(Body::from_stream(parts))).into_body();
        tokio::time::advance(SECOND).await;
        assert_eq!(streams.stalled_for(), Some(SECOND), "the client has no room");
        assert!(body.frame().await.unwrap().is_ok());
        tokio::time::advance(SECOND * 2).await;
        assert_eq!(streams.stalled_for(), Some(SECOND * 2), "it has taken one part and has no room for more");
        assert!(body.frame().now_or_never().is_none());
        assert_eq!(streams.stalled_for(), None, "it waits for the server");
        drop(body);
        assert_eq!((streams.stalled_for(), streams.idle_for()), (None, Some(Duration::ZERO)));
    }
}
