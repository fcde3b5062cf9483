//! Circuit breakers: an upstream that is down is left alone for a while, so that nobody waits for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyholt_types::Clock;

use crate::egress::Place;

/// Failures, one after the other, that open a breaker.
const FAILURES: u32 = 5;
/// The time within which they must lie.
const WITHIN: Duration = Duration::from_secs(30);
/// How long a breaker is open before one request may try.
const OPEN: Duration = Duration::from_secs(10);
/// Breakers that are kept; beyond that the one that changed longest ago is forgotten.
const BREAKERS: usize = 1024;

/// All breakers.
///
/// Each organisation has its own for each place: a request that takes too long is the caller's to make, and must not
/// shut the place to others. What is no fault of the upstream does not count
/// ([`UpstreamError::is_upstreams_fault`](crate::egress::UpstreamError::is_upstreams_fault)), and an answer is no
/// failure, whatever its status.
pub struct Breakers {
    clock: Arc<dyn Clock>,
    states: Mutex<HashMap<Key, State>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    org: [u8; 16],
    place: Place,
}

/// Nothing is kept of a place that last answered. Times are ticks of the clock.
enum State {
    /// It has failed so many times in a row, first then and last then.
    Failing { failures: u32, first: Duration, last: Duration },
    /// It is left alone from then on; a probe is under way since then.
    Open { since: Duration, probe: Option<Duration> },
}

impl State {
    fn changed(&self) -> Duration {
        match self {
            Self::Failing { last, .. } => *last,
            Self::Open { since, probe } => probe.unwrap_or(*since),
        }
    }
}

/// The upstream is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the upstream has failed repeatedly and is left alone for a while")]
pub struct BreakerOpen {
    /// In how many seconds to come back, 1 to 10.
    pub retry_after_seconds: u64,
}

impl Breakers {
    /// All of them closed.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, states: Mutex::default() }
    }

    /// Asks whether a request may be tried. What became of it is told to the [`Attempt`].
    ///
    /// # Errors
    /// When it may not: the breaker is open, or half-open with its one probe under way.
    pub fn admit(&self, org: [u8; 16], place: &Place) -> Result<Attempt<'_>, BreakerOpen> {
        let key = Key { org, place: place.clone() };
        let now = self.clock.ticks();
        let mut states = self.states();
        let is_probe = match states.get_mut(&key) {
            None | Some(State::Failing { .. }) => false,
            Some(State::Open { since, probe }) => {
                let passed = now.saturating_sub(*since);
                if passed < OPEN {
                    let left = OPEN.saturating_sub(passed).as_millis().div_ceil(1000);
                    return Err(BreakerOpen { retry_after_seconds: u64::try_from(left).unwrap_or(1).max(1) });
                }
                if probe.is_some() {
                    return Err(BreakerOpen { retry_after_seconds: 1 });
                }
                *probe = Some(now);
                true
            }
        };
        drop(states);
        Ok(Attempt { breakers: self, key, is_probe })
    }

    fn states(&self) -> MutexGuard<'_, HashMap<Key, State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, key: &Key, is_probe: bool) {
        let now = self.clock.ticks();
        let mut states = self.states();
        let next = match states.get(key) {
            // Requests that began before it opened say nothing new.
            Some(State::Open { .. }) if !is_probe => return,
            Some(State::Open { .. }) => State::Open { since: now, probe: None },
            Some(State::Failing { failures, first, .. }) if now.saturating_sub(*first) <= WITHIN => {
                match failures.saturating_add(1) {
                    failures if failures >= FAILURES => State::Open { since: now, probe: None },
                    failures => State::Failing { failures, first: *first, last: now },
                }
            }
            // A breaker that was closed meanwhile, or failures so far apart that they tell nothing together.
            Some(State::Failing { .. }) | None => State::Failing { failures: 1, first: now, last: now },
        };
        if !states.contains_key(key) {
            make_room(&mut states, now);
        }
        states.insert(key.clone(), next);
    }
}

/// Forgets what is past, and then what changed longest ago, until one more may come.
fn make_room(states: &mut HashMap<Key, State>, now: Duration) {
    if states.len() < BREAKERS {
        return;
    }
    states.retain(|_, state| now.saturating_sub(state.changed()) <= WITHIN);
    while states.len() >= BREAKERS {
        let Some(oldest) = states.values().map(State::changed).min() else { return };
        let mut is_first = true;
        states.retain(|_, state| state.changed() != oldest || !std::mem::take(&mut is_first));
    }
}

/// A request that is under way. Dropped without a verdict, it tells nothing: another may probe then.
pub struct Attempt<'a> {
    breakers: &'a Breakers,
    key: Key,
    is_probe: bool,
}

