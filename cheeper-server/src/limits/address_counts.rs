//! So many of something at once: in all, and from one address.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::source::network;

/// How many there are, and whose.
pub(super) struct AddressCounts {
    in_all: usize,
    per_address: usize,
    taken: AtomicUsize,
    /// Only addresses that have some, so never more than there may be in all.
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// One of them, given back when it is dropped.
pub(super) struct AddressCount {
    address_counts: Arc<AddressCounts>,
    address: IpAddr,
    counts_for_address: bool,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exceeded {
    InAll,
    ForAddress,
}

impl AddressCounts {
    pub(super) fn new(in_all: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self { in_all, per_address, taken: AtomicUsize::new(0), by_address: Mutex::default() })
    }

    /// Counts one more for this address, if it may have that. `counts_for_address`: for those at a proxy's it does not.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, counts_for_address: bool) -> Result<AddressCount, Exceeded> {
        let more = |taken: usize| (taken < self.in_all).then_some(taken + 1);
        if self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_err() {
            return Err(Exceeded::InAll);
        }
        // From here on it is given back by being dropped, also if it is refused.
        let mut place = AddressCount { address_counts: self.clone(), address, counts_for_address: false };
        if counts_for_address {
            place.count_for_address()?;
        }
        Ok(place)
    }

    fn by_address(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AddressCount {
    /// Whose it is.
    pub(super) fn address(&self) -> &IpAddr {
        &self.address
    }

    fn count_for_address(&mut self) -> Result<(), Exceeded> {
        let mut by_address = self.address_counts.by_address();
        let taken = by_address.entry(network(self.address)).or_default();
        if *taken >= self.address_counts.per_address {
            return Err(Exceeded::ForAddress);
        }
        *taken += 1;
        self.counts_for_address = true;
        Ok(())
    }
}

impl Drop for AddressCount {
    fn drop(&mut self) {
        self.address_counts.taken.fetch_sub(1, Ordering::AcqRel);
        if !self.counts_for_address {
            return;
        }
        if let Entry::Occupied(mut taken) = self.address_counts.by_address().entry(network(self.address)) {
            *taken.get_mut() -= 1;
            if *taken.get() == 0 {
                taken.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_places_and_gives_them_back() {
        let address_counts = AddressCounts::new(10, 2);
        let take = |address: &str| address_counts.take(address.parse().unwrap(), true);
        let two = [take("10.0.0.1").unwrap(), take("10.0.0.1").unwrap()];
        assert_eq!(take("10.0.0.1").err(), Some(Exceeded::ForAddress));
        assert_eq!(take("::ffff:10.0.0.1").err(), Some(Exceeded::ForAddress), "the same, written otherwise");
        let other = take("10.0.0.2").unwrap();
        drop(two);
        assert!(take("10.0.0.1").is_ok());
        drop(other);
        assert!(address_counts.by_address().is_empty(), "nothing is kept of those who left");
        assert_eq!(address_counts.taken.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn hosts_of_one_ipv6_network_share_and_all_share_what_there_is_in_all() {
        let address_counts = AddressCounts::new(3, 2);
        let take = |address: &str, counts| address_counts.take(address.parse().unwrap(), counts);
        let _two = [take("2001:db8::1", true).unwrap(), take("2001:db8::2:0:0:1", true).unwrap()];
        assert_eq!(take("2001:db8::3", true).err(), Some(Exceeded::ForAddress));
        let _uncounted = take("2001:db8::4", false).unwrap();
        assert_eq!(take("10.0.0.1", true).err(), Some(Exceeded::InAll));
        assert_eq!(address_counts.by_address().len(), 1);
    }
}
