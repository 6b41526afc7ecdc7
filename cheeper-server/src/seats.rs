//! How many may be connected at once: every client connection, of whatever kind, has a seat.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The seats there are.
pub(crate) struct Seats {
    taken: AtomicUsize,
    limit: usize,
}

/// A place that is given back when its connection ends.
pub(crate) struct Seat(Arc<Seats>);

impl Seats {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { taken: AtomicUsize::new(0), limit })
    }

    /// A place, if there is one.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Arc<Seat>> {
        let one_more = |taken: usize| (taken < self.limit).then_some(taken + 1);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Arc::new(Seat(self.clone())))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_free_again_when_its_connection_ends() {
        let seats = Seats::new(2);
        let first = seats.take().unwrap();
        let _second = seats.take().unwrap();
        assert!(seats.take().is_none());
        drop(first);
        assert!(seats.take().is_some());
    }
}
