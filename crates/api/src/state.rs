//! What every handler has at hand.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use keyholt_engine::{Engine, TestSecret};
use keyholt_types::AddressRange;
use tokio::sync::Semaphore;
use utoipa::openapi::OpenApi;

use crate::metrics::Metrics;
use crate::pressure::Pressure;

/// The settings of the door.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// The base URL under which clients reach this server.
    pub public_url: Option<String>,
    /// Whether this server itself speaks TLS: decides between `https` and `http` where clients are told an address
    /// that no setting names.
    pub has_tls: bool,
    /// The base URL of the AI proxy that clients are told of.
    pub proxy_url: Option<String>,
    /// The origins that may read answers in a browser, exactly as browsers send them.
    pub cors_origins: Vec<String>,
    /// Those whose `Forwarded` and `X-Forwarded-For` are believed.
    pub forwarders: Vec<AddressRange>,
    /// Requests worked on at a time; more are refused with 503.
    pub max_in_flight: usize,
    /// Whether every request leaves a line in the log.
    pub access_log: bool,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            public_url: None,
            has_tls: false,
            proxy_url: None,
            cors_origins: Vec::new(),
            forwarders: Vec::new(),
            max_in_flight: 1024,
            access_log: false,
        }
    }
}

/// The state of the whole door; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// What [`AppState`] shares.
pub struct Shared {
    /// The use cases.
    pub engine: Arc<Engine>,
    /// The settings.
    pub settings: Arc<ApiSettings>,
    /// The counters of the door.
    pub metrics: Metrics,
    /// What tests secrets; none where there is no gateway.
    pub tester: Option<Arc<dyn TestSecret>>,
    /// One permit for each request that may be worked on.
    pub(crate) in_flight: Semaphore,
    /// Whether more come than can be served.
    pub(crate) pressure: Pressure,
    /// What describes the gateway, where there is one.
    pub(crate) gateway_description: OnceLock<OpenApi>,
    /// The OpenAPI document, once it has been asked for.
    pub(crate) description: OnceLock<Bytes>,
}

impl AppState {
    /// Puts it together.
    #[must_use]
    pub fn new(engine: Arc<Engine>, settings: Arc<ApiSettings>, metrics: Metrics) -> Self {
        Self::with_tester(engine, settings, metrics, None)
    }

    /// The same, with what tests secrets.
    #[must_use]
    pub fn with_tester(
        engine: Arc<Engine>,
        settings: Arc<ApiSettings>,
        metrics: Metrics,
        tester: Option<Arc<dyn TestSecret>>,
    ) -> Self {
        let in_flight = Semaphore::new(settings.max_in_flight.min(Semaphore::MAX_PERMITS));
        let (gateway_description, description) = (OnceLock::new(), OnceLock::new());
        Self(Arc::new(Shared {
            engine,
            settings,
            metrics,
            tester,
            in_flight,
            pressure: Pressure::new(),
            gateway_description,
            description,
        }))
    }

    /// Watches whether more requests come than can be served, for ever. Where nobody does, none is refused for that. To be
    /// called beside the runtime's tasks (`block_on`), not within one.
    pub async fn watch_pressure(&self) {
        self.pressure.watch().await;
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
