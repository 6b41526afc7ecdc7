//! What a server is run with.

use std::fmt;

use cheeper_protocol::{Limits, Role};
use ipnet::IpNet;

use crate::{control::Bound, tls};

/// A valid configuration.
#[derive(Debug)]
pub struct Config {
    /// What clients are told of bounds.
    pub limits: Limits,
    /// What somebody without a token may do; none: they are not let in.
    pub strangers: Option<Role>,
    /// Pages for one connection in a second; 0 is no limit.
    pub pages_per_second: u32,
    /// Frames, and KiB, a second from one connection; 0 is no limit.
    pub frames_per_second: u16,
    /// The way from clients to this server.
    pub edge: Edge,
    /// Where the certificate for HTTPS comes from; without one the server speaks HTTP.
    pub tls: Option<tls::Source>,
    /// Connections at once.
    pub max_connections: usize,
    /// Those from one address; without it there is a default, from which this machine itself is exempt.
    pub connections_per_address: Option<usize>,
    /// Threads that serve connections.
    pub shards: usize,
    /// Where the operator of the machine is heard, if at all.
    pub control: Option<Bound>,
}

/// What stands between clients and this server, and what they call it.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    /// Whose word on who is behind them is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// How they give it.
    pub proxy_headers: ProxyHeaders,
    /// Names of hosts that this server goes by, besides those of this machine.
    pub allowed_hosts: Vec<String>,
    /// Origins besides our own.
    pub allowed_origins: Vec<String>,
    /// The path below which everything is, such as `/cheeper`; empty if that is the root.
    pub base_path: String,
}

/// How a proxy says for whom it asks. One kind alone is believed, as a proxy that writes one passes the other on as it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProxyHeaders {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`, as nearly all do.
    #[default]
    XForwarded,
    /// `Forwarded`, of RFC 7239.
    Forwarded,
}

impl fmt::Display for ProxyHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::XForwarded => "x-forwarded",
            Self::Forwarded => "forwarded",
        })
    }
}
