//! Time is a parameter: the engine is given a [`Clock`] and nothing else reads the time.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// A moment, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The latest moment that jiff writes: 9999-12-30T22:00:00, so that it has four digits of a year in any zone.
    const LATEST: i64 = 253_402_207_200_000_000;

    /// The moment so many microseconds after 1970, kept within the years 1970 to 9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(0, Self::LATEST))
    }

    /// The moment so many milliseconds after 1970.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self::from_micros(millis.saturating_mul(1000))
    }

    /// Reads RFC 3339, such as `2026-11-14T12:00:00.000Z`, of any offset; `None` for anything else and for what is
    /// before 1970 or after 9999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let micros = text.parse::<jiff::Timestamp>().ok()?.as_microsecond();
        (0..=Self::LATEST).contains(&micros).then_some(Self(micros))
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0 / 1000
    }

    /// The text, without the machinery of formatting: every row of a list has several.
    fn text(self) -> [u8; 24] {
        // `Timestamp` holds nothing that jiff cannot.
        let moment = jiff::Timestamp::from_millisecond(self.millis()).unwrap_or_default();
        let civil = jiff::tz::Offset::UTC.to_datetime(moment);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let fields = [
            (0..4, civil.year()),
            (5..7, civil.month().into()),
            (8..10, civil.day().into()),
            (11..13, civil.hour().into()),
            (14..16, civil.minute().into()),
            (17..19, civil.second().into()),
            (20..23, civil.millisecond()),
        ];
        for (place, mut number) in fields {
            for digit in text.get_mut(place).into_iter().flatten().rev() {
                *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
                number /= 10;
            }
        }
        text
    }

    /// The moment so many seconds later.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_micros(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }
}

/// The form of JavaScript's `toISOString`, `2026-11-21T09:30:00.125Z`: always milliseconds, always
/// `Z` (wire/braintrust.md 1.3, wire/together.md 1.3).
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.text();
        serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present moment. May step backwards; who needs order must bring it about.
    fn now(&self) -> Timestamp;

    /// How long it has been running; never steps backwards. For deadlines and limits.
    fn ticks(&self) -> Duration;
}

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct TestClock {
    now: AtomicI64,
    ticks: AtomicU64,
}

impl TestClock {
    /// A clock that stands at this moment.
    #[must_use]
    pub const fn at(moment: Timestamp) -> Self {
        Self { now: AtomicI64::new(moment.micros()), ticks: AtomicU64::new(0) }
    }

    /// Moves the clock; backwards too, which its ticks do not follow.
    pub fn advance_micros(&self, micros: i64) {
        self.now.fetch_add(micros, Ordering::SeqCst);
        self.ticks.fetch_add(u64::try_from(micros).unwrap_or(0), Ordering::SeqCst);
    }

    /// Moves the clock; backwards too.
    pub fn advance_seconds(&self, seconds: i64) {
        self.advance_micros(seconds * 1_000_000);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }

    fn ticks(&self) -> Duration {
        Duration::from_micros(self.ticks.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_javascript_does() {
        let written = |micros| Timestamp::from_micros(micros).to_string();
        assert_eq!(written(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(written(1_795_253_400_125_999), "2026-11-21T09:30:00.125Z");
        assert_eq!(written(i64::MAX), "9999-12-30T22:00:00.000Z");
        assert_eq!(written(-1), "1970-01-01T00:00:00.000Z");
        for micros in (0..Timestamp::LATEST).step_by(1_234_567_890_123_457) {
            let moment = Timestamp::from_micros(micros);
            assert_eq!(
                moment.to_string(),
                format!("{:.3}", jiff::Timestamp::from_microsecond(micros - micros % 1000).unwrap())
            );
            assert_eq!(serde_json::to_string(&moment).unwrap(), format!("\"{moment}\""));
        }
    }

    #[test]
    fn a_moment_is_read_as_it_is_written() {
        let moment = Timestamp::from_micros(1_795_253_400_125_000);
        for text in ["2026-11-21T09:30:00.125Z", "2026-11-21T10:30:00.125+01:00"] {
            assert_eq!(Timestamp::parse(text), Some(moment), "{text}");
        }
        for wrong in ["", "2026-11-21", "2026-11-21T09:30:00", "1969-12-31T23:59:59Z", "1795253400"] {
            assert_eq!(Timestamp::parse(wrong), None, "{wrong}");
        }
    }
}
