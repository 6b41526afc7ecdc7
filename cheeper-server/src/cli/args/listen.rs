//! Where to listen, as it is typed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where to listen if nothing else is said: for this machine alone.
pub(super) const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5000);

/// Reads such an address.
pub(super) fn address(typed: &str) -> Result<SocketAddr, String> {
    typed.parse().map_err(|_| "it must be an address in numbers and a port, such as 127.0.0.1:5000".to_owned())
}
