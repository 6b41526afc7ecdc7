//! How often somebody may post or change something, claim names and try secrets. A post or a change must fit what its connection, then what its author, then what its
//! address may do. The first that says no ends it, so that nobody uses up what others share by being refused.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
};

use cheeper_protocol::{Code, FoldedName, Name, Refusal};
use governor::{
    NotUntil, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};

use crate::{access::Grant, timeline::Author};

/// People that one address may be: its budget is this many times a person's.
pub const PEOPLE_PER_ADDRESS: u32 = 16;
/// Times a second that one address may prove to hold a name, and how often at once: more than any client that comes back
/// needs, and too few to guess.
const SECRETS_PER_SECOND: NonZeroU32 = NonZeroU32::new(10).unwrap();
const SECRETS_AT_ONCE: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Keys of which nothing was heard for a while are forgotten after every so many posts.
const SWEEP_EVERY: u32 = 4096;

type Limiter<K, C> = RateLimiter<K, DashMapStateStore<K>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The budgets of everybody.
pub struct RateLimits<C: Clock = DefaultClock> {
    limiters: Option<Limiters<C>>,
    /// In force even where posts are not limited.
    secrets: Limiter<(IpAddr, FoldedName), C>,
    secrets_of_address: Limiter<IpAddr, C>,
    clock: C,
    spent: AtomicU32,
    refused_posts: AtomicU64,
}

struct Limiters<C: Clock> {
    people: Limiter<Poster, C>,
    addresses: Limiter<IpAddr, C>,
    claims: Limiter<IpAddr, C>,
}

/// Whose budget a post uses up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Poster {
    Connection(u64),
    /// Somebody at an address, under a name, with the hash of the secret that goes with it: who only says a name does not
    /// use up what its holder has.
    Person(IpAddr, FoldedName, Option<blake3::Hash>),
}

/// Where a post comes from.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    pub address: IpAddr,
    /// The connection's serial number; a post over HTTP has none.
    pub connection: Option<u64>,
    /// What they may do.
    pub grant: Grant,
}

impl RateLimits {
    /// Limits of `per_minute` posts for one person; 0 is no limit.
    pub fn new(per_minute: u32) -> Self {
        Self::with_clock(per_minute, DefaultClock::default())
    }
}

impl<C: Clock + Clone> RateLimits<C> {
    fn with_clock(per_minute: u32, clock: C) -> Self {
        let limiters = NonZeroU32::new(per_minute).map(|rate| {
            let many = rate.saturating_mul(const { NonZeroU32::new(PEOPLE_PER_ADDRESS).unwrap() });
            let person = Quota::per_minute(rate).allow_burst(burst(rate));
            let address = Quota::per_minute(many).allow_burst(burst(many));
            // A class may claim its names all at once; after that new names are rare.
            let claims = Quota::per_minute(rate).allow_burst(burst(many));
            Limiters {
                people: RateLimiter::new(person, DashMapStateStore::default(), clock.clone()),
                addresses: RateLimiter::new(address, DashMapStateStore::default(), clock.clone()),
                claims: RateLimiter::new(claims, DashMapStateStore::default(), clock.clone()),
            }
        });
        let secrets = Quota::per_second(SECRETS_PER_SECOND).allow_burst(SECRETS_AT_ONCE);
        let secrets = RateLimiter::new(secrets, DashMapStateStore::default(), clock.clone());
        // A class behind one address may come back all at once; who tries one secret on many names is stopped as well.
        let many = |rate: NonZeroU32| rate.saturating_mul(const { NonZeroU32::new(PEOPLE_PER_ADDRESS).unwrap() });
        let of_address = Quota::per_second(many(SECRETS_PER_SECOND)).allow_burst(many(SECRETS_AT_ONCE));
        let secrets_of_address = RateLimiter::new(of_address, DashMapStateStore::default(), clock.clone());
        Self {
            limiters,
            secrets,
            secrets_of_address,
            clock,
            spent: AtomicU32::new(0),
            refused_posts: AtomicU64::new(0),
        }
    }

    /// Takes one post, or one change, from the budgets it falls under, or says how long to wait.
    pub fn check_post(&self, from: Source, author: &Author) -> Result<(), Refusal> {
        let Some(limiters) = &self.limiters else { return Ok(()) };
        self.sweep();
        let network = network(from.address);
        let secret = author.secret.as_ref().map(|secret| blake3::hash(secret.expose().as_bytes()));
        let fits = || {
            if let Some(connection) = from.connection {
                limiters.people.check_key(&Poster::Connection(connection))?;
            }
            limiters.people.check_key(&Poster::Person(network, author.name.fold(), secret))?;
            limiters.addresses.check_key(&network)
        };
        fits().map_err(|until| {
            self.refused_posts.fetch_add(1, Ordering::Relaxed);
            Refusal::from(Code::RateLimited).retry_after(self.wait_ms(&until))
        })
    }

