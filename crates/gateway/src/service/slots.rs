//! How many requests are worked on at a time: those of the gateway alone, so that providers that hang stop nobody else
//! in this server (design/security.md C).

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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
    taken: Arc<AtomicUsize>,
}

impl Budget {
    /// So many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// Nothing yet.
    pub(super) fn grant(&self) -> Grant {
        Grant { budget: self.clone(), bytes: 0 }
    }
}

/// A part of the budget, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Grant {
    budget: Budget,
    bytes: usize,
}

impl Grant {
    /// Takes so many bytes more; false when there are not so many.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let before = self.budget.taken.fetch_add(bytes, Ordering::Relaxed);
        self.bytes = self.bytes.saturating_add(bytes);
        before.saturating_add(bytes) <= self.budget.most
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back() {
        let budget = Budget::new(10);
        let (mut one, mut two) = (budget.grant(), budget.grant());
        assert!(one.grow(6) && !two.grow(5));
        drop(two);
        assert!(one.grow(4) && !one.grow(1));
        drop(one);
        assert!(budget.grant().grow(10));
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
