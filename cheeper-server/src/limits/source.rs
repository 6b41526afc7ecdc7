//! Where a request comes from, as far as limits go by it.

use std::net::IpAddr;

use cheeper_protocol::Role;

use crate::access::{Client, Grant};

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The client's own address.
    pub address: IpAddr,
    /// The WebSocket; over HTTP there is none that would be the client's for long.
    pub connection: Option<Connected>,
    /// What they may do.
    pub grant: Grant,
}

/// A WebSocket, as far as limits go by it.
#[derive(Clone, Copy, Debug)]
pub struct Connected {
    /// Its serial number.
    pub serial: u64,
    /// It has been open for some seconds: to have many of these costs more than to open many.
    pub is_settled: bool,
}

impl Source {
    /// Who comes in by a token is somebody, wherever they are; of the others nothing is known but the address.
    pub(super) fn has_token(&self) -> bool {
        self.grant.link.is_some()
    }

    /// Whoever runs the machine is not limited.
    pub(super) fn is_operator(&self) -> bool {
        self.grant.role == Role::Host && !self.has_token()
    }

    pub(super) fn network(&self) -> IpAddr {
        network(self.address)
    }
}

/// What counts as one address.
pub(super) fn network(address: IpAddr) -> IpAddr {
    Client { address, is_secure: false }.network()
}
