//! The body of a request: read whole where that is little enough, else streamed.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tokio::time::{Sleep, sleep, timeout};

use super::slots::Grant;
use crate::egress::RequestBody;
use crate::refusal::Refusal;

/// Bodies of at most 8 MiB are read whole: the model is read from them, and they can be sent again
/// (design/decisions.md 21).
const WHOLE: usize = 8 * 1024 * 1024;
/// The most bytes of a body: 32 MiB (design/security.md C).
const MOST: u64 = 32 * 1024 * 1024;

/// A body.
pub(super) enum Upload {
    /// All of it, and the memory that it takes.
    Whole(Bytes, Grant),
    /// A larger one, of which this has come.
    Stream(Stream),
}

/// A body that is still coming.
pub(super) struct Stream {
    first: Bytes,
    rest: RequestBody,
    length: Option<u64>,
}

/// Reads a body, as far as it is read before it is sent on.
///
/// # Errors
/// 413 for more than 32 MiB, at once when so much is announced; 400 when it breaks off or nothing comes for so long;
/// 503 when there is no memory left for it.
pub(super) async fn read(
    headers: &HeaderMap,
    mut body: RequestBody,
    idle: Duration,
    mut grant: Grant,
) -> Result<Upload, Refusal> {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > MOST) {
        return Err(Refusal::TooLarge);
    }
    if length.is_some_and(|length| length > WHOLE as u64) {
        return Ok(Upload::Stream(Stream { first: Bytes::new(), rest: body, length }));
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = timeout(idle, body.frame()).await.map_err(|_| Refusal::BodyLost)? {
        let data = frame.map_err(|_| Refusal::BodyLost)?.into_data();
        let data = data.map_err(|_| Refusal::Request("a request must not have trailers"))?;
        if !grant.grow(data.len()) {
            return Err(Refusal::Busy);
        }
        whole.extend_from_slice(&data);
        if whole.len() > WHOLE {
            return Ok(Upload::Stream(Stream { first: whole.freeze(), rest: body, length: None }));
        }
    }
    Ok(Upload::Whole(whole.freeze(), grant))
}

/// How much of a body has been sent on.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent(Arc<Progress>);

#[derive(Debug, Default)]
struct Progress {
    bytes: AtomicU64,
    is_waited_for: AtomicBool,
}

impl Sent {
    /// Bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Whether the caller was waited for when it was last asked for more: then an upstream that does not answer is not to
    /// blame.
    pub(super) fn is_waited_for(&self) -> bool {
        self.0.is_waited_for.load(Ordering::Relaxed)
    }

    /// Whether it was cut off for being too large.
    pub(super) fn is_too_large(&self) -> bool {
        self.bytes() > MOST
    }
}

/// A body that is there already.
pub(super) fn whole(bytes: Bytes) -> RequestBody {
    RequestBody::new(Full::new(bytes).map_err(|never| match never {}))
}

impl Stream {
    /// The body to be sent on, and how far that has got.
    pub(super) fn into_body(self, idle: Duration) -> (RequestBody, Sent) {
        let sent = Sent::default();
        let Self { first, rest, length } = self;
        let first = (!first.is_empty()).then_some(first);
        let passing = Passing { first, rest, length, idle, waiting: None, sent: sent.clone() };
        (RequestBody::new(passing), sent)
    }
}

/// A body on its way, under its limits.
struct Passing {
    first: Option<Bytes>,
    rest: RequestBody,
    length: Option<u64>,
    idle: Duration,
    /// Since it was last waited for.
    waiting: Option<Pin<Box<Sleep>>>,
    sent: Sent,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Body for Passing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let data = match this.first.take() {
            Some(first) => first,
            None => match Pin::new(&mut this.rest).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => data,
                    Err(_) => return Poll::Ready(Some(Err("the request has trailers".into()))),
                },
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => {
                    this.sent.0.is_waited_for.store(false, Ordering::Relaxed);
                    return Poll::Ready(None);
                }
                Poll::Pending => {
                    this.sent.0.is_waited_for.store(true, Ordering::Relaxed);
                    let idle = this.idle;
                    let waiting = this.waiting.get_or_insert_with(|| Box::pin(sleep(idle)));
                    let over = waiting.as_mut().poll(cx);
                    return over.map(|()| Some(Err("the request's body stopped coming".into())));
                }
            },
        };
        this.waiting = None;
        this.sent.0.is_waited_for.store(false, Ordering::Relaxed);
        let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
        this.sent.0.bytes.fetch_add(length, Ordering::Relaxed);
        if this.sent.is_too_large() {
            return Poll::Ready(Some(Err("the request's body is too large".into())));
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.length.map(http_body::SizeHint::with_exact).unwrap_or_default()
    }
}
