//! How much is let through: of each API key, each organisation, and of what fails from each address
//! (design/decisions.md 10).

use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};
use keyholt_types::{Clock, OrgId};

/// So many in each second on average, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// In each second, on average.
    pub per_second: NonZeroU32,
    /// At once, after a pause.
    pub burst: NonZeroU32,
}

impl Rate {
    const fn quota(self) -> Quota {
        Quota::per_second(self.per_second).allow_burst(self.burst)
    }
}

/// What is let through; none is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateLimits {
    /// Requests of one API key.
    pub per_api_key: Option<Rate>,
    /// Requests of all API keys of one organisation together.
    pub per_org: Option<Rate>,
    /// Requests from one address whose credential is refused. Whoever shows a valid one is never held up
    /// by it.
    pub refused_per_address: Option<Rate>,
}

/// Too many requests: in how many whole seconds to come back, 1 to 60.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryAfter(pub(crate) u8);

/// The engine's clock, as the limiters read it: unmoved by changes of the time of day.
#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.ticks()
    }
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>;
type Buckets<K> = RateLimiter<K, HashMapStateStore<K>, Ticks, NoOpMiddleware<Duration>>;

/// The limit of one API key.
pub(crate) struct Pace(Bucket, Ticks);

impl Pace {
    pub(crate) fn check(&self) -> Result<(), RetryAfter> {
        self.0.check().map_err(|until| retry_after(&until, &self.1))
    }
}

/// All limits.
pub(crate) struct Limits {
    ticks: Ticks,
    rates: RateLimits,
    orgs: Option<Bounded<OrgId>>,
    refused: Option<Bounded<Option<IpAddr>>>,
}

impl Limits {
    pub(crate) fn new(rates: RateLimits, clock: Arc<dyn Clock>) -> Self {
        let ticks = Ticks(clock);
        let orgs = rates.per_org.map(|rate| Bounded::new(rate, &ticks));
        let refused = rates.refused_per_address.map(|rate| Bounded::new(rate, &ticks));
        Self { ticks, rates, orgs, refused }
    }

    /// The limit for an API key that comes for the first time.
    pub(crate) fn pace(&self) -> Option<Arc<Pace>> {
        let rate = self.rates.per_api_key?;
        let bucket = RateLimiter::direct_with_clock(rate.quota(), self.ticks.clone());
        Some(Arc::new(Pace(bucket, self.ticks.clone())))
    }

    /// Counts a request of an organisation.
    pub(crate) fn check_org(&self, org: OrgId) -> Result<(), RetryAfter> {
        self.orgs.as_ref().map_or(Ok(()), |orgs| orgs.check(org, &self.ticks))
    }

    /// Counts a refused credential from an address. Of IPv6 a whole /64 counts as one, since who has one
    /// address there has them all.
    pub(crate) fn check_refused(&self, address: Option<IpAddr>) -> Result<(), RetryAfter> {
        self.refused.as_ref().map_or(Ok(()), |refused| refused.check(address.map(counted_as), &self.ticks))
    }
}

fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A limit for each of many, of whom so many are remembered; beyond that, whoever comes new shares one
/// limit with the others who do.
struct Bounded<K: Hash + Eq + Clone> {
    each: Buckets<K>,
    others: Bucket,
    /// The second in which those who need not be remembered were last forgotten: it takes as long as there
    /// are many, and must not be done for each of a flood.
    swept: AtomicU64,
}

impl<K: Hash + Eq + Clone> Bounded<K> {
    const MOST: usize = 65_536;

    fn new(rate: Rate, ticks: &Ticks) -> Self {
        let (state, quota) = (HashMapStateStore::default(), rate.quota());
        Self {
            each: RateLimiter::new(quota, state, ticks.clone()),
            others: RateLimiter::direct_with_clock(quota, ticks.clone()),
            swept: AtomicU64::new(0),
        }
    }

