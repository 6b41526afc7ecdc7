//! The budgets on a clock of the tests' own.

use std::time::Duration;

use cheeper_protocol::{Role, Secret};
use governor::clock::FakeRelativeClock;
use proptest::prelude::*;

use super::{super::source::Connected, *};
use crate::{
    access::Grant,
    timeline::{LinkId, Person},
};

const GRANT: Grant = Grant { role: Role::Member, person: Person(1), link: None, ends_at: None };

fn from(address: &str, serial: u64) -> Source {
    let connection = Some(Connected { serial, is_settled: false });
    Source { address: address.parse().unwrap(), connection, grant: GRANT }
}

/// On a connection that has been open for a while.
fn settled(address: &str, serial: u64) -> Source {
    Source { connection: Some(Connected { serial, is_settled: true }), ..from(address, serial) }
}

fn over_http(address: &str) -> Source {
    Source { connection: None, ..from(address, 0) }
}

/// Somebody who came in by a token.
fn session(person: u64) -> Grant {
    Grant { person: Person(person), link: Some(LinkId(1)), ..GRANT }
}

fn limits(posts_per_minute: u32, clock: &FakeRelativeClock) -> RateLimits<FakeRelativeClock> {
    RateLimits::with_clock(Rates { posts_per_minute, pages_per_second: 20, frames_per_second: 0 }, clock)
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
    let limits = limits(60, &clock);
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
    let limits = limits(4, &FakeRelativeClock::default());
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
    let limits = limits(60, &FakeRelativeClock::default());
    let spend = |from: fn(&str, u64) -> Source, nth: u64| {
        let address = format!("2001:db8::{:x}", nth + 1);
        limits.check_post(from(&address, nth), &name(&format!("person {nth}")))
    };
    let fresh = (0..1000).take_while(|&nth| spend(from, nth).is_ok()).count();
    let others = (1000..2000).take_while(|&nth| spend(settled, nth).is_ok()).count();
    assert_eq!([fresh, others], [120, 60], "those who just came leave something for those who are here");
    limits.check_post(from("2001:db8:0:1::1", 5000), &name("another network")).unwrap();
}

#[test]
fn a_connection_that_is_refused_uses_up_nothing_of_others() {
    let limits = limits(60, &FakeRelativeClock::default());
    let refused = (0..5000).filter(|_| limits.check_post(from("10.0.0.1", 1), &name("mallory")).is_err()).count();
    assert_eq!((refused, limits.limited().count(Limit::Posts)), (5000 - 15, 5000 - 15));
    limits.check_post(from("10.0.0.1", 2), &name("bob")).unwrap();
    // The same over HTTP, where there is no connection to hold on to.
    let over_http = over_http("10.0.0.2");
    let allowed = (0..5000).filter(|_| limits.check_post(over_http, &name("mallory")).is_ok()).count();
    assert_eq!(allowed, 15);
    limits.check_post(over_http, &name("bob")).unwrap();
}

#[test]
fn who_only_says_a_name_uses_up_nothing_of_its_holders() {
    let limits = limits(60, &FakeRelativeClock::default());
    let over_http = over_http("10.0.0.1");
    for stranger in [name("alice"), holder("alice", "a secret that is a guess")] {
        assert!((0..100).any(|_| limits.check_post(over_http, &stranger).is_err()));
    }
    limits.check_post(over_http, &holder("alice", "alice's own secret")).unwrap();
}

#[test]
fn an_address_may_claim_the_names_of_a_class_and_then_a_few() {
    let clock = FakeRelativeClock::default();
    let limits = limits(60, &clock);
    let claimed = (0..5000).take_while(|&nth| limits.check_claim(from("10.0.0.1", nth)).is_ok()).count();
    assert_eq!(claimed, 240);
    limits.check_claim(from("10.0.0.2", 1)).unwrap();
    clock.advance(Duration::from_secs(10));
    assert_eq!((0..5000).take_while(|&nth| limits.check_claim(from("10.0.0.1", nth)).is_ok()).count(), 10);
}

