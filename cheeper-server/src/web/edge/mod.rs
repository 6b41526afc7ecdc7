//! The edge of the server: who is really behind a request, by which name they asked for it, and whose page sent it.

mod authority;
mod base_path;
mod forwarded;
mod hosts;
mod notices;
mod origins;

use std::net::IpAddr;

use cheeper_protocol::{Code, Refusal};
use warp::http::{HeaderMap, header};

use self::{
    authority::Authority,
    forwarded::Proxies,
    hosts::Hosts,
    notices::{Notices, shown},
    origins::{AllowedOrigins, Sender},
};
pub(crate) use self::{
    base_path::{BasePath, Stripped},
    notices::Notice,
};
use crate::{access::Client, config};

/// What is known of the way from clients to this server.
pub struct Edge {
    proxies: Proxies,
    hosts: Hosts,
    origins: AllowedOrigins,
    pub(crate) base_path: BasePath,
    notices: Notices,
    speaks_https: bool,
}

/// Whose request it is, and for whom.
#[derive(Debug, PartialEq, Eq)]
pub struct Caller<'h> {
    pub(crate) client: Client,
    /// The name by which the client asked for this server, which is one of its own.
    asked: Authority<'h>,
}

impl Edge {
    /// The edge of a server that its network knows as `machine`, if it is to be reached from there; and whether it speaks HTTPS
    /// itself.
    pub fn new(config: config::Edge, machine: Option<&str>, speaks_https: bool) -> Self {
        let config::Edge { trusted_proxies, proxy_headers, allowed_hosts, allowed_origins, base_path } = config;
        Self {
            proxies: Proxies::new(trusted_proxies, proxy_headers),
            hosts: Hosts::new(allowed_hosts, machine),
            origins: AllowedOrigins::new(allowed_origins),
            base_path: BasePath::new(base_path),
            notices: Notices::default(),
            speaks_https,
        }
    }

    /// Whose request it is that came from `peer`, and for whom; or why it is for somebody else.
    pub fn caller<'h>(&self, peer: IpAddr, headers: &'h HeaderMap) -> Result<Caller<'h>, Refusal> {
        self.look_at_proxy(peer, headers);
        let mut hosts = headers.get_all(header::HOST).into_iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(bad_host("A request has to say once, in the header Host, for which server it is."));
        };
        // A proxy that is trusted may say for whom it was asked itself. That takes the place of nothing: whoever can make
        // it say so would else be let in by any name.
        let own = self.known(host.to_str().unwrap_or_default(), host.as_bytes())?;
        let way = self.proxies.way(peer, headers);
        let mut asked = None;
        for forwarded in way.hosts {
            let forwarded = self.known(forwarded, forwarded.as_bytes())?;
            asked.get_or_insert(forwarded);
        }
        let mut client = way.client;
        // Without encryption nobody gets as far as this where the server speaks HTTPS itself.
        client.is_secure |= self.speaks_https && client.address == peer;
        Ok(Caller { client, asked: asked.unwrap_or(own) })
    }

    /// The name of ours that this is; `written` is what it was before it was known to be text.
    fn known<'h>(&self, name: &'h str, written: &[u8]) -> Result<Authority<'h>, Refusal> {
        let authority = Authority::parse(name).ok_or_else(|| {
            bad_host(format!("The Host {} is not a name or an address, with a port or without.", shown(written)))
        })?;
        if self.hosts.know(&authority) {
            return Ok(authority);
        }
        let host = authority.host.to_string();
        let why =
            format!("This server does not go by the name {host}. If it is to, start it with --allow-host {host}.");
        self.notices.tell(Notice::ForeignHost { host });
        Err(bad_host(why))
    }

    /// Refuses what a script or a form of somebody else's page has sent.
    pub fn check_origin(&self, caller: &Caller<'_>, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.origins.sender(headers, &caller.asked, caller.client.is_secure) == Sender::Ours {
            return Ok(());
        }
        let why = match headers.get(header::ORIGIN).map(|origin| shown(origin.as_bytes())) {
            None => "Forms and scripts of other pages may change nothing here.".to_owned(),
            Some(origin) => {
                let host = caller.asked.to_string();
                let why = format!(
                    "A page at {origin} may not connect to a server that was asked for as {host}. If it is this server's \
                     own, a proxy has changed the Host; for another page see --allow-origin."
                );
                self.notices.tell(Notice::ForeignPage { origin, host });
                why
            }
        };
        Err(Refusal::new(Code::BadField, why).in_field("Origin"))
    }

    /// Whether a request comes from a page besides our own that the host has allowed.
    pub(crate) fn allow_other(&self, headers: &HeaderMap) -> bool {
        self.origins.allow_other(headers)
    }

    /// Logs what the host should know, once.
    pub(crate) fn tell(&self, notice: Notice) {
        self.notices.tell(notice);
    }

    /// A proxy that the host has forgotten to name makes one person of all who come through it.
    fn look_at_proxy(&self, peer: IpAddr, headers: &HeaderMap) {
        let proxy = peer.to_canonical();
        if self.proxies.trust(proxy) {
            if let Some(written) = self.proxies.not_understood(headers) {
                self.notices.tell(Notice::OtherHeaders { proxy, written });
            }
        } else if is_near(proxy) && forwarded::speaks_for_another(headers) {
            self.notices.tell(Notice::Untrusted { proxy });
        }
    }
}

/// The name by which the network knows this machine, for a server that listens on `address`: on loopback nobody comes by it.
pub(crate) fn machine(address: IpAddr) -> Option<String> {
    (!address.is_loopback()).then(|| rustix::system::uname().nodename().to_string_lossy().into_owned())
}

/// Whether an address belongs to this machine or to a private network, as a proxy's does; a stranger's need not be told of.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

fn bad_host(why: impl Into<String>) -> Refusal {
    Refusal::new(Code::BadField, why.into()).in_field("Host")
}
