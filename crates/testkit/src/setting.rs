//! What the environment tells a test run.

use std::time::{SystemTime, UNIX_EPOCH};

/// A number from the environment, or its default when it is not set or no number.
#[must_use]
pub fn number_setting(name: &str, default: u64) -> u64 {
    variable(name).and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A text from the environment; none when it is not set or empty.
#[must_use]
pub fn text_setting(name: &str) -> Option<String> {
    variable(name).filter(|text| !text.is_empty())
}

/// The seed of a run: given by the environment to repeat one, else new each time.
#[must_use]
pub fn seed_setting(name: &str) -> u64 {
    number_setting(name, fresh_seed())
}

/// Whether this is a run whose checks may not be skipped.
#[must_use]
pub fn in_continuous_integration() -> bool {
    variable("CI").is_some_and(|text| !text.is_empty())
}

/// Whether the search path holds this program.
#[must_use]
pub fn program_exists(name: &str) -> bool {
    variable("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

#[expect(clippy::disallowed_methods, reason = "a test run's settings have no configuration file")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(clippy::disallowed_methods, reason = "a seed must only differ from run to run; it is printed")]
fn fresh_seed() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| u64::from(time.subsec_nanos()) | time.as_secs() << 32)
}
