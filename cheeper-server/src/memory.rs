//! How much memory the server gives to what waits: answers that clients do not read, requests that are not carried out yet.

use std::{
    mem::size_of,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;

/// What an allocation takes besides its bytes: the allocator's own head, and what points to it.
pub(crate) const OVERHEAD_BYTES: usize = 64;

/// The memory of everything that waits, wherever it waits. Bytes that many share count once.
pub(crate) struct MemoryBudget {
    used: AtomicUsize,
    /// The most that was used since somebody asked.
    peak: AtomicUsize,
    limit_bytes: usize,
}

impl MemoryBudget {
    pub(crate) fn new(limit_bytes: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), peak: AtomicUsize::new(0), limit_bytes })
    }

    /// Whether nothing more should be taken in or made for now.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.limit_bytes
    }

    /// Counts these bytes until the last that holds them lets go.
    pub(crate) fn shared(self: &Arc<Self>, bytes: Vec<u8>) -> Bytes {
        let charge = Charge::new(self, bytes.capacity() + size_of::<Shared>() + OVERHEAD_BYTES);
        Bytes::from_owner(Shared { bytes, _charge: charge })
    }

    /// The most bytes that waited since this was asked before.
    pub(crate) fn take_peak(&self) -> usize {
        self.peak.swap(self.used(), Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        // A difference that is negative wraps around, and so does the sum, which is right again then.
        let used = self.used.fetch_add(bytes, Ordering::Relaxed).wrapping_add(bytes);
        if used > self.peak.load(Ordering::Relaxed) {
            self.peak.fetch_max(used, Ordering::Relaxed);
        }
    }

    /// Bytes that wait at the moment.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

struct Shared {
    bytes: Vec<u8>,
    _charge: Charge,
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Some of the budget, given back when it is dropped.
pub(crate) struct Charge {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

impl Charge {
    pub(crate) fn new(budget: &Arc<MemoryBudget>, bytes: usize) -> Self {
        budget.add(bytes);
        Self { budget: budget.clone(), bytes }
    }

    /// Counts so many bytes from now on, instead of those before.
    pub(crate) fn set(&mut self, bytes: usize) {
        self.budget.add(bytes.wrapping_sub(self.bytes));
        self.bytes = bytes;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_shared_count_once_and_until_the_last_lets_go() {
        let budget = MemoryBudget::new(10);
        let first = budget.shared(vec![0; 11]);
        let second = first.clone();
        let used = budget.used();
        assert!(budget.is_exhausted() && used >= 11);
        drop(first);
        assert_eq!(budget.used(), used);
        drop(second);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_charge_follows_what_it_counts_up_and_down() {
        let budget = MemoryBudget::new(10);
        let mut charge = Charge::new(&budget, 5);
        charge.set(20);
        assert!(budget.is_exhausted());
        charge.set(3);
        assert_eq!(budget.used(), 3);
        drop(charge);
        assert_eq!(budget.used(), 0);
    }
}
