//! How often somebody may post or change something: what a connection may, what a person may, and how the people behind one
//! address share what that may.
//!
//! Nobody can tell how many people an address is, and who floods it has as many names as he likes. So what counts is
//! what is dear to have many of: a connection that stays open, a name that was here before, both used calmly ([`Standing`]).

use std::num::NonZeroU32;

use governor::{
    Quota,
    clock::{Clock, Reference as _},
};

use super::{
    budget::{Limiter, ONE, PEOPLE_PER_ADDRESS, Wait, burst, is_half_full, look_and_take, of_address},
    cells::Cells,
    keys::Keys,
    known_names::{KnownNames, PROBATION, SEATS},
    share::{Share, Standing},
    source::{Connected, Source},
};
use crate::timeline::Author;

/// Keys of connections and people that are kept, and of addresses. A flood that goes over these resets budgets of its own
/// making: who fills the tables has as many as that to spend anyway.
const PEOPLE: usize = 1 << 15;
const ADDRESSES: usize = 1 << 14;
/// People that those may be who came in by one link behind one address: several classes.
const PEOPLE_PER_CROWD: NonZeroU32 = NonZeroU32::new(128).unwrap();
/// Who posts this many times more slowly than they could is calm. All known names of an address together so have at most half of what it may, and
/// what they need is there whatever the others do.
const CALM: u32 = 4;
const _: () = assert!(SEATS / CALM <= PEOPLE_PER_ADDRESS.get() / 2, "known_names promise more than there is");
/// Posts that somebody calm may make at once.
const CALM_BURST: NonZeroU32 = NonZeroU32::new(4).unwrap();

/// See the module.
pub(super) struct Posts<C: Clock> {
    people: Limiter<C>,
    calm: Limiter<C>,
    addresses: Share<C>,
    /// Sessions by one link behind one address: each is somebody, but they cost nothing to have.
    crowds: Share<C>,
    known_names: KnownNames,
    clock: C,
    began: C::Instant,
}

impl<C: Clock + Clone> Posts<C> {
    /// So many a minute for one person.
    pub(super) fn new(rate: NonZeroU32, clock: &C) -> Self {
        let person = Quota::per_minute(rate);
        let calm = person.replenish_interval().checked_mul(CALM).and_then(Quota::with_period).unwrap_or(person);
        let (many, crowd) = (of_address(rate), rate.saturating_mul(PEOPLE_PER_CROWD));
        Self {
            people: Limiter::new(person.allow_burst(burst(rate)), Cells::new(PEOPLE), clock.clone()),
            calm: Limiter::new(calm.allow_burst(CALM_BURST), Cells::new(PEOPLE), clock.clone()),
            addresses: Share::new(Quota::per_minute(many), burst(many), &Cells::new(ADDRESSES), clock),
            crowds: Share::new(Quota::per_minute(crowd), burst(crowd), &Cells::new(ADDRESSES), clock),
            known_names: KnownNames::new(),
            clock: clock.clone(),
            began: clock.now(),
        }
    }

    /// Takes one from the budgets it falls under, or says how long to wait. The first that says no ends it, so that nobody
    /// uses up what others share by being refused.
    pub(super) fn take(&self, keys: &Keys, from: &Source, author: &Author) -> Result<(), Wait> {
        let connection = from.connection.map(|connection| keys.connection(connection.serial));
        let of_connection = connection.map(|key| look_and_take(&self.people, key, ONE)).transpose()?;
        let now = self.now();
        if from.has_token() {
            let (crowd, person) = (keys.crowd(from), keys.person(from.grant.person));
            let of_person = look_and_take(&self.people, person, ONE)?;
            let is_calm = is_half_full(&of_person) && self.calm.check_key(&person).is_ok();
            let standing = standing(from.connection, self.known_names.knows(crowd, person, now), is_calm);
            self.crowds.take(crowd, standing, ONE)?;
            self.known_names.note(crowd, person, now);
            return Ok(());
        }
        let network = from.network();
        let (address, name) = (keys.network(network), keys.author(network, author));
        let of_name = look_and_take(&self.people, name, ONE)?;
        // Who tries all the time has nothing left of their own, and is not calm however little of it passes.
        let is_calm = is_half_full(of_connection.as_ref().unwrap_or(&of_name))
            && self.calm.check_key(&connection.unwrap_or(name)).is_ok();
        let standing = standing(from.connection, self.known_names.knows(address, name, now), is_calm);
        self.addresses.take(address, standing, ONE)?;
        self.known_names.note(address, name, now);
        Ok(())
    }

    /// Somebody has proved to hold a name: that is as good as to have used it.
    pub(super) fn welcome(&self, keys: &Keys, from: &Source, author: &Author) {
        if !from.has_token() {
            let network = from.network();
            self.known_names.welcome(keys.network(network), keys.author(network, author), self.now());
        }
    }

    /// Seconds. They begin late enough that somebody can have been here before.
    fn now(&self) -> u32 {
        let passed = self.clock.now().duration_since(self.began).as_u64();
        u32::try_from(passed / 1_000_000_000).unwrap_or(u32::MAX).saturating_add(PROBATION)
    }
}

fn standing(connection: Option<Connected>, is_known: bool, is_calm: bool) -> Standing {
    match connection {
        Some(connection) if connection.is_settled && is_calm && is_known => Standing::Regular,
        Some(connection) if connection.is_settled && is_calm => Standing::Settled,
        Some(_) => Standing::Fresh,
        None if is_known && is_calm => Standing::Settled,
        None => Standing::Unknown,
    }
}
