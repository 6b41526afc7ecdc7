//! Whose a connection is that may be open for days. Of strangers, who are nearly all, nothing is kept: their address says it.

use std::net::IpAddr;

use cheeper_protocol::Role;

use super::{
    authorizer::Access,
    principal::{Client, Grant, Principal},
};

/// See the module.
#[derive(Clone, Copy)]
pub(crate) enum PrincipalRef<'a> {
    /// Somebody who came by a link, or by way of a proxy.
    Known(&'a Principal),
    /// Somebody who came straight here without one.
    Stranger { access: &'a Access, address: IpAddr },
}

impl PrincipalRef<'_> {
    pub(crate) fn principal(self) -> Principal {
        match self {
            Self::Known(principal) => *principal,
            Self::Stranger { access, address } => access.stranger(address),
        }
    }

    /// What a connection from `peer` has to keep of its client.
    pub(crate) fn to_keep(principal: Box<Principal>, peer: IpAddr) -> Option<Box<Principal>> {
        Some(principal).filter(|principal| principal.grant.link.is_some() || principal.client.address != peer)
    }
}

impl Access {
    fn stranger(&self, address: IpAddr) -> Principal {
        // What nobody asks for once the client is here.
        let client = Client { address, is_secure: false };
        // Where there can be none, none was let in.
        let role = self.strangers.unwrap_or(Role::Reader);
        let person = self.person(&client, None);
        Principal { client, grant: Grant { role, person, link: None, ends_at: None } }
    }
}
