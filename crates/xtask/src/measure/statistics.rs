//! Figures of one measurement, and of several.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::load::Loaded;

/// What one measurement came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// Requests a second.
    pub(crate) rate: f64,
    /// The time that half of the answers took at most, in microseconds.
    pub(crate) p50: f64,
    /// The time that 99 in 100 took at most, in microseconds.
    pub(crate) p99: f64,
    /// The time that 999 in 1,000 took at most, in microseconds.
    pub(crate) p999: f64,
    /// The server's processor time for one request, in microseconds.
    pub(crate) cpu: f64,
}

impl Measured {
    /// Of a load and the processor time that the server took for it.
    pub(crate) fn new(loaded: &Loaded, processor_time: Duration) -> Self {
        let count = loaded.latencies.len().max(1) as f64;
        let at = |share: usize| {
            let place = loaded.latencies.len().saturating_sub(1) * share / 1000;
            loaded.latencies.get(place).copied().unwrap_or_default() as f64 / 1e3
        };
        Self {
            rate: count / loaded.took.as_secs_f64(),
            p50: at(500),
            p99: at(990),
            p999: at(999),
            cpu: processor_time.as_secs_f64() * 1e6 / count,
        }
    }
}

/// The same figure of several rounds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Spread {
    /// The least.
    pub(crate) least: f64,
    /// The one in the middle, or between the two there.
    pub(crate) median: f64,
    /// The most.
    pub(crate) most: f64,
}

impl Spread {
    /// Of these figures; of none it is zero.
    pub(crate) fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
        let last = sorted.len().saturating_sub(1);
        Self { least: at(0), median: f64::midpoint(at(last / 2), at(last.div_ceil(2))), most: at(last) }
    }

    /// For programs.
    pub(crate) fn json(self) -> Value {
        json!({ "least": self.least, "median": self.median, "most": self.most })
    }
}

/// The one in the middle, and in parentheses the least and the most.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.2} ({:.2}-{:.2})", self.median, self.least, self.most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_the_least_the_middle_and_the_most() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0].into_iter()), Spread { least: 1.0, median: 2.0, most: 3.0 });
        assert_eq!(Spread::of([1.0, 4.0, 2.0, 3.0].into_iter()).median, 2.5);
        assert_eq!(Spread::of(std::iter::empty()), Spread { least: 0.0, median: 0.0, most: 0.0 });
    }

    #[test]
    fn percentiles_are_of_sorted_times() {
        let latencies = (1..=1000).map(|micros| micros * 1000).collect();
        let loaded = Loaded { took: Duration::from_secs(2), latencies, ..Loaded::default() };
        let measured = Measured::new(&loaded, Duration::from_millis(10));
        assert_eq!((measured.rate, measured.cpu), (500.0, 10.0));
        assert_eq!((measured.p50, measured.p99, measured.p999), (500.0, 990.0, 999.0));
    }
}