    fn check(&self, key: K, ticks: &Ticks) -> Result<(), RetryAfter> {
        if self.each.len() >= Self::MOST {
            let second = ticks.now().as_secs();
            if self.swept.swap(second, Ordering::Relaxed) != second {
                // Those whose limit is whole again.
                self.each.retain_recent();
            }
            if self.each.len() >= Self::MOST {
                return self.others.check().map_err(|until| retry_after(&until, ticks));
            }
        }
        self.each.check_key(&key).map_err(|until| retry_after(&until, ticks))
    }
}

fn retry_after(until: &NotUntil<Duration>, ticks: &Ticks) -> RetryAfter {
    let seconds = until.wait_time_from(ticks.now()).as_secs_f64().ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number between 1 and 60 by then"
    )]
    let seconds = seconds.clamp(1.0, 60.0) as u8;
    RetryAfter(seconds)
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Limits({:?})", self.rates)
    }
}

#[cfg(test)]
mod tests {
    use keyholt_types::{TestClock, Timestamp};

    use super::*;

    fn limits(rates: RateLimits) -> (Limits, Arc<TestClock>) {
        let clock = Arc::new(TestClock::at(Timestamp::from_micros(0)));
        (Limits::new(rates, Arc::<TestClock>::clone(&clock)), clock)
    }

    fn rate(per_second: u32, burst: u32) -> Option<Rate> {
        Some(Rate { per_second: NonZeroU32::new(per_second)?, burst: NonZeroU32::new(burst)? })
    }

    #[test]
    fn a_burst_is_let_through_and_then_so_many_a_second() {
        let (limits, clock) =
            limits(RateLimits { refused_per_address: rate(50, 500), ..RateLimits::default() });
        let address = "192.0.2.1".parse().ok();
        let let_through = || (0..10_000).filter(|_| limits.check_refused(address).is_ok()).count();
        assert_eq!(let_through(), 500);
        assert_eq!(limits.check_refused(address), Err(RetryAfter(1)));
        clock.advance_seconds(1);
        assert_eq!(let_through(), 50);
        clock.advance_seconds(-3600);
        assert_eq!(let_through(), 0, "the limit does not follow the time of day");
        clock.advance_seconds(3600);
        assert_eq!(let_through(), 500);
    }

    #[test]
    fn each_has_its_own_limit_and_none_is_no_limit() {
        let (limited, _) =
            limits(RateLimits { per_api_key: rate(1, 2), per_org: rate(1, 1), ..RateLimits::default() });
        let (one, other) = (limited.pace().unwrap(), limited.pace().unwrap());
        assert_eq!([one.check(), one.check(), one.check()], [Ok(()), Ok(()), Err(RetryAfter(1))]);
        assert_eq!(other.check(), Ok(()));
        assert_eq!([limited.check_org(OrgId::MIN), limited.check_org(OrgId::MAX)], [Ok(()), Ok(())]);
        assert_eq!(limited.check_org(OrgId::MIN), Err(RetryAfter(1)));
        let (free, _) = limits(RateLimits::default());
        assert!(free.pace().is_none());
        assert!((0..10_000).all(|_| free.check_org(OrgId::MIN).is_ok() && free.check_refused(None).is_ok()));
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let (limits, _) = limits(RateLimits { refused_per_address: rate(1, 1), ..RateLimits::default() });
        let check = |address: &str| limits.check_refused(address.parse().ok()).is_ok();
        assert!(check("2001:db8::1") && !check("2001:db8::2") && check("2001:db8:0:1::1"));
        assert!(check("192.0.2.1") && check("192.0.2.2") && !check("::ffff:192.0.2.1"));
    }

    #[test]
    fn memory_has_a_bound_however_many_addresses_there_are() {
        let (limits, _) = limits(RateLimits { refused_per_address: rate(1, 100), ..RateLimits::default() });
        for number in 0..100_000_u32 {
            let _ = limits.check_refused(Some(IpAddr::V4(number.into())));
        }
        let refused = limits.refused.as_ref().unwrap();
        assert!(refused.each.len() <= Bounded::<Option<IpAddr>>::MOST, "{}", refused.each.len());
        assert!(limits.check_refused("203.0.113.9".parse().ok()).is_err(), "newcomers share one limit");
    }
}
