//! Times, sorted.

use std::time::Duration;

use serde_json::{Value, json};

/// Times of one thing that was done many times.
#[derive(Debug, Default)]
pub(super) struct Times(Vec<Duration>);

impl Times {
    /// Of these.
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// What so many in 100 took at most, in milliseconds; zero of none.
    pub(super) fn at(&self, share: usize) -> f64 {
        let place = self.0.len().saturating_sub(1) * share / 100;
        self.0.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
    }

    /// How many took longer.
    pub(super) fn beyond(&self, limit: Duration) -> usize {
        self.0.iter().filter(|time| **time > limit).count()
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        json!({ "count": self.len(), "p50_ms": self.at(50), "p99_ms": self.at(99), "max_ms": self.at(100) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_100_is_the_most() {
        let times = Times::of((1..=100).rev().map(Duration::from_millis).collect());
        assert_eq!((times.at(50), times.at(99), times.at(100)), (50.0, 99.0, 100.0));
        assert_eq!(times.beyond(Duration::from_millis(98)), 2);
        assert_eq!(Times::default().at(50), 0.0);
    }
}
