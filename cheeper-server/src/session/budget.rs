//! How often somebody may post: per connection and per person at the host's rate, per address at a multiple of it, so
//! that a class behind one router is not one person.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use cheeper_protocol::{Code, FoldedName, Refusal};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};

/// People that one address may be: its budget is this many times a person's.
pub const PEOPLE_PER_ADDRESS: u32 = 16;
/// Keys of which nothing was heard for a while are forgotten after every so many posts.
const SWEEP_EVERY: u32 = 4096;

type Limiter<K, C> = RateLimiter<K, DashMapStateStore<K>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The budgets of everybody.
pub struct Budget<C: Clock = DefaultClock> {
    limiters: Option<Limiters<C>>,
    clock: C,
    spent: AtomicU32,
}

struct Limiters<C: Clock> {
    people: Limiter<Poster, C>,
    addresses: Limiter<IpAddr, C>,
}

/// Whose budget a post uses up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Poster {
    Connection(u64),
    Person(IpAddr, FoldedName),
}

/// Where a post comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    pub address: IpAddr,
    /// The connection's serial number; a post over HTTP has none.
    pub connection: Option<u64>,
}

impl Budget {
    /// Budgets of `per_minute` posts for one person; 0 is no limit.
    pub fn new(per_minute: u32) -> Self {
        Self::with_clock(per_minute, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Budget<C> {
    fn with_clock(per_minute: u32, clock: C) -> Self {
        let quota = |rate: u32| {
            let rate = NonZeroU32::new(rate)?;
            let burst = NonZeroU32::new((rate.get() / 4).max(5))?;
            Some(Quota::per_minute(rate).allow_burst(burst))
        };
        let limiters = quota(per_minute).zip(quota(per_minute.saturating_mul(PEOPLE_PER_ADDRESS)));
        let limiters = limiters.map(|(person, address)| Limiters {
            people: RateLimiter::new(person, DashMapStateStore::default(), clock.clone()),
            addresses: RateLimiter::new(address, DashMapStateStore::default(), clock.clone()),
        });
        Self { limiters, clock, spent: AtomicU32::new(0) }
    }

    /// Takes one post from the budgets it falls under, or says how long to wait.
    pub fn spend(&self, origin: Origin, name: &FoldedName) -> Result<(), Refusal> {
        let Some(limiters) = &self.limiters else { return Ok(()) };
        if self.spent.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            limiters.people.retain_recent();
            limiters.addresses.retain_recent();
        }
        let now = self.clock.now();
        let network = network(origin.address);
        let connection = origin.connection.map(Poster::Connection);
        let checks = [
            limiters.addresses.check_key(&network).err(),
            limiters.people.check_key(&Poster::Person(network, name.clone())).err(),
            connection.and_then(|connection| limiters.people.check_key(&connection).err()),
        ];
        match checks.into_iter().flatten().map(|wait| wait.wait_time_from(now)).max() {
            None => Ok(()),
            Some(wait) => Err(Refusal::from(Code::RateLimited).retry_after(whole_ms(wait))),
        }
    }
}

/// IPv6 hosts have a /64 to themselves, so that is what counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}

fn whole_ms(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::Name;
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn from(address: &str, connection: u64) -> Origin {
        Origin { address: address.parse().unwrap(), connection: Some(connection) }
    }

    fn name(name: &str) -> FoldedName {
        Name::parse(name).unwrap().fold()
    }

    #[test]
    fn a_burst_is_a_quarter_of_the_rate_and_comes_back_with_time() {
        let clock = FakeRelativeClock::default();
        let budget = Budget::with_clock(60, clock.clone());
        let alice = name("alice");
        for _ in 0..15 {
            budget.spend(from("10.0.0.1", 1), &alice).unwrap();
        }
        let wait = budget.spend(from("10.0.0.1", 1), &alice).unwrap_err().retry_after_ms.unwrap();
        assert!((1..=1001).contains(&wait), "{wait}");
        clock.advance(Duration::from_millis(wait));
        budget.spend(from("10.0.0.1", 1), &alice).unwrap();
        assert!(budget.spend(from("10.0.0.1", 1), &alice).is_err());
    }

    #[test]
    fn neither_a_new_connection_nor_a_new_name_gives_a_new_budget() {
        let budget = Budget::with_clock(4, FakeRelativeClock::default());
        for _ in 0..5 {
            budget.spend(from("10.0.0.1", 1), &name("alice")).unwrap();
        }
        assert!(budget.spend(from("10.0.0.1", 2), &name("ALICE")).is_err(), "the same person");
        assert!(budget.spend(from("10.0.0.1", 1), &name("bob")).is_err(), "the same connection");
        budget.spend(from("10.0.0.1", 3), &name("bob")).unwrap();
        budget.spend(from("10.0.0.2", 4), &name("alice")).unwrap();
    }

    #[test]
    fn an_address_has_the_budget_of_several_people_and_ipv6_counts_by_64() {
        let budget = Budget::with_clock(60, FakeRelativeClock::default());
        let spend = |nth: u64| {
            let address = format!("2001:db8::{:x}", nth + 1);
            budget.spend(from(&address, nth), &name(&format!("person {nth}")))
        };
        let allowed = (0..1000).take_while(|&nth| spend(nth).is_ok()).count();
        assert_eq!(allowed, 60 * PEOPLE_PER_ADDRESS as usize / 4);
        budget.spend(from("2001:db8:0:1::1", 5000), &name("another network")).unwrap();
    }

    #[test]
    fn no_rate_is_no_limit() {
        let budget = Budget::new(0);
        assert!((0..10_000).all(|_| budget.spend(from("10.0.0.1", 1), &name("alice")).is_ok()));
    }
}
