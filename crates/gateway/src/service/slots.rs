//! How many requests are worked on at a time: those of the gateway alone, so that providers that hang stop nobody else
//! in this server (design/security.md C).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places for requests, and memory for their bodies.
pub(super) struct Slots {
    pub(super) bodies: Budget,
    all: Arc<Semaphore>,
    most_per_org: usize,
    orgs: Arc<Mutex<HashMap<[u8; 16], usize>>>,
}

/// A place for a request, kept until its answer has ended.
#[derive(Debug)]
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
}

/// A place among those of an organisation.
#[derive(Debug)]
pub(super) struct OrgSlot {
    org: [u8; 16],
    orgs: Arc<Mutex<HashMap<[u8; 16], usize>>>,
}

impl Slots {
    /// So many in all, so many of one organisation, and so many bytes of bodies.
    pub(super) fn new(all: usize, most_per_org: usize, body_bytes: usize) -> Self {
        let all = Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS)));
        Self { bodies: Budget::new(body_bytes), all, most_per_org, orgs: Arc::default() }
    }

    /// A place, if one is free.
    pub(super) fn take(&self) -> Option<Slot> {
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Slot { _permit: permit })
    }

    /// A place of an organisation's, if one is free.
    pub(super) fn take_for(&self, org: [u8; 16]) -> Option<OrgSlot> {
        let mut orgs = self.orgs.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = orgs.entry(org).or_default();
        if *taken >= self.most_per_org {
            return None;
        }
        *taken += 1;
        Some(OrgSlot { org, orgs: Arc::clone(&self.orgs) })
    }
}

impl Drop for OrgSlot {
    fn drop(&mut self) {
        let mut orgs = self.orgs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = orgs.get_mut(&self.org) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                orgs.remove(&self.org);
            }
        }
    }
}

/// Memory for bodies that are read whole, of all requests together.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    most: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    orgs: HashMap<[u8; 16], usize>,
}

impl Budget {
    /// So many bytes; of one organisation at most three quarters of them, so that one that sends much, or whose provider
    /// hangs, leaves room for the others.
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// Nothing yet, for this organisation.
    pub(super) fn grant(&self, org: [u8; 16]) -> Grant {
        Grant { budget: self.clone(), org, bytes: 0 }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part of the budget, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Grant {
    budget: Budget,
    org: [u8; 16],
    bytes: usize,
}

impl Grant {
    /// Takes so many bytes more; false, and nothing is taken, when there are not so many.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let mut taken = self.budget.taken();
        let all = taken.all.saturating_add(bytes);
        let of_org = taken.orgs.get(&self.org).copied().unwrap_or_default().saturating_add(bytes);
        if all > self.budget.most || of_org > self.budget.most - self.budget.most / 4 {
            return false;
        }
        taken.all = all;
        taken.orgs.insert(self.org, of_org);
        self.bytes = self.bytes.saturating_add(bytes);
        true
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut taken = self.budget.taken();
        taken.all = taken.all.saturating_sub(self.bytes);
        if let Some(of_org) = taken.orgs.get_mut(&self.org) {
            *of_org = of_org.saturating_sub(self.bytes);
            if *of_org == 0 {
                taken.orgs.remove(&self.org);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back() {
        let budget = Budget::new(12);
        let (mut one, mut two) = (budget.grant([1; 16]), budget.grant([1; 16]));
        assert!(one.grow(6) && !two.grow(4) && two.grow(3) && !one.grow(1));
        let mut other = budget.grant([2; 16]);
        assert!(!other.grow(4) && other.grow(3) && !other.grow(1));
        drop((one, two));
        assert!(other.grow(6) && !other.grow(1));
        drop(other);
        assert!(budget.grant([1; 16]).grow(9));
        assert!(budget.taken().orgs.is_empty() && budget.taken().all == 0);
    }

    #[test]
    fn an_organisation_leaves_room_for_others_and_places_come_free_again() {
        let slots = Slots::new(3, 2, 0);
        let (one, _two) = (slots.take_for([1; 16]), slots.take_for([1; 16]));
        assert!(slots.take_for([1; 16]).is_none() && slots.take_for([2; 16]).is_some());
        drop(one);
        assert!(slots.take_for([1; 16]).is_some());
        assert_eq!(slots.orgs.lock().unwrap().len(), 1);
        let taken: Vec<_> = (0..3).map(|_| slots.take()).collect();
        assert!(taken.iter().all(Option::is_some) && slots.take().is_none());
        drop(taken);
        assert!(slots.take().is_some());
    }
}