impl Attempt<'_> {
    /// The upstream gave the head of an answer, with whatever status: the breaker is closed.
    pub fn answered(mut self) {
        self.is_probe = false;
        self.breakers.states().remove(&self.key);
    }

    /// The upstream did not answer: no connection, no head in time, or none that could be read.
    pub fn failed(mut self) {
        let is_probe = std::mem::take(&mut self.is_probe);
        self.breakers.failed(&self.key, is_probe);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_probe
            && let Some(State::Open { probe, .. }) = self.breakers.states().get_mut(&self.key)
        {
            *probe = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use keyholt_types::{TestClock, Timestamp};
    use url::Url;

    use super::*;

    const ORG: [u8; 16] = [1; 16];

    fn setting() -> (Arc<TestClock>, Breakers, Place) {
        let clock = Arc::new(TestClock::at(Timestamp::from_micros(0)));
        let breakers = Breakers::new(Arc::clone(&clock) as Arc<dyn Clock>);
        (clock, breakers, place("https://api.example.com"))
    }

    fn place(url: &str) -> Place {
        Place::of(&Url::parse(url).unwrap()).unwrap()
    }

    fn fail(breakers: &Breakers, place: &Place, times: u32) {
        for _ in 0..times {
            breakers.admit(ORG, place).ok().unwrap().failed();
        }
    }

    fn wait(breakers: &Breakers, place: &Place) -> Option<u64> {
        breakers.admit(ORG, place).err().map(|open| open.retry_after_seconds)
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_ten_seconds() {
        let (clock, breakers, place) = setting();
        fail(&breakers, &place, 4);
        assert_eq!(wait(&breakers, &place), None);
        fail(&breakers, &place, 1);
        assert_eq!(wait(&breakers, &place), Some(10));
        clock.advance_micros(9_999_999);
        assert_eq!(wait(&breakers, &place), Some(1));
        clock.advance_micros(1);
        assert_eq!(wait(&breakers, &place), None);
    }

    #[test]
    fn an_answer_closes_it_and_begins_the_count_anew() {
        let (clock, breakers, place) = setting();
        fail(&breakers, &place, 4);
        breakers.admit(ORG, &place).ok().unwrap().answered();
        fail(&breakers, &place, 4);
        assert_eq!(wait(&breakers, &place), None);
        fail(&breakers, &place, 1);
        clock.advance_seconds(10);
        breakers.admit(ORG, &place).ok().unwrap().answered();
        fail(&breakers, &place, 4);
        assert_eq!(wait(&breakers, &place), None);
    }

    #[test]
    fn failures_that_lie_far_apart_open_nothing() {
        let (clock, breakers, place) = setting();
        for _ in 0..20 {
            fail(&breakers, &place, 1);
            clock.advance_seconds(8);
        }
        assert_eq!(wait(&breakers, &place), None);
        fail(&breakers, &place, 5);
        assert_eq!(wait(&breakers, &place), Some(10));
    }

    #[test]
    fn half_open_it_lets_one_probe_through() {
        let (clock, breakers, place) = setting();
        fail(&breakers, &place, 5);
        clock.advance_seconds(10);
        let probe = breakers.admit(ORG, &place).ok().unwrap();
        assert_eq!(wait(&breakers, &place), Some(1));
        probe.failed();
        assert_eq!(wait(&breakers, &place), Some(10));
        clock.advance_seconds(10);
        drop(breakers.admit(ORG, &place).ok().unwrap());
        let probe = breakers.admit(ORG, &place).ok().unwrap();
        probe.answered();
        assert_eq!(wait(&breakers, &place), None);
    }

    #[test]
    fn requests_from_before_it_opened_do_not_keep_it_open() {
        let (clock, breakers, place) = setting();
        let late: Vec<Attempt<'_>> = (0..8).map(|_| breakers.admit(ORG, &place).ok().unwrap()).collect();
        fail(&breakers, &place, 5);
        clock.advance_seconds(9);
        late.into_iter().for_each(Attempt::failed);
        assert_eq!(wait(&breakers, &place), Some(1));
    }

    #[test]
    fn each_organisation_and_each_place_has_its_own() {
        let (_, breakers, place_one) = setting();
        fail(&breakers, &place_one, 5);
        assert!(breakers.admit([2; 16], &place_one).is_ok());
        for url in ["https://api.example.com:8443", "http://api.example.com", "https://b.example.com"] {
            assert_eq!(wait(&breakers, &place(url)), None, "{url}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_changes_nothing() {
        let (clock, breakers, place) = setting();
        fail(&breakers, &place, 5);
        clock.advance_seconds(-3600);
        assert_eq!(wait(&breakers, &place), Some(10));
        clock.advance_seconds(10);
        assert_eq!(wait(&breakers, &place), None);
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let (clock, breakers, _) = setting();
        for number in 0..BREAKERS + 10 {
            fail(&breakers, &place(&format!("https://a{number}.example")), 5);
            clock.advance_micros(1);
        }
        assert_eq!(breakers.states().len(), BREAKERS);
        assert_eq!(wait(&breakers, &place("https://a0.example")), None);
        assert_eq!(wait(&breakers, &place(&format!("https://a{}.example", BREAKERS + 9))), Some(10));
    }
}
