//! Who is let in: how many connections at once, and how many new ones a second. Every client connection, of whatever kind, has a permit.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::DefaultClock};

use super::{
    address_counts::{AddressCount, AddressCounts, Exceeded},
    budget::Limiter,
    cells::Cells,
    keys::Keys,
    limited::{Limit, Limited},
    source::network,
};

/// New connections a second from one address, and how many at once: a class that opens the page all together has some
/// hundreds, as a browser opens seven.
const NEW_PER_ADDRESS: NonZeroU32 = NonZeroU32::new(64).unwrap();
const NEW_PER_ADDRESS_AT_ONCE: NonZeroU32 = NonZeroU32::new(1024).unwrap();
/// The same for all addresses that are counted together: about half of what an acceptor can do.
const NEW_IN_ALL: NonZeroU32 = NonZeroU32::new(4096).unwrap();
const NEW_IN_ALL_AT_ONCE: NonZeroU32 = NonZeroU32::new(8192).unwrap();
/// Addresses whose new connections are counted.
const ADDRESSES: usize = 1 << 14;

/// Connections from one address, if nothing else is said.
const PER_ADDRESS: usize = 512;

/// Whose connections do not count for their address: where many clients share one, as behind a proxy.
type Exempt = Box<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// How many connections there may be.
pub struct ConnectionBounds {
    /// At once, in all.
    pub in_all: usize,
    /// At once, from one address (IPv6: a /64).
    pub per_address: usize,
    /// Addresses for which neither that holds nor the bounds of new ones.
    pub exempt: Exempt,
}

impl ConnectionBounds {
    /// So many in all, and `per_address`, of which 0 is no limit. Without it there is a default that leaves out this machine
    /// itself: who tries things out there opens thousands, and a proxy there brings everybody's. Proxies that are known are
    /// left out in any case.
    pub fn new(
        in_all: usize,
        per_address: Option<usize>,
        is_proxy: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        let exempt: Exempt = Box::new(move |address| match per_address {
            Some(0) => true,
            None if address.to_canonical().is_loopback() => true,
            _ => is_proxy(address.to_canonical()),
        });
        Self { in_all, per_address: per_address.unwrap_or(PER_ADDRESS), exempt }
    }
}

/// Lets one connection in. It is given back when the last part of the server that works for that connection drops it.
#[derive(Clone)]
pub(crate) struct Permit(Arc<Admitted>);

/// What is rarely asked of a connection, and so lies apart from what every event asks for.
struct Admitted {
    place: AddressCount,
    /// That of the proxy's connection on which the client came.
    _proxy: Option<Permit>,
}

// Every idle connection has one of these, so it is to stay small.
const _: () = assert!(size_of::<Admitted>() <= 40);

impl Permit {
    /// Whose connection it is.
    pub(crate) fn peer(&self) -> &IpAddr {
        self.0.place.address()
    }
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TurnedAway {
    /// There is no room for anybody.
    Full,
    /// Their address has as many connections as it can have.
    TooMany,
    /// New connections come too fast.
    TooFast,
}

/// The permits there are.
#[derive(Clone)]
pub(crate) struct ConnectionLimit(Arc<Shared>);

struct Shared {
    address_counts: Arc<AddressCounts>,
    /// Clients of proxies, whose connections have a place already.
    behind_proxies: Arc<AddressCounts>,
    exempt: Exempt,
    keys: Keys,
    new_by_address: Limiter<DefaultClock>,
    new_in_all: DefaultDirectRateLimiter,
    limited: Arc<Limited>,
}

impl ConnectionLimit {
    pub(crate) fn new(bounds: ConnectionBounds, limited: Arc<Limited>) -> Self {
        let ConnectionBounds { in_all, per_address, exempt } = bounds;
        let by_address = Quota::per_second(NEW_PER_ADDRESS).allow_burst(NEW_PER_ADDRESS_AT_ONCE);
        let all = Quota::per_second(NEW_IN_ALL).allow_burst(NEW_IN_ALL_AT_ONCE);
        Self(Arc::new(Shared {
            address_counts: AddressCounts::new(in_all, per_address),
            behind_proxies: AddressCounts::new(in_all, per_address),
            exempt,
            keys: Keys::default(),
            new_by_address: Limiter::new(by_address, Cells::new(ADDRESSES), DefaultClock::default()),
            new_in_all: RateLimiter::direct(all),
            limited,
        }))
    }

    /// A permit for a connection that has come from `peer`.
    pub(crate) fn acquire(&self, peer: IpAddr) -> Result<Permit, TurnedAway> {
        let place = self.0.admit(&self.0.address_counts, peer, self.counts(peer))?;
        Ok(Permit(Arc::new(Admitted { place, _proxy: None })))
    }

