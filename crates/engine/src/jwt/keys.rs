//! An issuer's key set: how long it is good for, and when it is fetched again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyholt_crypto::{JwksProblem, JwtKeys};
use keyholt_types::Clock;
use tokio::sync::{Notify, watch};

/// A set is fetched again when it is older.
const FRESH_FOR: Duration = Duration::from_secs(5 * 60);
/// A set is not used when it is older.
const GOOD_FOR: Duration = Duration::from_secs(60 * 60);
/// No fetch begins sooner after the one before.
const PAUSE: Duration = Duration::from_secs(30);
/// So long a request waits for keys.
const PATIENCE: Duration = Duration::from_secs(5);

/// The keys of one issuer. Moments are ticks of the engine's clock, which no change of the time of day moves.
pub(super) struct IssuerKeys {
    state: Mutex<State>,
    asked: Notify,
    /// How many fetches have ended.
    ended: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    set: Option<KeySet>,
    /// When the last fetch began.
    began_at: Option<Duration>,
    is_fetching: bool,
    /// Whether a request waits for keys that the set does not have.
    is_wanted: bool,
}

struct KeySet {
    keys: Arc<JwtKeys>,
    /// When the fetch began: from then on the issuer may have had others.
    as_of: Duration,
}

impl Default for IssuerKeys {
    fn default() -> Self {
        Self { state: Mutex::default(), asked: Notify::new(), ended: watch::Sender::new(0) }
    }
}

impl IssuerKeys {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keys, if they are good.
    pub(super) fn current(&self, now: Duration) -> Option<Arc<JwtKeys>> {
        let state = self.state();
        state.set.as_ref().filter(|set| set.is_good(now)).map(|set| Arc::clone(&set.keys))
    }

    /// The keys after a fetch that is under way or begins now; those that there are when it is too soon for one. None
    /// when there are no good ones then, or the fetch takes too long.
    pub(super) async fn ask(&self, clock: &dyn Clock) -> Option<Arc<JwtKeys>> {
        let mut ended = self.ended.subscribe();
        if self.want_fetch(clock.ticks()) {
            self.asked.notify_one();
            tokio::time::timeout(PATIENCE, ended.changed()).await.ok()?.ok()?;
        }
        self.current(clock.ticks())
    }

    /// Asks for a fetch. Whether one will end.
    fn want_fetch(&self, now: Duration) -> bool {
        let mut state = self.state();
        let begins = !state.is_fetching && state.may_begin(now);
        state.is_wanted |= begins;
        begins || state.is_fetching
    }

    /// Waits until somebody asks for keys.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Whether it is time to fetch; from then on the fetch counts as begun.
    pub(super) fn begin_fetch(&self, now: Duration) -> bool {
        let mut state = self.state();
        let is_out_of_date = state.set.as_ref().is_none_or(|set| now.saturating_sub(set.as_of) > FRESH_FOR);
        if !(state.is_wanted || is_out_of_date) || !state.may_begin(now) {
            return false;
        }
        state.began_at = Some(now);
        (state.is_fetching, state.is_wanted) = (true, false);
        true
    }

    /// Takes what was fetched in place of what was there. Whether all keys of before are still among them; when
    /// nothing was fetched, what was there stays, and why is given back.
    pub(super) fn end_fetch(&self, fetched: Result<JwtKeys, &'static str>) -> Result<bool, &'static str> {
        let mut state = self.state();
        state.is_fetching = false;
        let taken = fetched.map(|keys| {
            let held_all = state.set.as_ref().is_none_or(|before| keys.hold_all_of(&before.keys));
            let as_of = state.began_at.unwrap_or_default();
            state.set = Some(KeySet { keys: Arc::new(keys), as_of });
            held_all
        });
        drop(state);
        self.ended.send_modify(|count| *count += 1);
        taken
    }

    /// Drops keys that are not good any more. Whether there were any.
    pub(super) fn drop_outdated(&self, now: Duration) -> bool {
        self.state().set.take_if(|set| !set.is_good(now)).is_some()
    }
}

impl State {
    fn may_begin(&self, now: Duration) -> bool {
        self.began_at.is_none_or(|began| now.saturating_sub(began) >= PAUSE)
    }
}

impl KeySet {
    fn is_good(&self, now: Duration) -> bool {
        now.saturating_sub(self.as_of) <= GOOD_FOR
    }
}

/// Reads what was fetched.
pub(super) fn read(json: &[u8]) -> Result<JwtKeys, &'static str> {
    JwtKeys::parse(json).map_err(|problem| match problem {
        JwksProblem::Malformed => "it is not a JSON Web Key Set",
        JwksProblem::TooMany => "it has more than 100 keys",
        JwksProblem::NoneUsable => "it has no key that can be used",
    })
}
