//! What the operator decides of the gateway.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::egress::{EgressPolicy, Resolve, SystemResolver};
use crate::timeouts::Timeouts;

/// What the operator decides, and how much is let through at a time.
#[derive(Clone)]
pub struct GatewaySettings {
    /// Where requests may go besides the public internet.
    pub egress: EgressPolicy,
    /// How long an upstream may take.
    pub timeouts: Timeouts,
    /// How long a caller may send nothing while the body of the request is read.
    pub request_idle: Duration,
    /// Requests at a time, answers under way included; more are refused with 503.
    pub in_flight: usize,
    /// The same of one organisation, so that one whose provider hangs leaves room for the others.
    pub in_flight_per_org: usize,
    /// Bytes of bodies that are read whole, of all requests at a time; more are refused with 503.
    pub body_bytes: usize,
    /// Tells the addresses of upstreams.
    pub resolver: Arc<dyn Resolve>,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            egress: EgressPolicy::default(),
            timeouts: Timeouts::default(),
            request_idle: Duration::from_secs(30),
            in_flight: 512,
            in_flight_per_org: 384,
            body_bytes: 512 * 1024 * 1024,
            resolver: Arc::new(SystemResolver),
        }
    }
}

impl fmt::Debug for GatewaySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewaySettings").field("egress", &self.egress).finish_non_exhaustive()
    }
}
