//! What came of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::answers::Answer;
use crate::measure::Spread;

/// How many windows make a part.
const PART: usize = 8;

/// A part of the time, in which answers are counted apart: a quarter of a second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Window(usize);

impl Window {
    /// Its length.
    pub(super) const LENGTH: Duration = Duration::from_millis(250);

    /// The one in which a request was due, so long after the start.
    pub(super) fn at(since_start: Duration) -> Self {
        Self(usize::try_from(since_start.as_millis() / Self::LENGTH.as_millis()).unwrap_or(usize::MAX))
    }
}

/// What came of requests.
#[derive(Debug, Default)]
pub(super) struct Served {
    time: Duration,
    /// The times of what was served, in microseconds; sorted at the end.
    times: Vec<u64>,
    /// The same of each window, and how many of its requests were refused.
    windows: BTreeMap<Window, (Vec<u64>, u64)>,
    /// How many answers had another status than 200.
    pub(super) refused: BTreeMap<u16, u64>,
    /// How many of these were no 429 or 503 that says when to come back.
    pub(super) wrong: u64,
    /// How many found no free connection.
    pub(super) not_sent: u64,
}

impl Served {
    pub(super) fn new(time: Duration) -> Self {
        Self { time, ..Self::default() }
    }

    pub(super) fn answered(&mut self, window: Window, answer: Answer, is_lookup: bool, taken: Duration) {
        let (times, refused) = self.windows.entry(window).or_default();
        if answer.status == 200 {
            let micros = u64::try_from(taken.as_micros()).unwrap_or(u64::MAX);
            self.times.push(micros);
            times.push(micros);
            return;
        }
        *refused += 1;
        *self.refused.entry(answer.status).or_default() += 1;
        // The lookup of an AI proxy is never refused but with 400 (wire/braintrust.md 6.1).
        let is_refusal = matches!(answer.status, 429 | 503) && answer.retry_after.is_some();
        if !(is_refusal || is_lookup && answer.status == 400) {
            self.wrong += 1;
        }
    }

    pub(super) fn ended(mut self) -> Self {
        self.times.sort_unstable();
        self.windows.values_mut().for_each(|(times, _)| times.sort_unstable());
        self
    }

    /// How many were served in a second.
    pub(super) fn rate(&self) -> f64 {
        self.times.len() as f64 / self.time.as_secs_f64()
    }

    /// How many were refused in a second.
    pub(super) fn refused_rate(&self) -> f64 {
        self.refused.values().sum::<u64>() as f64 / self.time.as_secs_f64()
    }

    /// The time that half of what was served took at most, in milliseconds.
    pub(super) fn p50(&self) -> f64 {
        percentile(&self.times, 500)
    }

    /// The time that 99 in 100 took at most, in milliseconds.
    pub(super) fn p99(&self) -> f64 {
        percentile(&self.times, 990)
    }

    /// The p99 of each part of two seconds, in milliseconds: one moment in which the machine stood still says nothing of the
    /// others.
    pub(super) fn p99s(&self) -> Spread {
        let parts = self.windows.keys().map(|Window(number)| number / PART).collect::<BTreeSet<usize>>();
        Spread::of(parts.into_iter().map(|part| {
            let windows = self.windows.range(Window(part * PART)..Window((part + 1) * PART));
            let mut times: Vec<u64> = windows.flat_map(|(_, (times, _))| times).copied().collect();
            times.sort_unstable();
            percentile(&times, 990)
        }))
    }

    /// The highest p99 of a window in milliseconds, and the time that the window began at.
    pub(super) fn worst(&self) -> (f64, Duration) {
        let each = self.windows.iter().map(|(window, (times, _))| (percentile(times, 990), window));
        let (p99, window) =
            each.max_by(|(one, _), (other, _)| one.total_cmp(other)).unwrap_or((0.0, &Window(0)));
        (p99, Window::LENGTH * u32::try_from(window.0).unwrap_or(u32::MAX))
    }

    /// The time after which no window had a refusal or a p99 beyond this, in milliseconds.
    pub(super) fn normal_after(&self, p99: f64) -> Duration {
        let is_normal = |(times, refused): &(Vec<u64>, u64)| *refused == 0 && percentile(times, 990) <= p99;
        let last = self.windows.iter().rev().find(|(_, window)| !is_normal(window));
        last.map_or(Duration::ZERO, |(Window(number), _)| {
            Window::LENGTH * u32::try_from(number + 1).unwrap_or(u32::MAX)
        })
    }
}

/// Of sorted microseconds, in milliseconds.
fn percentile(sorted: &[u64], of_1000: usize) -> f64 {
    let place = sorted.len().saturating_sub(1) * of_1000 / 1000;
    sorted.get(place).copied().unwrap_or_default() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: Answer = Answer { status: 200, retry_after: None };
    const BUSY: Answer = Answer { status: 503, retry_after: Some(1) };

    #[test]
    fn what_is_no_proper_refusal_is_wrong() {
        let mut served = Served::new(Duration::from_secs(1));
        let bare = |status| Answer { status, retry_after: None };
        for answer in [OK, BUSY, Answer { status: 429, retry_after: Some(1) }] {
            served.answered(Window(0), answer, false, Duration::ZERO);
        }
        served.answered(Window(0), bare(400), true, Duration::ZERO);
        assert_eq!(served.wrong, 0);
        for answer in [bare(503), bare(500), bare(400)] {
            served.answered(Window(0), answer, false, Duration::ZERO);
        }
        assert_eq!((served.wrong, served.rate()), (3, 1.0));
    }

    #[test]
    fn a_moment_in_which_the_machine_stands_still_is_one_of_several_parts() {
        let mut served = Served::new(Duration::from_secs(6));
        for (window, millis) in [(0, 2), (7, 3), (8, 500), (16, 4), (23, 1)] {
            served.answered(Window(window), OK, false, Duration::from_millis(millis));
        }
        let Spread { least, median, most } = served.ended().p99s();
        // With two of them the lower is the place of 99 in 100.
        assert_eq!((least, median, most), (1.0, 2.0, 500.0));
    }

    #[test]
    fn all_is_well_after_the_last_window_that_was_slow_or_refused() {
        let mut served = Served::new(Duration::from_secs(1));
        for (window, answer, millis) in [(0, BUSY, 1), (1, OK, 90), (2, OK, 1), (3, OK, 1)] {
            served.answered(Window(window), answer, false, Duration::from_millis(millis));
        }
        let served = served.ended();
        assert_eq!(served.normal_after(100.0), Window::LENGTH);
        assert_eq!(served.normal_after(10.0), Window::LENGTH * 2);
        assert_eq!(Window::at(Duration::from_millis(749)), Window(2));
    }
}