    /// Whether what comes from `peer` counts for its address.
    pub(crate) fn counts(&self, peer: IpAddr) -> bool {
        !(self.0.exempt)(peer)
    }

    /// A permit for a client that is to keep a connection on which it came by a proxy: from now on it counts as the client's.
    pub(crate) fn acquire_behind(&self, proxy: &Permit, client: IpAddr) -> Result<Permit, TurnedAway> {
        let place = self.0.admit(&self.0.behind_proxies, client, self.counts(client))?;
        Ok(Permit(Arc::new(Admitted { place, _proxy: Some(proxy.clone()) })))
    }
}

impl Shared {
    fn admit(
        &self,
        address_counts: &Arc<AddressCounts>,
        address: IpAddr,
        counts: bool,
    ) -> Result<AddressCount, TurnedAway> {
        // The address first: what is refused to one is not to use up what all have.
        let is_in_time = || {
            self.new_by_address.check_key(&self.keys.network(network(address))).is_ok()
                && self.new_in_all.check().is_ok()
        };
        if counts && !is_in_time() {
            self.limited.note(Limit::NewConnections);
            return Err(TurnedAway::TooFast);
        }
        address_counts.take(address, counts).map_err(|why| match why {
            Exceeded::InAll => {
                self.limited.note(Limit::Connections);
                TurnedAway::Full
            }
            Exceeded::ForAddress => {
                self.limited.note(Limit::ConnectionsPerAddress);
                TurnedAway::TooMany
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(in_all: usize, per_address: usize) -> (ConnectionLimit, Arc<Limited>) {
        let limited = Arc::new(Limited::default());
        let proxy = address("192.0.2.1");
        let bounds = ConnectionBounds::new(in_all, Some(per_address), move |peer| peer == proxy);
        (ConnectionLimit::new(bounds, limited.clone()), limited)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn forty_people_open_the_page_at_once_and_a_flood_is_stopped() {
        let (limit, limited) = limit(100_000, 512);
        let class: Vec<_> = (0..40 * 7).map(|_| limit.acquire(address("10.0.0.1"))).collect();
        assert!(class.iter().all(Result::is_ok));
        let flood: Vec<_> = (0..10_000).map(|_| limit.acquire(address("10.0.0.1"))).collect();
        assert_eq!(flood.iter().filter(|permit| permit.is_ok()).count(), 512 - 280);
        assert!(limited.count(Limit::ConnectionsPerAddress) > 0);
        // To open and close as fast as one can is stopped as well.
        drop((class, flood));
        let fast = (0..10_000).filter(|_| limit.acquire(address("10.0.0.1")).is_ok()).count();
        assert!(fast < 5000, "{fast}");
        assert!(limited.count(Limit::NewConnections) > 5000);
        assert!(limit.acquire(address("10.0.0.2")).is_ok(), "nobody else notices");
    }

    #[test]
    fn those_who_come_by_a_proxy_count_for_themselves() {
        let (limit, _) = limit(10, 2);
        let proxy: Vec<_> = (0..5).map(|_| limit.acquire(address("192.0.2.1")).ok().unwrap()).collect();
        let behind = |nth: usize, client: &str| limit.acquire_behind(&proxy[nth], address(client));
        let two = [behind(0, "10.0.0.1").ok().unwrap(), behind(1, "10.0.0.1").ok().unwrap()];
        assert_eq!(*two[0].peer(), address("10.0.0.1"));
        assert_eq!(behind(2, "10.0.0.1").err(), Some(TurnedAway::TooMany));
        assert!(behind(3, "10.0.0.2").is_ok());
        drop(two);
        assert!(behind(4, "10.0.0.1").is_ok());
    }

    #[test]
    fn this_machine_itself_is_left_out_unless_a_number_is_given() {
        let counts = |per_address, peer: &str| {
            let bounds = ConnectionBounds::new(10, per_address, |_| false);
            ConnectionLimit::new(bounds, Arc::default()).counts(address(peer))
        };
        assert!(!counts(None, "127.0.0.1") && !counts(None, "::ffff:127.0.0.1") && !counts(None, "::1"));
        assert!(counts(None, "10.0.0.1") && counts(Some(5), "127.0.0.1") && !counts(Some(0), "10.0.0.1"));
    }

    #[test]
    fn a_full_server_is_full_for_everybody() {
        let (limit, limited) = limit(3, 2);
        let _three: Vec<_> = (0..3).map(|_| limit.acquire(address("192.0.2.1"))).collect();
        for peer in ["192.0.2.1", "10.0.0.1"] {
            assert_eq!(limit.acquire(address(peer)).err(), Some(TurnedAway::Full));
        }
        assert_eq!(limited.count(Limit::Connections), 2);
    }
}
