//! What the door counts. Labels are closed lists: nothing that a client sends becomes one.

use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::room::Room;

/// The counters of the door; cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RoomLabel, Histogram, fn() -> Histogram>,
    panics: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    room: Room,
    method: Word,
    status: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RoomLabel {
    room: Room,
}

/// A label out of a closed list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Word(&'static str);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        self.0.encode(encoder)
    }
}

impl Metrics {
    /// Counters that are published by this registry.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(durations),
            panics: Counter::default(),
        };
        registry.register("keyholt_http_requests", "Requests answered", metrics.requests.clone());
        registry.register(
            "keyholt_http_request_seconds",
            "Time from a request's head to the head of its answer",
            metrics.seconds.clone(),
        );
        registry.register("keyholt_http_panics", "Requests that failed by a panic", metrics.panics.clone());
        metrics
    }

    pub(crate) fn answered(&self, room: Room, method: &Method, status: StatusCode, taken: Duration) {
        let labels =
            RequestLabels { room, method: Word(method_word(method)), status: Word(class_word(status)) };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&RoomLabel { room }).observe(taken.as_secs_f64());
    }

    pub(crate) fn panicked(&self) {
        self.panics.inc();
    }
}

/// From 100 microseconds, ten buckets up to some 26 seconds.
fn durations() -> Histogram {
    Histogram::new(prometheus_client::metrics::histogram::exponential_buckets(0.0001, 4.0, 10))
}

/// The method; methods that HTTP does not define are one.
pub(crate) fn method_word(method: &Method) -> &'static str {
    const KNOWN: [(&Method, &str); 9] = [
        (&Method::GET, "GET"),
        (&Method::POST, "POST"),
        (&Method::PATCH, "PATCH"),
        (&Method::DELETE, "DELETE"),
        (&Method::PUT, "PUT"),
        (&Method::OPTIONS, "OPTIONS"),
        (&Method::HEAD, "HEAD"),
        (&Method::TRACE, "TRACE"),
        (&Method::CONNECT, "CONNECT"),
    ];
    KNOWN.into_iter().find(|(known, _)| *known == method).map_or("other", |(_, word)| word)
}

fn class_word(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "other",
    }
}
