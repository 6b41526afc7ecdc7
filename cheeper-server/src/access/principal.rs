//! A client that was let in.

use std::net::IpAddr;

use cheeper_protocol::{Role, Timestamp};

use crate::timeline::{LinkId, Person};

/// Where a client is, as far as whoever stands between can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its own address.
    pub address: IpAddr,
    /// Nobody on the way can read along.
    pub is_secure: bool,
}

impl Client {
    /// What counts as one address: an IPv6 host has a /64 to itself.
    pub fn network(&self) -> IpAddr {
        match self.address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
            address @ IpAddr::V4(_) => address,
        }
    }
}

/// What a client may do, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What it may do.
    pub role: Role,
    /// Who it is.
    pub person: Person,
    /// The link that let it in; without one it is there as a stranger.
    pub link: Option<LinkId>,
    /// When that link ends.
    pub ends_at: Option<Timestamp>,
}

/// A client that was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Where it is.
    pub client: Client,
    /// What it may do.
    pub grant: Grant,
}
