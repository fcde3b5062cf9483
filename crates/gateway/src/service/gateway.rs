//! The gateway as a service of HTTP.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderValue, Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use keyholt_engine::Engine;
use prometheus_client::registry::Registry;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tower::Service;

use super::answer_body::GatewayBody;
use super::metrics::Metrics;
use super::serve::serve;
use super::shared::Shared;
use super::slots::Slots;
use super::stopwatch::Stopwatch;
use crate::breaker::Breakers;
use crate::egress::{RequestBody, Upstreams};
use crate::refusal::Refusal;
use crate::settings::GatewaySettings;

const OVERHEAD: HeaderName = HeaderName::from_static("x-keyholt-overhead-ms");

/// Sends requests on to the providers, with the values in place of the callers' own credentials. Cheap to clone.
///
/// Every request needs a [`RequestContext`](keyholt_types::RequestContext) among its extensions, as the door of the
/// server puts it there.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
    tasks: TaskTracker,
}

impl Gateway {
    /// A gateway to the secrets of this engine; its counters are published by this registry.
    #[must_use]
    pub fn new(engine: Arc<Engine>, settings: GatewaySettings, registry: &mut Registry) -> Self {
        let (clock, tasks) = (engine.clock(), TaskTracker::new());
        let resolver = Arc::clone(&settings.resolver);
        let upstreams = Upstreams::new(resolver, Arc::clone(&clock), tasks.clone(), settings.timeouts);
        let shared = Shared {
            breakers: Breakers::new(Arc::clone(&clock)),
            slots: Slots::new(settings.in_flight, settings.in_flight_per_org, settings.body_bytes),
            metrics: Metrics::register(registry),
            upstreams,
            engine,
            clock,
            settings,
        };
        Self { shared: Arc::new(shared), tasks }
    }

    /// Whether certificates of public providers can be verified: whether the system has any of authorities.
    #[must_use]
    pub fn has_roots(&self) -> bool {
        self.shared.upstreams.has_roots()
    }

    /// Ends all connections to providers, once nobody is served any more.
    pub async fn close(&self) {
        self.shared.upstreams.close();
        self.tasks.close();
        self.tasks.wait().await;
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    async fn answer(self, request: Request<RequestBody>) -> Response<GatewayBody> {
        let shared = &self.shared;
        let mut watch = Stopwatch::start(Arc::clone(&shared.clock));
        let (head, body) = request.into_parts();
        let served = match shared.slots.take() {
            Some(slot) => {
                let serving = serve(shared, head, body, slot, &mut watch);
                timeout(shared.settings.timeouts.total, serving).await.unwrap_or(Err(Refusal::TimedOut))
            }
            None => Err(Refusal::Busy),
        };
        let mut response = served.unwrap_or_else(|refusal| refusal.into_response().map(GatewayBody::own));
        let overhead = watch.elapsed();
        shared.metrics.overhead.observe(overhead.as_secs_f64());
        if let Ok(value) = HeaderValue::try_from(format!("{:.3}", overhead.as_secs_f64() * 1000.0)) {
            response.headers_mut().insert(OVERHEAD, value);
        }
        response
    }
}

impl<B> Service<Request<B>> for Gateway
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<GatewayBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<GatewayBody>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let request = request.map(|body| RequestBody::new(body.map_err(Into::into)));
        let gateway = self.clone();
        Box::pin(async move { Ok(gateway.answer(request).await) })
    }
}
