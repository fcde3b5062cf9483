//! What the gateway counts. Labels are closed lists.

use std::fmt;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The counters.
pub(super) struct Metrics {
    /// Requests to providers, one for each attempt.
    attempts: Family<OutcomeLabel, Counter>,
    /// Answers under way.
    pub(super) in_flight: Gauge,
    /// Values that a provider sent back.
    pub(super) redacted: Counter,
    /// Time spent in the gateway itself.
    pub(super) overhead: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: Outcome,
}

/// What came of a request to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    /// An answer with a status below 400.
    Answered,
    /// An answer with a status from 400.
    Refused,
    /// None.
    Failed,
}

impl EncodeLabelValue for Outcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
        .encode(encoder)
    }
}

impl Metrics {
    /// Counters that are published by this registry.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            attempts: Family::default(),
            in_flight: Gauge::default(),
            redacted: Counter::default(),
            overhead: Histogram::new(exponential_buckets(0.00005, 4.0, 9)),
        };
        let requests = metrics.attempts.clone();
        registry.register("keyholt_gateway_upstream_requests", "Requests sent to providers", requests);
        let in_flight = metrics.in_flight.clone();
        registry.register("keyholt_gateway_in_flight", "Requests being worked on", in_flight);
        let redacted = metrics.redacted.clone();
        registry.register("keyholt_gateway_redacted", "Values taken out of answers", redacted);
        registry.register(
            "keyholt_gateway_overhead_seconds",
            "Time spent in the gateway until the head of the answer, without the upstream's",
            metrics.overhead.clone(),
        );
        metrics
    }

    pub(super) fn attempted(&self, outcome: Outcome) {
        self.attempts.get_or_create(&OutcomeLabel { outcome }).inc();
    }
}
