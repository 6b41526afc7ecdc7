//! Whom a request is for, as `Host` says it, and which page's script sent it, as `Origin` says it. Pure.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// Bytes of a name, as DNS bounds it.
const NAME_BYTES: usize = 253;

/// A host, and a port if it is not the usual one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Authority<'a> {
    pub(crate) host: Host<'a>,
    pub(crate) port: Option<u16>,
}

/// A host. Two names are one in any case and with a dot at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Host<'a> {
    Address(IpAddr),
    /// Letters, digits, `-`, `_` and dots: what is written in other letters comes as punycode.
    Name(&'a str),
}

impl PartialEq for Host<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Address(one), Self::Address(other)) => one == other,
            (Self::Name(one), Self::Name(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        }
    }
}

impl Eq for Host<'_> {}

impl fmt::Display for Authority<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.fmt(f)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl<'a> Authority<'a> {
    /// What `host[:port]` names; none if it is nothing of the kind.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (host, rest) = match text.strip_prefix('[') {
            Some(text) => {
                let (address, rest) = text.split_once(']')?;
                (Host::Address(address.parse::<Ipv6Addr>().ok()?.into()), rest)
            }
            None => {
                let end = text.find(':').unwrap_or(text.len());
                (Host::parse(&text[..end])?, &text[end..])
            }
        };
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => None,
            // The grammar lets the number be missing, which is as without the colon.
            Some("") => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            None | Some(_) => return None,
        };
        Some(Self { host, port })
    }
}

impl<'a> Host<'a> {
    /// A name, or an address of version 4.
    fn parse(text: &'a str) -> Option<Self> {
        if let Ok(address) = text.parse() {
            return Some(Self::Address(IpAddr::V4(address)));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        (!name.is_empty() && name.len() <= NAME_BYTES && name.bytes().all(is_name)).then_some(Self::Name(name))
    }
}

/// The page that a script belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin<'a> {
    is_secure: bool,
    authority: Authority<'a>,
}

impl<'a> Origin<'a> {
    /// None for `null`, for schemes that are not the web's, and for what is no origin.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let is_secure = match scheme {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        Some(Self { is_secure, authority: Authority::parse(authority)? })
    }

    /// Whether this is the page of a server that was asked for by this name. Over TLS that page came over TLS: one that did
    /// not may be anybody's on the way. Without TLS it may be that a proxy speaks it, of which nobody told.
    pub(crate) fn is_page_of(&self, asked: &Authority<'_>, over_tls: bool) -> bool {
        let usual = if self.is_secure { 443 } else { 80 };
        (self.is_secure || !over_tls)
            && self.authority.host == asked.host
            && self.authority.port.unwrap_or(usual) == asked.port.unwrap_or(usual)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(name: &str, port: Option<u16>) -> Authority<'_> {
        Authority { host: Host::Name(name), port }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_a_port_or_without() {
        assert_eq!(Authority::parse("localhost:5000"), Some(name("LOCALHOST", Some(5000))));
        assert_eq!(Authority::parse("Class.Example."), Some(name("class.example", None)));
        assert_eq!(Authority::parse("my_host:"), Some(name("my_host", None)));
        let address = |host: &str, port| Some(Authority { host: Host::Address(host.parse().unwrap()), port });
        assert_eq!(Authority::parse("127.0.0.1:80"), address("127.0.0.1", Some(80)));
        assert_eq!(Authority::parse("[::1]:80"), address("::1", Some(80)));
        assert_eq!(Authority::parse("[2001:db8::1]"), address("2001:db8::1", None));
    }

    #[test]
    fn what_is_no_host_is_none() {
        for text in [
            "",
            ":80",
            ".",
            "a b",
            "a@b",
            "a/b",
            "a,b",
            "a:b",
            "a:+80",
            "a:80:80",
            "a:65536",
            "[::1",
            "[::1]80",
            "[1.2.3.4]",
            "::1",
            "[::1%eth0]",
            "café",
            "a\u{1b}[31m",
            "a?b",
            "a#b",
            "a\\b",
            "*",
            "a\"b",
        ] {
            assert_eq!(Authority::parse(text), None, "{text}");
        }
        // Ways to write an address that a browser puts right, and nobody else sends.
        for text in ["127.1", "0x7f000001", "2130706433"] {
            assert_eq!(Authority::parse(text).unwrap().host, Host::Name(text));
        }
    }

    #[test]
    fn a_page_is_ours_if_host_port_and_safety_are() {
        let is_ours = |origin: &str, asked: &str, over_tls| {
            Origin::parse(origin).is_some_and(|origin| origin.is_page_of(&Authority::parse(asked).unwrap(), over_tls))
        };
        for (origin, asked) in [
            ("http://localhost:5000", "LOCALHOST:5000"),
            ("http://class.example", "class.example:80"),
            ("http://[::1]:5000", "[0::1]:5000"),
        ] {
            assert!(is_ours(origin, asked, false), "{origin} {asked}");
            assert!(!is_ours(origin, asked, true), "{origin} {asked}");
        }
        for over_tls in [true, false] {
            assert!(is_ours("https://class.example", "class.example", over_tls));
            assert!(is_ours("https://class.example", "class.example:443", over_tls));
            for foreign in [
                "null",
                "",
                "https://class.example:8443",
                "https://class.example.evil",
                "https://evil.example",
                "https://user@class.example",
                "https://class.example/",
                "ftp://class.example",
                "file://",
                "https://",
            ] {
                assert!(!is_ours(foreign, "class.example", over_tls), "{foreign}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_judged(text in "\\PC*", origin in "https?://\\PC*") {
            // What passes has nothing in it that a sentence or a line of a log could not hold.
            if let Some(Authority { host: Host::Name(name), .. }) = Authority::parse(&text) {
                prop_assert!(name.bytes().all(|byte| byte.is_ascii_graphic()));
            }
            if Origin::parse(&origin).is_some() {
                prop_assert!(origin.is_ascii());
            }
        }
    }
}
