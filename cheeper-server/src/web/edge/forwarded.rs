//! Who is behind a proxy: what those say whom the host trusts, and nobody else. Pure.
//!
//! Each proxy adds the address that it was asked from at the end of a list, so the list is read from there: as long as an
//! address is a trusted proxy's, the one before it is what that proxy has seen. What stands before the first stranger was
//! written by that stranger, and is not looked at.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    str,
};

use ipnet::IpNet;
use warp::http::HeaderMap;

use crate::{access::Client, config::ProxyHeaders};

const X_FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED: &str = "forwarded";

/// The proxies that are believed.
pub(crate) struct Proxies {
    trusted: Vec<IpNet>,
    /// What they write. The other kind they may pass on as a stranger sent it, so it counts for nothing.
    headers: ProxyHeaders,
}

/// Where a request comes from and whom it was for, as far as those are trusted who say so.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Way<'h> {
    pub(crate) client: Client,
    /// For whom the proxies were asked, the browser's words first; none if they say nothing of that. What cannot be read is empty.
    pub(crate) hosts: Vec<&'h str>,
}

impl Proxies {
    pub(crate) fn new(trusted: Vec<IpNet>, headers: ProxyHeaders) -> Self {
        Self { trusted, headers }
    }

    /// Whether what this address says of others is believed.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// The kind of headers that a proxy writes instead of the ones it is believed by.
    pub(crate) fn not_understood(&self, headers: &HeaderMap) -> Option<ProxyHeaders> {
        let (expected, other, written) = match self.headers {
            ProxyHeaders::XForwarded => (X_FORWARDED_FOR, FORWARDED, ProxyHeaders::Forwarded),
            ProxyHeaders::Forwarded => (FORWARDED, X_FORWARDED_FOR, ProxyHeaders::XForwarded),
        };
        (!headers.contains_key(expected) && headers.contains_key(other)).then_some(written)
    }

    /// The way that a request took which came from `peer`. Who came directly keeps that address to the letter.
    pub(crate) fn way<'h>(&self, peer: IpAddr, headers: &'h HeaderMap) -> Way<'h> {
        if !self.trust(peer) {
            return Way { client: Client { address: peer, is_secure: false }, hosts: Vec::new() };
        }
        match self.headers {
            ProxyHeaders::XForwarded => self.x_forwarded(peer, headers),
            ProxyHeaders::Forwarded => self.forwarded(peer, headers),
        }
    }

    fn x_forwarded<'h>(&self, peer: IpAddr, headers: &'h HeaderMap) -> Way<'h> {
        let mut address = peer;
        for hop in items(headers, X_FORWARDED_FOR).rev() {
            let Some(hop) = hop_address(hop) else { break };
            address = hop;
            if !self.trust(address) {
                break;
            }
        }
        let scheme = items(headers, "x-forwarded-proto").next();
        let is_secure = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        Way { client: Client { address, is_secure }, hosts: items(headers, "x-forwarded-host").collect() }
    }

    /// RFC 7239. Each proxy says all it knows in one element, so the last one that is read tells of the client.
    fn forwarded<'h>(&self, peer: IpAddr, headers: &'h HeaderMap) -> Way<'h> {
        let mut way = Way { client: Client { address: peer, is_secure: false }, hosts: Vec::new() };
        for element in items(headers, FORWARDED).rev() {
            let Some(Ok(hop)) = rfc7239::parse(element).next() else { break };
            way.client.is_secure = hop.protocol.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
            way.hosts = hop.host.into_iter().map(|host| host.trim_matches('"')).collect();
            // It may be hidden, or unknown.
            let Some(&address) = hop.forwarded_for.as_ref().and_then(rfc7239::NodeIdentifier::ip) else { break };
            way.client.address = address.to_canonical();
            if !self.trust(address) {
                break;
            }
        }
        way
    }
}

/// Whether whoever sent this says that it is for somebody else.
pub(crate) fn speaks_for_another(headers: &HeaderMap) -> bool {
    [X_FORWARDED_FOR, FORWARDED].iter().any(|name| headers.contains_key(*name))
}

/// The items of a list that may be spread over several lines. They are told apart as bytes: one that is no text spoils no other.
fn items<'h>(headers: &'h HeaderMap, name: &'static str) -> impl DoubleEndedIterator<Item = &'h str> {
    let lines = headers.get_all(name).into_iter().flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    lines.map(|item| str::from_utf8(item).unwrap_or_default().trim())
}

