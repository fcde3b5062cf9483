//! Who may have how many connections at a time.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use keyholt_types::AddressRange;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places for connections: so many in all, and of these so many for one address.
pub(crate) struct Slots {
    all: Arc<Semaphore>,
    /// The most of one address; zero is no limit.
    per_address: usize,
    /// Whose connections are those of many clients: they are not counted by address.
    forwarders: Vec<AddressRange>,
    /// How many each address has; who has none is not in it.
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// The place of one connection, free again when this goes.
pub(crate) struct Slot {
    slots: Arc<Slots>,
    /// What it is counted as, if it is.
    counted_as: Option<IpAddr>,
    _permit: OwnedSemaphorePermit,
}

impl Slots {
    /// So many places in all, and so many for one address that is no forwarder.
    pub(crate) fn new(all: usize, per_address: usize, forwarders: Vec<AddressRange>) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS))),
            per_address,
            forwarders,
            taken: Mutex::default(),
        }
    }

    /// A place for a connection from this address; none when there are too many.
    pub(crate) fn take(self: Arc<Self>, address: IpAddr) -> Option<Slot> {
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let address = counted_as(address);
        let is_counted = self.per_address > 0 && !self.forwarders.iter().any(|range| range.contains(address));
        if is_counted {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            let count = taken.entry(address).or_default();
            if *count >= self.per_address {
                return None;
            }
            *count += 1;
        }
        Some(Slot { counted_as: is_counted.then_some(address), slots: self, _permit: permit })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(address) = self.counted_as else { return };
        let mut taken = self.slots.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&address);
            }
        }
    }
}

/// Of IPv6 a whole /64 counts as one address, since who has one address there has them all.
fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(all: usize, per_address: usize, forwarders: &[&str]) -> Arc<Slots> {
        let forwarders = forwarders.iter().map(|range| range.parse().unwrap()).collect();
        Arc::new(Slots::new(all, per_address, forwarders))
    }

    fn take(slots: &Arc<Slots>, address: &str) -> Option<Slot> {
        Arc::clone(slots).take(address.parse().unwrap())
    }

    #[test]
    fn one_address_has_its_share_and_others_have_the_rest() {
        let slots = slots(4, 2, &[]);
        let held = [take(&slots, "192.0.2.1").unwrap(), take(&slots, "::ffff:192.0.2.1").unwrap()];
        assert!(take(&slots, "192.0.2.1").is_none());
        let others = [take(&slots, "192.0.2.2").unwrap(), take(&slots, "192.0.2.3").unwrap()];
        assert!(take(&slots, "192.0.2.4").is_none(), "there are no more for anybody");
        drop(others);
        assert!(take(&slots, "192.0.2.1").is_none(), "its own are still taken");
        drop(held);
        assert!(take(&slots, "192.0.2.1").is_some());
        assert!(slots.taken.lock().unwrap().is_empty(), "nobody is remembered who has none");
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let slots = slots(9, 1, &[]);
        let _held = take(&slots, "2001:db8::1").unwrap();
        assert!(take(&slots, "2001:db8::2").is_none() && take(&slots, "2001:db8:0:1::1").is_some());
    }

    #[test]
    fn forwarders_and_a_limit_of_zero_are_bound_by_the_number_of_all_alone() {
        for (slots, address) in [(slots(3, 1, &["10.0.0.0/8"]), "10.0.0.1"), (slots(3, 0, &[]), "192.0.2.1")] {
            let held: Vec<_> = (0..3).map(|_| take(&slots, address).unwrap()).collect();
            assert!(take(&slots, address).is_none());
            drop(held);
            assert!(take(&slots, address).is_some());
        }
    }
}