#[test]
fn secrets_are_not_guessed_for_one_name_nor_over_many() {
    let clock = FakeRelativeClock::default();
    let limits = limits(0, &clock);
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

/// Ten people behind an address who post eight times each, a post every four seconds, and somebody else behind it.
struct Class {
    clock: FakeRelativeClock,
    limits: RateLimits<FakeRelativeClock>,
}

const ADDRESS: &str = "10.0.0.1";

impl Class {
    fn new() -> Self {
        let clock = FakeRelativeClock::default();
        Self { limits: limits(60, &clock), clock }
    }

    /// What passes of the 80, while `troll` has a try so many times a second. `people` is where each of the ten posts from.
    fn passed(&self, people: impl Fn(u64) -> Source, a_second: u64, troll: impl Fn(u64) -> (Source, Author)) -> usize {
        let (mut passed, mut tries) = (0, 0);
        for tick in 0..400 {
            self.clock.advance(Duration::from_millis(100));
            for _ in 0..a_second / 10 {
                let (from, author) = troll(tries);
                drop(self.limits.check_post(from, &author));
                tries += 1;
            }
            if tick >= 50 && tick % 4 == 0 && (tick - 50) / 40 < 8 {
                let person = tick % 40 / 4;
                passed += usize::from(self.limits.check_post(people(person), &person_named(person)).is_ok());
            }
        }
        passed
    }
}

fn person_named(nth: u64) -> Author {
    name(&format!("person {nth}"))
}

fn made_up(nth: u64) -> Author {
    name(&format!("troll {nth}"))
}

#[test]
fn who_makes_up_names_does_not_take_the_turns_of_others() {
    for (a_second, names) in [(100, u64::MAX), (1000, u64::MAX), (1000, 1000), (100, 10)] {
        let troll = |nth: u64| (over_http(ADDRESS), made_up(nth % names));
        let passed = Class::new().passed(|person| settled(ADDRESS, person), a_second, troll);
        assert!(passed >= 76, "{passed} of 80 at {a_second} a second under {names} names");
    }
}

#[test]
fn nor_does_who_opens_a_connection_for_each_name() {
    let troll = |nth: u64| (from(ADDRESS, 1000 + nth), made_up(nth));
    let passed = Class::new().passed(|person| settled(ADDRESS, person), 400, troll);
    assert!(passed >= 76, "{passed} of 80");
}

#[test]
fn nor_does_who_has_a_hundred_connections_open_and_as_many_names_as_he_likes() {
    for names in [u64::MAX, 1000, 100] {
        let troll = |nth: u64| (settled(ADDRESS, 1000 + nth % 100), made_up(nth % names));
        let passed = Class::new().passed(|person| settled(ADDRESS, person), 200, troll);
        assert!(passed >= 76, "{passed} of 80 under {names} names");
    }
}

#[test]
fn over_http_those_who_were_here_before_have_their_turns() {
    for (a_second, names) in [(400, u64::MAX), (400, 400)] {
        let class = Class::new();
        for _ in 0..2 {
            (0..10).for_each(|person| class.limits.check_post(over_http(ADDRESS), &person_named(person)).unwrap());
            class.clock.advance(Duration::from_secs(60));
        }
        let troll = |nth: u64| (over_http(ADDRESS), made_up(nth % names));
        let passed = class.passed(|_| over_http(ADDRESS), a_second, troll);
        assert!(passed >= 76, "{passed} of 80 at {a_second} a second under {names} names");
    }
}

#[test]
fn a_holder_who_has_shown_the_secret_is_no_stranger() {
    let class = Class::new();
    let alice = holder("alice", "alice's own secret");
    class.limits.welcome(over_http(ADDRESS), &alice);
    for nth in 0..10_000 {
        drop(class.limits.check_post(over_http(ADDRESS), &made_up(nth)));
    }
    assert!(class.limits.check_post(over_http(ADDRESS), &name("alice")).is_err());
    class.limits.check_post(over_http(ADDRESS), &alice).unwrap();
}

#[test]
fn forty_people_behind_one_address_post_at_once() {
    let class = Class::new();
    for round in 0..3 {
        for person in 0..40 {
            let posted = class.limits.check_post(from(ADDRESS, person), &person_named(person));
            assert!(posted.is_ok(), "person {person} in round {round}");
        }
    }
}

#[test]
fn with_a_token_nobody_stands_in_the_way_of_others_behind_the_address() {
    let class = Class::new();
    let member = |person: u64| Source { grant: session(person), ..from(ADDRESS, person) };
    // One of the class makes up names on as many connections as they like.
    let troll = |nth: u64| (Source { grant: session(99), ..settled(ADDRESS, 1000 + nth) }, made_up(nth));
    assert_eq!(class.passed(member, 100, troll), 80);
    let tried = (0..1000).filter(|&nth| class.limits.check_post(troll(nth).0, &made_up(nth)).is_ok()).count();
    assert!(tried <= 15, "a session is one person: {tried}");
    // The same for claims, names, secrets and pages.
    let (troll, bob) = (troll(7).0, member(1));
    for _ in 0..5000 {
        drop((class.limits.check_claim(troll), class.limits.check_name(troll), class.limits.check_page(troll)));
        drop(class.limits.check_secret(troll, &Name::parse("alice").unwrap()));
    }
    class.limits.check_claim(bob).unwrap();
    class.limits.check_name(bob).unwrap();
    class.limits.check_page(bob).unwrap();
    class.limits.check_secret(bob, &Name::parse("alice").unwrap()).unwrap();
}

#[test]
fn pages_come_back_with_time_and_a_search_costs_as_much_as_four() {
    let clock = FakeRelativeClock::default();
    let limits = limits(0, &clock);
    let pages = |from: Source| (0..5000).take_while(|_| limits.check_page(from).is_ok()).count();
    let searches = |from: Source| (0..5000).take_while(|_| limits.check_search(from).is_ok()).count();
    assert_eq!([pages(from(ADDRESS, 1)), searches(from(ADDRESS, 2))], [200, 50]);
    clock.advance(Duration::from_secs(1));
    assert_eq!([pages(from(ADDRESS, 1)), searches(from(ADDRESS, 2))], [20, 5]);
    let refusal = limits.check_page(from(ADDRESS, 1)).unwrap_err();
    assert_eq!((refusal.code, refusal.retry_after_ms), (Code::RateLimited, Some(51)));
    // A flood over HTTP leaves enough for the sockets behind the same address.
    assert!((0..100_000).any(|_| limits.check_page(over_http(ADDRESS)).is_err()));
    assert_eq!(pages(from(ADDRESS, 3)), 200);
    assert!(limits.limited().count(Limit::Pages) > 0);
}

#[test]
fn names_cannot_be_made_up_without_end() {
    let limits = limits(60, &FakeRelativeClock::default());
    assert_eq!((0..1000).take_while(|_| limits.check_name(from(ADDRESS, 1)).is_ok()).count(), 15);
    let many = (2..5000).take_while(|&nth| limits.check_name(from(ADDRESS, nth)).is_ok()).count();
    assert_eq!(many, 120 - 15);
    limits.check_name(settled(ADDRESS, 9000)).unwrap();
    limits.check_name(from("10.0.0.2", 9001)).unwrap();
}

/// Sessions cost nothing, so they are no people: who opens thousands has what one link's people may at one address, and the class
/// that is there has its turns all the same.
#[test]
fn thousands_of_sessions_of_one_link_are_no_thousands_of_people() {
    let limits = limits(60, &FakeRelativeClock::default());
    let over_http = |person| Source { grant: session(person), ..over_http(ADDRESS) };
    let passed = (0..10_000).filter(|&nth| limits.check_post(over_http(nth), &made_up(nth)).is_ok()).count();
    assert!((100..=480).contains(&passed), "{passed}");
    let class = Class::new();
    let member = |person: u64| Source { grant: session(person), ..from(ADDRESS, person) };
    let farm = |nth: u64| (over_http(1000 + nth), made_up(nth));
    let taken = class.passed(member, 1000, farm);
    assert!(taken >= 76, "{taken} of 80");
}

#[test]
fn an_address_opens_the_sessions_of_some_classes_and_then_a_few() {
    let clock = FakeRelativeClock::default();
    let limits = limits(0, &clock);
    let opened =
        |address: &str| (0..5000).take_while(|_| limits.check_session(address.parse().unwrap()).is_ok()).count();
    assert_eq!([opened(ADDRESS), opened("10.0.0.2")], [256, 256]);
    clock.advance(Duration::from_secs(60));
    assert_eq!(opened(ADDRESS), 30);
    assert_eq!(limits.limited().count(Limit::Sessions), 3);
}

#[test]
fn wrong_tokens_cost_the_address_time() {
    let clock = FakeRelativeClock::default();
    let limits = limits(0, &clock);
    let tries = |address: &str| (0..1000).take_while(|_| limits.check_token(address.parse().unwrap()).is_ok()).count();
    assert_eq!([tries(ADDRESS), tries("10.0.0.2")], [60, 60]);
    clock.advance(Duration::from_secs(5));
    assert_eq!(tries(ADDRESS), 5);
    assert_eq!(limits.limited().count(Limit::Tokens), 3);
}

#[test]
fn whoever_runs_the_machine_is_not_limited() {
    let limits = limits(4, &FakeRelativeClock::default());
    let operator = Source { grant: Grant { role: Role::Host, ..GRANT }, ..over_http("127.0.0.1") };
    for _ in 0..1000 {
        limits.check_post(operator, &name("alice")).unwrap();
        limits.check_page(operator).unwrap();
        limits.check_name(operator).unwrap();
    }
}

#[test]
fn who_reacts_too_often_is_counted_apart() {
    let limits = limits(4, &FakeRelativeClock::default());
    for _ in 0..9 {
        drop(limits.check_reaction(from(ADDRESS, 1), &name("alice")));
    }
    assert!(limits.check_post(from(ADDRESS, 1), &name("alice")).is_err(), "they share a budget");
    assert_eq!([limits.limited().count(Limit::Reactions), limits.limited().count(Limit::Posts)], [4, 1]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However somebody comes, under whatever names: no person and no address gets more than their bucket holds and gives.
    #[test]
    fn no_pattern_of_posts_gets_more_than_its_budget(
        posts in proptest::collection::vec((0_u8..3, 0_u64..4, 0_u64..30, 0_u64..200), 1..400),
    ) {
        let clock = FakeRelativeClock::default();
        let limits = limits(20, &clock);
        let (mut passed, mut per_name, mut ms) = (0, [0; 4], 0);
        for (kind, who, serial, wait) in posts {
            clock.advance(Duration::from_millis(wait));
            ms += wait;
            let source = [over_http(ADDRESS), from(ADDRESS, serial), settled(ADDRESS, serial)][usize::from(kind)];
            if limits.check_post(source, &person_named(who)).is_ok() {
                passed += 1;
                per_name[usize::try_from(who).unwrap()] += 1;
            }
        }
        // A third of a post comes back in a second for one, sixteen times as much for all.
        let most = |burst: u64, people: u64| burst + ms * people / 3000 + 1;
        prop_assert!(passed <= most(80, 16), "{passed} in {ms} ms");
        prop_assert!(per_name.iter().all(|&posts| posts <= most(5, 1)), "{per_name:?} in {ms} ms");
    }
}
