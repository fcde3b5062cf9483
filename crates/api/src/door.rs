//! The one layer around all rooms: what every request passes and every answer bears.

use std::convert::Infallible;
use std::future::ready;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{CACHE_CONTROL, HOST, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, Version};
use keyholt_types::RequestContext;
use tokio::time::Instant;
use tower::{Layer, Service};

use crate::braintrust::cors;
use crate::forwarded::client_address;
use crate::metrics::method_word;
use crate::refusal::Refusal;
use crate::room::Room;
use crate::server::Peer;
use crate::state::AppState;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_BT_INTERNAL_TRACE_ID: HeaderName = HeaderName::from_static("x-bt-internal-trace-id");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Puts the door around the rooms.
#[derive(Clone)]
pub(crate) struct DoorLayer(pub(crate) AppState);

impl<S> Layer<S> for DoorLayer {
    type Service = Door<S>;

    fn layer(&self, rooms: S) -> Door<S> {
        Door { app: self.0.clone(), rooms }
    }
}

/// Gives each request its id and address, refuses what no room should see, turns a panic into a 500,
/// and completes each answer.
#[derive(Clone)]
pub(crate) struct Door<S> {
    app: AppState,
    rooms: S,
}

impl<S> Service<Request> for Door<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.rooms.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let app = self.app.clone();
        let visit = Visit::begin(&app, &mut request);
        let has_one_host = has_one_host(&request);
        // Whoever asks whether the server lives is told so under any pressure.
        let is_let_through = app.pressure.lets_through() || visit.room == Room::Probes;
        if !is_let_through {
            let mut response = visit.room.refuse(Refusal::Busy);
            // Where the room says it at all.
            if let Some(seconds) = response.headers_mut().get_mut(RETRY_AFTER) {
                *seconds = app.pressure.come_back_in().into();
            }
            visit.end(&app, &mut response);
            return Box::pin(ready(Ok(response)));
        }
        // Nothing of this happens before the future is polled.
        let answer = self.rooms.call(request);
        Box::pin(async move {
            // The gateway has its own places: providers that hang must not stop the others here.
            let permit = (visit.room != Room::Gateway).then(|| app.in_flight.try_acquire());
            let is_full = permit.as_ref().is_some_and(Result::is_err);
            let mut response = if !has_one_host {
                visit.room.refuse(Refusal::Host)
            } else if is_full && visit.room != Room::Probes {
                visit.room.refuse(Refusal::Busy)
            } else {
                // What a panic leaves half done is behind locks that know of it, or in the database.
                match AssertUnwindSafe(answer).catch_unwind().await {
                    Ok(Ok(response)) => response,
                    Ok(Err(never)) => match never {},
                    Err(_) => {
                        // What it said may hold anything; where it happened, the panic hook tells.
                        app.metrics.panicked();
                        tracing::error!(request = %visit.context.id.hex(), "a request ended in a panic");
                        visit.room.refuse(Refusal::Internal)
                    }
                }
            };
            visit.end(&app, &mut response);
            Ok(response)
        })
    }
}

/// A request on its way.
struct Visit {
    room: Room,
    context: RequestContext,
    method: Method,
    began: Instant,
    /// An origin that may read the answer.
    origin: Option<HeaderValue>,
    /// The route, as declared; only for the access log.
    route: Option<MatchedPath>,
}

impl Visit {
    #[expect(
        clippy::disallowed_methods,
        reason = "measures how long a request takes; nothing is decided by it"
    )]
    fn begin(app: &AppState, request: &mut Request) -> Self {
        let began = Instant::now();
        let path = request.uri().path();
        let context = RequestContext { id: app.engine.make_request_id(), address: address(app, request) };
        let visit = Self {
            room: Room::of(path),
            context,
            method: request.method().clone(),
            began,
            origin: cors::listed_origin(&app.settings, path, request.headers()),
            route: app
                .settings
                .access_log
                .then(|| request.extensions().get::<MatchedPath>().cloned())
                .flatten(),
        };
        request.extensions_mut().insert(context);
        visit
    }

    fn end(self, app: &AppState, response: &mut Response) {
        let (status, taken) = (response.status(), self.began.elapsed());
        app.metrics.answered(self.room, &self.method, status, taken);
        let id = self.context.id.hex();
        if app.settings.access_log {
            let route = self.route.as_ref().map_or("unknown", MatchedPath::as_str);
            let (method, room) = (method_word(&self.method), self.room.word());
            let micros = u64::try_from(taken.as_micros()).unwrap_or(u64::MAX);
            tracing::info!(target: "keyholt::access", request = %id, room, method, route, status = status.as_u16(), micros);
        }
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::try_from(id) {
            if self.room.has_trace_id() {
                headers.insert(X_BT_INTERNAL_TRACE_ID, id.clone());
            }
            headers.insert(X_REQUEST_ID, id);
        }
        headers.insert(CACHE_CONTROL, NO_STORE);
        if let Some(origin) = self.origin {
            cors::admit(origin, headers);
        }
    }
}

fn address(app: &AppState, request: &Request) -> Option<IpAddr> {
    let Peer(peer) = request.extensions().get::<Peer>()?;
    Some(client_address(peer.ip(), request.headers(), &app.settings.forwarders))
}

/// One `Host`, as RFC 9112 3.2 demands; under HTTP/2 `:authority` stands for it, and HTTP/1.0 knows none.
fn has_one_host(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => false,
        (Some(_), None) => true,
        (None, None) => match request.version() {
            Version::HTTP_11 => false,
            Version::HTTP_2 => request.uri().authority().is_some(),
            _ => true,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use axum::body::Body;
    use axum::routing::any;
    use keyholt_testkit::TestEngine;
    use prometheus_client::registry::Registry;
    use tower::ServiceExt;

    use super::*;
    use crate::metrics::Metrics;
    use crate::state::ApiSettings;

    #[tokio::test]
    async fn under_pressure_who_is_refused_is_told_when_to_come_back_and_probes_are_answered() {
        let engine = TestEngine::in_memory().await.engine;
        let metrics = Metrics::register(&mut Registry::default());
        let state = AppState::new(engine, Arc::new(ApiSettings::default()), metrics);
        let rooms: Router = Router::new().fallback(any(async || "served"));
        let app = rooms.layer(DoorLayer(state.clone()));
        let ask = async |path: &str| {
            let request = Request::get(path).header(HOST, "keyholt.test").body(Body::empty()).unwrap();
            let answer = app.clone().oneshot(request).await.unwrap();
            let retry_after = answer.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned());
            (answer.status().as_u16(), retry_after)
        };
        assert_eq!(ask("/v1/ai_secret").await, (200, None));
        state.pressure.press();
        for seconds in ["1", "2", "3", "1"] {
            assert_eq!(ask("/v1/ai_secret").await, (503, Some(seconds.to_owned())));
        }
        // An AI proxy would send its caller's own key on after any other status.
        assert_eq!(ask("/api/secret").await, (400, None));
        assert_eq!(ask("/healthz").await, (200, None));
    }
}
