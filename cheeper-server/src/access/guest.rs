//! Whose a connection is that may be open for days. Of strangers, who are nearly all, nothing is kept: their address says it.

use std::net::IpAddr;

use cheeper_protocol::Role;

use super::{
    doorkeeper::Access,
    visitor::{Client, Grant, Visitor},
};

/// See the module.
#[derive(Clone, Copy)]
pub(crate) enum Guest<'a> {
    /// Somebody who came by a link, or by way of a proxy.
    Known(&'a Visitor),
    /// Somebody who came straight here without one.
    Stranger { access: &'a Access, address: IpAddr },
}

impl Guest<'_> {
    pub(crate) fn visitor(self) -> Visitor {
        match self {
            Self::Known(visitor) => *visitor,
            Self::Stranger { access, address } => access.stranger(address),
        }
    }

    /// What a connection from `peer` has to keep of its client.
    pub(crate) fn to_keep(visitor: Box<Visitor>, peer: IpAddr) -> Option<Box<Visitor>> {
        Some(visitor).filter(|visitor| visitor.grant.link.is_some() || visitor.client.address != peer)
    }
}

impl Access {
    fn stranger(&self, address: IpAddr) -> Visitor {
        // What nobody asks for once the client is here.
        let client = Client { address, is_secure: false };
        // Where there can be none, none was let in.
        let role = self.strangers.unwrap_or(Role::Reader);
        let person = self.person(&client, None);
        Visitor { client, grant: Grant { role, person, link: None, ends_at: None } }
    }
}