/// An address as proxies write it: some with the port, some with brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let with_port = || hop.parse().ok().map(|address: SocketAddr| address.ip());
    let address: Option<IpAddr> = hop.parse().ok().or_else(with_port).or_else(bracketed);
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use warp::http::HeaderValue;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn headers(lines: &[(&'static str, &[u8])]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for &(name, value) in lines {
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    fn proxies(headers: ProxyHeaders) -> Proxies {
        Proxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()], headers)
    }

    /// The client's address, for a request that the proxy passed on with these lines.
    fn client(lines: &[(&'static str, &[u8])]) -> String {
        proxies(ProxyHeaders::XForwarded).way(PROXY.parse().unwrap(), &headers(lines)).client.address.to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        let lines = headers(&[
            ("x-forwarded-for", b"192.0.2.9"),
            ("x-forwarded-proto", b"https"),
            ("x-forwarded-host", b"class.example"),
            ("forwarded", b"for=192.0.2.9;proto=https;host=class.example"),
        ]);
        for kind in [ProxyHeaders::XForwarded, ProxyHeaders::Forwarded] {
            for peer in ["192.0.2.1", "127.0.0.1", "::1", "11.0.0.1"] {
                let peer: IpAddr = peer.parse().unwrap();
                let client = Client { address: peer, is_secure: false };
                assert_eq!(proxies(kind).way(peer, &lines), Way { client, hosts: vec![] });
            }
            for peer in ["10.0.0.1", "::ffff:10.0.0.1", "fd00::1"] {
                let client = Client { address: "192.0.2.9".parse().unwrap(), is_secure: true };
                let way = Way { client, hosts: vec!["class.example"] };
                assert_eq!(proxies(kind).way(peer.parse().unwrap(), &lines), way, "{peer}");
            }
        }
    }

    #[test]
    fn what_a_client_writes_before_the_proxy_does_is_of_no_account() {
        // A proxy that adds to the line, and one that adds a line.
        assert_eq!(client(&[("x-forwarded-for", b"192.0.2.66, 192.0.2.1")]), "192.0.2.1");
        assert_eq!(client(&[("x-forwarded-for", b"192.0.2.66"), ("x-forwarded-for", b"192.0.2.1")]), "192.0.2.1");
        assert_eq!(client(&[("x-forwarded-for", b"10.9.9.9,\xff,,192.0.2.1")]), "192.0.2.1");
        // The other kind, which such a proxy passes on as it came.
        assert_eq!(client(&[("forwarded", b"for=192.0.2.66"), ("x-forwarded-for", b"192.0.2.1")]), "192.0.2.1");
        // Several of ours, one after the other.
        assert_eq!(client(&[("x-forwarded-for", b"192.0.2.66, 192.0.2.1, 10.0.0.3, 10.0.0.2")]), "192.0.2.1");
    }

    #[test]
    fn what_cannot_be_read_leaves_the_last_that_could_be() {
        assert_eq!(client(&[]), PROXY);
        for nonsense in ["", "unknown", "192.0.2.1.5", "192.0.2.1 192.0.2.2", "fe80::1%eth0", "\u{1F980}"] {
            assert_eq!(client(&[("x-forwarded-for", nonsense.as_bytes())]), PROXY, "{nonsense}");
        }
        assert_eq!(client(&[("x-forwarded-for", b"nonsense, 10.0.0.2")]), "10.0.0.2");
        assert_eq!(client(&[("x-forwarded-for", b"10.0.0.3, 10.0.0.2")]), "10.0.0.3");
        // As a socket for both versions tells it, which is how the connection itself is known.
        for mapped in ["::ffff:10.0.0.1", "::ffff:192.0.2.1"] {
            let nothing = HeaderMap::new();
            let way = proxies(ProxyHeaders::XForwarded).way(mapped.parse().unwrap(), &nothing);
            assert_eq!(way.client.address.to_string(), mapped);
        }
    }

    #[test]
    fn an_address_is_read_with_a_port_and_without() {
        let client = |hop: &str| client(&[("x-forwarded-for", hop.as_bytes())]);
        for hop in ["192.0.2.1", "192.0.2.1:4711", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:4711"] {
            assert_eq!(client(hop), "192.0.2.1");
        }
        for hop in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711"] {
            assert_eq!(client(hop), "2001:db8::1");
        }
    }

    #[test]
    fn an_element_of_forwarded_tells_of_one_hop() {
        let way = |line: &[u8]| {
            let headers = headers(&[("forwarded", line), ("x-forwarded-for", b"192.0.2.66")]);
            let way = proxies(ProxyHeaders::Forwarded).way(PROXY.parse().unwrap(), &headers);
            (way.client.address.to_string(), way.client.is_secure, way.hosts.join(" "))
        };
        let told = |address: &str, is_secure, host: &str| (address.to_owned(), is_secure, host.to_owned());
        assert_eq!(way(b"for=192.0.2.1"), told("192.0.2.1", false, ""));
        assert_eq!(
            way(br#"For="[2001:db8::1]:4711";Proto=HTTPS;Host="a.example:8443""#),
            told("2001:db8::1", true, "a.example:8443")
        );
        // The inner proxy speaks no TLS with the outer one, which does with the client.
        assert_eq!(
            way(b"for=192.0.2.66;host=evil, for=192.0.2.1;proto=https;host=a.example, for=10.0.0.2;proto=http;host=inner"),
            told("192.0.2.1", true, "a.example")
        );
        // A quote that a client leaves open swallows nothing.
        assert_eq!(way(b"for=\"192.0.2.66, for=192.0.2.1"), told("192.0.2.1", false, ""));
        assert_eq!(way(b"for=_hidden;proto=https"), told(PROXY, true, ""));
        assert_eq!(way(b"nonsense"), told(PROXY, false, ""));
    }

    proptest! {
        #[test]
        fn a_stranger_is_whoever_the_proxy_says_whatever_the_stranger_says(
            said in prop::collection::vec(prop::collection::vec(prop::num::u8::ANY, 0..40), 0..4),
            real in prop::num::u32::ANY,
        ) {
            let real = IpAddr::V4(real.into());
            prop_assume!(!proxies(ProxyHeaders::XForwarded).trust(real));
            let mut lines = HeaderMap::new();
            for line in said {
                if let Ok(value) = HeaderValue::from_bytes(&line) {
                    lines.append("x-forwarded-for", value.clone());
                    lines.append("forwarded", value);
                }
            }
            lines.append("x-forwarded-for", real.to_string().parse().unwrap());
            lines.append("forwarded", format!("for={real}").parse().unwrap());
            for kind in [ProxyHeaders::XForwarded, ProxyHeaders::Forwarded] {
                prop_assert_eq!(proxies(kind).way(PROXY.parse().unwrap(), &lines).client.address, real);
            }
        }
    }
}
