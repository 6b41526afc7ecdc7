//! Taking from a bucket, and how long to wait for one that is empty.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    RateLimiter,
    clock::Clock,
    middleware::{StateInformationMiddleware, StateSnapshot},
};

use super::cells::Cells;

/// People that one address may be: its budget is this many times a person's.
pub(super) const PEOPLE_PER_ADDRESS: NonZeroU32 = NonZeroU32::new(16).unwrap();
pub(super) const ONE: NonZeroU32 = NonZeroU32::MIN;
/// What anybody may spend at once at least.
pub(super) const LEAST_BURST: NonZeroU32 = NonZeroU32::new(5).unwrap();

/// Buckets of one kind, by key.
pub(super) type Limiter<C> = RateLimiter<u64, Cells, C, StateInformationMiddleware>;

/// How long to wait until a bucket gives what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait(Duration);

impl Wait {
    /// Whole milliseconds, after which it has passed.
    pub(super) fn ms(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

/// Takes so many from the bucket of a key and tells how it is then, or says how long to wait. Of a bucket that never holds as
/// many it takes one after a second.
pub(super) fn look_and_take<C: Clock>(limiter: &Limiter<C>, key: u64, many: NonZeroU32) -> Result<StateSnapshot, Wait> {
    let taken = if many == ONE { Ok(limiter.check_key(&key)) } else { limiter.check_key_n(&key, many) };
    match taken {
        Ok(taken) => taken.map_err(|until| Wait(until.wait_time_from(limiter.clock().now()))),
        Err(_) => Err(Wait(Duration::from_secs(1))),
    }
}

/// The same for those who need not know.
pub(super) fn take<C: Clock>(limiter: &Limiter<C>, key: u64, many: NonZeroU32) -> Result<(), Wait> {
    look_and_take(limiter, key, many).map(drop)
}

/// Whether a bucket is at least half full.
pub(super) fn is_half_full(bucket: &StateSnapshot) -> bool {
    bucket.remaining_burst_capacity() * 2 >= bucket.quota().burst_size().get()
}

/// What all behind one address may, where one person may so much.
pub(super) fn of_address(rate: NonZeroU32) -> NonZeroU32 {
    rate.saturating_mul(PEOPLE_PER_ADDRESS)
}

/// A quarter of what comes back in a minute, and a few at least, may be spent at once.
pub(super) fn burst(rate: NonZeroU32) -> NonZeroU32 {
    NonZeroU32::new(rate.get() / 4).map_or(LEAST_BURST, |quarter| quarter.max(LEAST_BURST))
}
