//! What all requests share.

use std::sync::Arc;

use keyholt_engine::Engine;
use keyholt_types::Clock;

use super::metrics::Metrics;
use super::slots::Slots;
use crate::breaker::Breakers;
use crate::egress::Upstreams;
use crate::settings::GatewaySettings;

/// The parts of the gateway.
pub(super) struct Shared {
    pub(super) engine: Arc<Engine>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: GatewaySettings,
    pub(super) upstreams: Upstreams,
    pub(super) breakers: Breakers,
    pub(super) slots: Slots,
    pub(super) metrics: Metrics,
}
