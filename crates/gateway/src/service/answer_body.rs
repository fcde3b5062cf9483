//! The body of what the gateway answers.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use prometheus_client::metrics::gauge::Gauge;

use super::slots::{OrgSlot, Slot};
use crate::body::{BodyError, UpstreamBody};
use crate::usage::{TokenCounter, Tokens};

/// The body of what the gateway answers: its own words, or an upstream's.
pub struct GatewayBody(Kind);

enum Kind {
    Own(Full<Bytes>),
    Upstream(Box<UpstreamBody<Counted<Incoming>>>, #[expect(dead_code, reason = "kept to the end")] Held),
}

/// What a request holds until its answer has ended.
pub(super) struct Held {
    pub(super) _slot: Slot,
    pub(super) _org_slot: OrgSlot,
    pub(super) _in_flight: InFlight,
}

/// Counts a request as being worked on.
pub(super) struct InFlight(Gauge);

impl InFlight {
    pub(super) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl GatewayBody {
    pub(super) fn own(bytes: Bytes) -> Self {
        Self(Kind::Own(Full::new(bytes)))
    }

    pub(super) fn upstream(body: UpstreamBody<Counted<Incoming>>, held: Held) -> Self {
        Self(Kind::Upstream(Box::new(body), held))
    }
}

impl Body for GatewayBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.get_mut().0 {
            Kind::Own(body) => {
                let frame = Pin::new(body).poll_frame(cx);
                frame.map(|frame| frame.map(|frame| frame.map_err(|never| match never {})))
            }
            Kind::Upstream(body, _) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Own(body) => body.is_end_stream(),
            Kind::Upstream(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Own(body) => body.size_hint(),
            Kind::Upstream(body, _) => body.size_hint(),
        }
    }
}

/// An upstream's body whose tokens are counted as it passes.
pub(super) struct Counted<B> {
    body: B,
    counter: SharedCounter,
}

/// Read by whoever is told of the body's end.
#[derive(Clone)]
pub(super) struct SharedCounter(Arc<Mutex<TokenCounter>>);

impl SharedCounter {
    pub(super) fn new(counter: TokenCounter) -> Self {
        Self(Arc::new(Mutex::new(counter)))
    }

    pub(super) fn finish(&self) -> Tokens {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).finish()
    }
}

impl<B> Counted<B> {
    pub(super) const fn new(body: B, counter: SharedCounter) -> Self {
        Self { body, counter }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Counted<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(chunk) = frame.data_ref()
        {
            this.counter.0.lock().unwrap_or_else(PoisonError::into_inner).push(chunk);
        }
        frame
    }
}
