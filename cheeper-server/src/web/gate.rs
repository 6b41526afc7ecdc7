//! Who is let in: every request of whatever kind passes here once, before anything is done for it.

use std::{net::IpAddr, sync::Arc};

use cheeper_protocol::{Code, Refusal};
use warp::http::{HeaderMap, StatusCode};

use super::{admission::AllowedOrigins, credentials};
use crate::access::{Access, Client, Visitor};

/// What is asked of a request before it is carried out.
pub(crate) struct Gate {
    pub(crate) origins: AllowedOrigins,
    pub(crate) access: Arc<Access>,
}

/// What a request does, as far as a page of somebody else's could misuse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    /// It reads, and scripts of other pages cannot see the answer.
    Read,
    /// It changes something, or opens a socket that could.
    Write,
}

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) status: StatusCode,
    pub(crate) refusal: Refusal,
}

impl Gate {
    /// Lets in a request that came from `peer`, or says why not.
    pub(crate) fn admit(&self, peer: IpAddr, headers: &HeaderMap, intent: Intent) -> Result<Visitor, Denied> {
        let client = self.knock(peer, headers, intent)?;
        let cookie = credentials::cookie(headers, self.access.cookie());
        let grant = self.access.grant(&client, credentials::shown(headers, cookie));
        let grant = grant.map_err(|why| Denied { status: StatusCode::UNAUTHORIZED, refusal: why.into() })?;
        Ok(Visitor { client, grant })
    }

    /// Says whose request it is that came from `peer`, if it may come as far as to show what lets it in.
    pub(crate) fn knock(&self, peer: IpAddr, headers: &HeaderMap, intent: Intent) -> Result<Client, Denied> {
        let client = Client { address: peer, is_secure: false };
        if intent == Intent::Write && !self.origins.allow(headers) {
            let why = "Scripts of this page may not connect here; see --allow-origin.";
            let refusal = Refusal::new(Code::BadField, why).in_field("Origin");
            return Err(Denied { status: StatusCode::FORBIDDEN, refusal });
        }
        Ok(client)
    }
}
