//! What one measurement comes to, and whose processor time it took.

use std::time::Duration;

use crate::measure::{Loaded, Measured, time_of, time_of_family};

/// What one measurement came to. Times are in microseconds, those of processors of one request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    /// Requests a second.
    pub(super) rate: f64,
    /// The time that half of the answers took at most.
    pub(super) p50: f64,
    /// The time that 99 in 100 took at most.
    pub(super) p99: f64,
    /// The time that 999 in 1,000 took at most.
    pub(super) p999: f64,
    /// The server's processor time; none where there is no server that is known.
    pub(super) cpu: Option<f64>,
    /// PostgreSQL's.
    pub(super) database: Option<f64>,
    /// The load's own.
    pub(super) load: f64,
}

/// Whose processor time counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    /// The process of the server.
    pub(super) server: Option<u32>,
    /// The first process of PostgreSQL.
    pub(super) database: Option<u32>,
}

/// Processor times so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    server: Option<Duration>,
    database: Option<Duration>,
    load: Duration,
}

impl Meter {
    /// Until now.
    ///
    /// # Errors
    /// When a process has ended.
    pub(super) fn read(self) -> anyhow::Result<Times> {
        Ok(Times {
            server: self.server.map(time_of).transpose()?,
            database: self.database.map(time_of_family).transpose()?,
            load: time_of(std::process::id())?,
        })
    }
}

impl Figures {
    /// Of a load between two readings.
    pub(super) fn new(loaded: &Loaded, before: Times, after: Times) -> Self {
        let Measured { rate, p50, p99, p999, cpu: load } =
            Measured::new(loaded, after.load.saturating_sub(before.load));
        let count = loaded.latencies.len().max(1) as f64;
        let each = |before: Option<Duration>, after: Option<Duration>| {
            Some(after?.saturating_sub(before?).as_secs_f64() * 1e6 / count)
        };
        Self {
            rate,
            p50,
            p99,
            p999,
            cpu: each(before.server, after.server),
            database: each(before.database, after.database),
            load,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_of_one_request() {
        let times = |millis| Times {
            server: Some(Duration::from_millis(millis)),
            database: None,
            load: Duration::from_millis(millis / 2),
        };
        let loaded =
            Loaded { took: Duration::from_secs(1), latencies: vec![5_000; 1_000], ..Loaded::default() };
        let figures = Figures::new(&loaded, times(100), times(300));
        assert_eq!((figures.cpu, figures.database, figures.load), (Some(200.0), None, 100.0));
        assert_eq!((figures.rate, figures.p50, figures.p999), (1000.0, 5.0, 5.0));
    }
}