    /// Takes the claim of a name from its address's budget, or says how long to wait. Nobody knows here whether the name is
    /// free, so the asker's own name counts as well; it is the timeline that lets a holder in all the same.
    pub fn check_claim(&self, from: Source) -> Result<(), Refusal> {
        let Some(limiters) = &self.limiters else { return Ok(()) };
        self.sweep();
        limiters.claims.check_key(&network(from.address)).map_err(|until| {
            let why = "Too many names were claimed from your address in a short time: wait a moment.";
            Refusal::new(Code::RateLimited, why).retry_after(self.wait_ms(&until))
        })
    }

    /// Takes an attempt to use a claimed name, or says how long to wait. Whether the secret is right is not known here, so
    /// the holder's own attempts count as well.
    pub fn check_secret(&self, from: Source, name: &Name) -> Result<(), Refusal> {
        self.sweep();
        let network = network(from.address);
        let fits = || {
            self.secrets.check_key(&(network, name.fold()))?;
            self.secrets_of_address.check_key(&network)
        };
        fits().map_err(|until| {
            let why = "Secrets were tried too often from your address: wait a moment.";
            Refusal::new(Code::RateLimited, why).retry_after(self.wait_ms(&until))
        })
    }

    /// How many posts and changes found no budget.
    pub fn refused_posts(&self) -> u64 {
        self.refused_posts.load(Ordering::Relaxed)
    }

    fn wait_ms(&self, until: &NotUntil<C::Instant>) -> u64 {
        let wait = until.wait_time_from(self.clock.now());
        u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    fn sweep(&self) {
        if self.spent.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY != SWEEP_EVERY - 1 {
            return;
        }
        self.secrets.retain_recent();
        self.secrets_of_address.retain_recent();
        if let Some(limiters) = &self.limiters {
            limiters.people.retain_recent();
            limiters.addresses.retain_recent();
            limiters.claims.retain_recent();
        }
    }
}

/// A quarter of what comes back in a minute, and a few at least, may be spent at once.
fn burst(rate: NonZeroU32) -> NonZeroU32 {
    const LEAST: NonZeroU32 = NonZeroU32::new(5).unwrap();
    NonZeroU32::new(rate.get() / 4).map_or(LEAST, |quarter| quarter.max(LEAST))
}

/// IPv6 hosts have a /64 to themselves, so that is what counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cheeper_protocol::{Role, Secret};
    use governor::clock::FakeRelativeClock;

    use super::*;
    use crate::timeline::Person;

    const GRANT: Grant = Grant { role: Role::Member, person: Person(1), link: None, ends_at: None };

    fn from(address: &str, connection: u64) -> Source {
        Source { address: address.parse().unwrap(), connection: Some(connection), grant: GRANT }
    }

    fn name(name: &str) -> Author {
        Author { name: Name::parse(name).unwrap(), secret: None, role: Role::Member, person: GRANT.person, link: None }
    }

    fn holder(name: &str, secret: &str) -> Author {
        Author {
            name: Name::parse(name).unwrap(),
            secret: Some(Secret::parse(secret).unwrap()),
            role: Role::Member,
            person: GRANT.person,
            link: None,
        }
    }

    #[test]
    fn a_burst_is_a_quarter_of_the_rate_and_comes_back_with_time() {
        let clock = FakeRelativeClock::default();
        let limits = RateLimits::with_clock(60, clock.clone());
        let alice = name("alice");
        for _ in 0..15 {
            limits.check_post(from("10.0.0.1", 1), &alice).unwrap();
        }
        let wait = limits.check_post(from("10.0.0.1", 1), &alice).unwrap_err().retry_after_ms.unwrap();
        assert!((1..=1001).contains(&wait), "{wait}");
        clock.advance(Duration::from_millis(wait));
        limits.check_post(from("10.0.0.1", 1), &alice).unwrap();
        assert!(limits.check_post(from("10.0.0.1", 1), &alice).is_err());
    }

