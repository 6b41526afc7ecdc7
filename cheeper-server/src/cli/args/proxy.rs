//! Flags about what stands between a client and this server, what it is called there, and whose pages may use it.

use std::net::IpAddr;

use clap::{Args, ValueEnum};
use ipnet::IpNet;

use crate::config::{Edge, ProxyHeaders};

/// First parts of addresses of our own: below a path that began with one, an address could be meant in two ways.
const OWN_PARTS: [&str; 4] = ["api", "ws", "healthz", "metrics"];

/// Proxies, names and origins that this server goes by.
#[derive(Debug, Args)]
pub struct ProxyArgs {
    /// A proxy, or a network of them, that is believed for whom it asks (see --proxy-headers); can be given more than once.
    #[arg(long, env = "CHEEPER_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',', value_parser = network)]
    pub trusted_proxy: Vec<IpNet>,

    /// How trusted proxies say so: X-Forwarded-For, -Proto and -Host, or Forwarded; the other kind is of no account.
    #[arg(long, env = "CHEEPER_PROXY_HEADERS", value_name = "KIND", default_value_t = Kind::XForwarded)]
    pub proxy_headers: Kind,

    /// A name by which this server may be asked for, besides its addresses and its machine's; can be given more than once.
    #[arg(long, env = "CHEEPER_ALLOW_HOST", value_name = "NAME", value_delimiter = ',', value_parser = host)]
    pub allow_host: Vec<String>,

    /// The path below which the page is, such as /cheeper, where a proxy shares its host with other services.
    #[arg(long, env = "CHEEPER_BASE_PATH", value_name = "PATH", default_value = "/", value_parser = base_path)]
    pub base_path: String,

    /// A page, besides our own, whose scripts may connect and use /api; can be given more than once.
    #[arg(long, env = "CHEEPER_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',', value_parser = origin)]
    pub allow_origin: Vec<String>,
}

/// Headers of proxies.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    XForwarded,
    Forwarded,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        ProxyHeaders::from(*self).fmt(f)
    }
}

impl From<Kind> for ProxyHeaders {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::XForwarded => Self::XForwarded,
            Kind::Forwarded => Self::Forwarded,
        }
    }
}

impl ProxyArgs {
    pub(super) fn into_edge(self, domains: &[String]) -> Edge {
        Edge {
            trusted_proxies: self.trusted_proxy,
            proxy_headers: self.proxy_headers.into(),
            allowed_hosts: self.allow_host.into_iter().chain(domains.iter().cloned()).collect(),
            allowed_origins: self.allow_origin,
            base_path: self.base_path,
        }
    }
}

fn network(typed: &str) -> Result<IpNet, String> {
    let network = typed.parse().or_else(|_| typed.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| "it must be an address or a network, such as 127.0.0.1 or 10.0.0.0/8".to_owned())
}

fn host(typed: &str) -> Result<String, String> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !typed.is_empty() && typed.len() <= 253 && typed.bytes().all(is_name) {
        Ok(typed.to_owned())
    } else {
        Err("it must be a name alone, such as cheeper.example, and other letters in it as xn--…".to_owned())
    }
}

/// Without the slash at the end.
fn base_path(typed: &str) -> Result<String, String> {
    let path = typed.strip_suffix('/').unwrap_or(typed);
    let is_part = |part: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        !part.is_empty() && part.bytes().all(is_plain) && part != "." && part != ".."
    };
    let parts = || path.strip_prefix('/').into_iter().flat_map(|path| path.split('/'));
    if parts().next().is_some_and(|first| OWN_PARTS.contains(&first)) {
        return Err(format!("it must be another one, as {path} is an address of this server's own"));
    }
    if path.is_empty() || (path.starts_with('/') && path.len() <= 200 && parts().all(is_part)) {
        Ok(path.to_owned())
    } else {
        Err("it must be a path from the root, such as /cheeper, of letters, digits, - _ . and ~".to_owned())
    }
}

fn origin(typed: &str) -> Result<String, String> {
    let (scheme, host) = typed.split_once("://").unwrap_or_default();
    if matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', '?', '#', ' ', '@']) {
        Ok(typed.to_owned())
    } else {
        Err("an origin is a scheme and a host, such as https://example.org or http://localhost:8080".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_kept_without_its_last_slash() {
        for (typed, kept) in
            [("/", ""), ("", ""), ("/cheeper", "/cheeper"), ("/cheeper/", "/cheeper"), ("/a/b-1.x~_/", "/a/b-1.x~_")]
        {
            assert_eq!(base_path(typed).as_deref(), Ok(kept), "{typed}");
        }
        for typed in
            ["cheeper", "//", "/a//b", "/a b", "/a?b", "/a/../b", "/.", "/é", "/%41", "https://x/y", "/ws", "/api/x"]
        {
            assert!(base_path(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        assert_eq!(network("127.0.0.1").unwrap().to_string(), "127.0.0.1/32");
        assert_eq!(network("fd00::/8").unwrap().to_string(), "fd00::/8");
        assert!(["localhost", "10.0.0.0/33", "", "10.0.0"].into_iter().all(|typed| network(typed).is_err()));
    }
}
