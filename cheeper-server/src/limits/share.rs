//! What all behind one address have in common, dealt out so that who floods it takes nothing from who does not.
//!
//! One bucket, and a part of it is kept back from each standing for those above: *trunk reservation*, as telephone exchanges
//! do it. While the bucket is full everybody is served. Under a flood it falls to the mark below which the
//! flood's own standing is refused, and stays there; what comes back goes to those above first.

use std::num::NonZeroU32;

use governor::{Quota, clock::Clock};

use super::{
    budget::{LEAST_BURST, Limiter, Wait, take},
    cells::Cells,
};

/// How much somebody behind an address has shown of themselves, from nothing up. None of it is proof of a person; each is
/// something that is dearer to have a thousand times than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// A name that nobody has seen, or one that is busy, over HTTP: they cost nothing to make up.
    Unknown,
    /// A connection that has just been opened, or is busy.
    Fresh,
    /// A connection that has been open for a while and is calm, or a calm name that was here before.
    Settled,
    /// Both.
    Regular,
}

const STANDINGS: u32 = 4;

/// See the module. The keys are addresses.
pub(super) struct Share<C: Clock>([Limiter<C>; STANDINGS as usize]);

impl<C: Clock + Clone> Share<C> {
    /// One that gives back `quota` and holds `burst` for those with the best standing.
    pub(super) fn new(quota: Quota, burst: NonZeroU32, cells: &Cells, clock: &C) -> Self {
        // They are one bucket: the state is the same, and only how far it may be spent differs.
        let up_to = |standing: u32| {
            let part = u64::from(burst.get()) * u64::from(standing + 1) / u64::from(STANDINGS);
            let part = u32::try_from(part).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
            // A single person is to have what one person may, however little that is.
            let part = part.max(LEAST_BURST.min(burst));
            Limiter::new(quota.allow_burst(part), cells.clone(), clock.clone())
        };
        Self([up_to(0), up_to(1), up_to(2), up_to(3)])
    }

    /// Takes so many, or says how long to wait.
    pub(super) fn take(&self, address: u64, standing: Standing, many: NonZeroU32) -> Result<(), Wait> {
        take(&self.0[standing as usize], address, many)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;
    use proptest::prelude::*;

    use super::*;

    const ONE: NonZeroU32 = NonZeroU32::MIN;
    const ALL: [Standing; 4] = [Standing::Unknown, Standing::Fresh, Standing::Settled, Standing::Regular];

    fn share(clock: &FakeRelativeClock) -> Share<FakeRelativeClock> {
        let quota = Quota::per_second(NonZeroU32::new(10).unwrap());
        Share::new(quota, NonZeroU32::new(40).unwrap(), &Cells::new(1 << 10), clock)
    }

    #[test]
    fn each_standing_may_spend_further_than_the_one_below() {
        let share = share(&FakeRelativeClock::default());
        let spent = ALL.map(|standing| (0..100).filter(|_| share.take(1, standing, ONE).is_ok()).count());
        assert_eq!(spent, [10; 4]);
        assert_eq!((0..100).filter(|_| share.take(2, Standing::Regular, ONE).is_ok()).count(), 40, "another address");
    }

    proptest! {
        /// Whatever those below do, who stays within what comes back is never refused.
        #[test]
        fn a_flood_takes_nothing_from_those_above(floods in proptest::collection::vec((0_u8..3, 0_u8..60), 1..200)) {
            let clock = FakeRelativeClock::default();
            let share = share(&clock);
            for (standing, many) in floods {
                clock.advance(Duration::from_millis(100));
                for _ in 0..many {
                    share.take(1, ALL[usize::from(standing)], ONE).ok();
                }
                prop_assert!(share.take(1, Standing::Regular, ONE).is_ok());
            }
        }
    }
}