    #[test]
    fn neither_a_new_connection_nor_a_new_name_gives_a_new_budget() {
        let limits = RateLimits::with_clock(4, FakeRelativeClock::default());
        for _ in 0..5 {
            limits.check_post(from("10.0.0.1", 1), &name("alice")).unwrap();
        }
        assert!(limits.check_post(from("10.0.0.1", 2), &name("ALICE")).is_err(), "the same person");
        assert!(limits.check_post(from("10.0.0.1", 1), &name("bob")).is_err(), "the same connection");
        limits.check_post(from("10.0.0.1", 3), &name("bob")).unwrap();
        limits.check_post(from("10.0.0.2", 4), &name("alice")).unwrap();
    }

    #[test]
    fn an_address_has_the_budget_of_several_people_and_ipv6_counts_by_64() {
        let limits = RateLimits::with_clock(60, FakeRelativeClock::default());
        let spend = |nth: u64| {
            let address = format!("2001:db8::{:x}", nth + 1);
            limits.check_post(from(&address, nth), &name(&format!("person {nth}")))
        };
        let allowed = (0..1000).take_while(|&nth| spend(nth).is_ok()).count();
        assert_eq!(allowed, 60 * PEOPLE_PER_ADDRESS as usize / 4);
        limits.check_post(from("2001:db8:0:1::1", 5000), &name("another network")).unwrap();
    }

    #[test]
    fn a_connection_that_is_refused_uses_up_nothing_of_others() {
        let limits = RateLimits::with_clock(60, FakeRelativeClock::default());
        let refused = (0..5000).filter(|_| limits.check_post(from("10.0.0.1", 1), &name("mallory")).is_err()).count();
        assert_eq!((refused, limits.refused_posts()), (5000 - 15, 5000 - 15));
        limits.check_post(from("10.0.0.1", 2), &name("bob")).unwrap();
        // The same over HTTP, where there is no connection to hold on to.
        let over_http = Source { address: "10.0.0.2".parse().unwrap(), connection: None, grant: GRANT };
        let allowed = (0..5000).filter(|_| limits.check_post(over_http, &name("mallory")).is_ok()).count();
        assert_eq!(allowed, 15);
        limits.check_post(over_http, &name("bob")).unwrap();
    }

    #[test]
    fn who_only_says_a_name_uses_up_nothing_of_its_holders() {
        let limits = RateLimits::with_clock(60, FakeRelativeClock::default());
        let over_http = Source { address: "10.0.0.1".parse().unwrap(), connection: None, grant: GRANT };
        for stranger in [name("alice"), holder("alice", "a secret that is a guess")] {
            assert!((0..100).any(|_| limits.check_post(over_http, &stranger).is_err()));
        }
        limits.check_post(over_http, &holder("alice", "alice's own secret")).unwrap();
    }

    #[test]
    fn an_address_may_claim_the_names_of_a_class_and_then_a_few() {
        let clock = FakeRelativeClock::default();
        let limits = RateLimits::with_clock(60, clock.clone());
        let claimed = (0..5000).take_while(|&nth| limits.check_claim(from("10.0.0.1", nth)).is_ok()).count();
        assert_eq!(claimed, 240);
        limits.check_claim(from("10.0.0.2", 1)).unwrap();
        clock.advance(Duration::from_secs(10));
        assert_eq!((0..5000).take_while(|&nth| limits.check_claim(from("10.0.0.1", nth)).is_ok()).count(), 10);
    }

    #[test]
    fn secrets_are_not_guessed_for_one_name_nor_over_many() {
        let clock = FakeRelativeClock::default();
        let limits = RateLimits::with_clock(0, clock.clone());
        let tries = |name: &dyn Fn(u64) -> String| {
            let name = |nth| Name::parse(&name(nth)).unwrap();
            (0..5000).filter(|&nth| limits.check_secret(from("10.0.0.1", nth), &name(nth)).is_ok()).count()
        };
        assert_eq!(tries(&|_| "alice".to_owned()), 60);
        assert_eq!(tries(&|nth| format!("name {nth}")), 60 * 16 - 60);
        limits.check_secret(from("10.0.0.2", 1), &Name::parse("alice").unwrap()).unwrap();
        clock.advance(Duration::from_secs(1));
        assert_eq!(tries(&|_| "alice".to_owned()), 10);
    }

    #[test]
    fn no_rate_is_no_limit() {
        let limits = RateLimits::new(0);
        assert!((0..10_000).all(|_| limits.check_post(from("10.0.0.1", 1), &name("alice")).is_ok()));
    }
}
