//! How people are told where to come in: addresses, links, and a code for the cameras of phones. Nearly pure: the addresses
//! are the system's to say.

use std::net::{IpAddr, SocketAddr};

use cheeper_protocol::Token;
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

/// White on black whatever the terminal's colours, as a camera wants it, and back to those.
const WHITE_ON_BLACK: &str = "\x1b[97;40m";
const AS_BEFORE: &str = "\x1b[0m";

/// Where a server is.
#[derive(Clone, Debug)]
pub(super) struct Whereabouts {
    /// How it is asked.
    pub(super) scheme: &'static str,
    pub(super) listens: SocketAddr,
    /// Below which path its page is; empty if that is the root.
    pub(super) base_path: String,
    /// Where others find its page, if that is elsewhere.
    pub(super) public_url: Option<String>,
}

/// Where people find the page of a server that listens there, this machine's own way first. Each ends with a slash. Where one
/// is given that others use, it is the only one for them.
pub(super) fn addresses(whereabouts: &Whereabouts) -> Vec<String> {
    let Whereabouts { scheme, listens, base_path, public_url } = whereabouts;
    let port = listens.port();
    if let Some(public) = public_url {
        let own = if listens.ip().is_unspecified() { format!("localhost:{port}") } else { listens.to_string() };
        return vec![format!("{scheme}://{own}{base_path}/"), public.clone()];
    }
    if !listens.ip().is_unspecified() {
        return vec![format!("{scheme}://{listens}{base_path}/")];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::debug!(%error, "the system does not say its addresses");
        Vec::new()
    });
    let others = interfaces.iter().map(if_addrs::Interface::ip).filter(|ip| is_for_others(*ip, *listens));
    let mut others: Vec<IpAddr> = others.collect();
    // What people know how to type comes first.
    others.sort_by_key(|ip| (ip.is_ipv6(), *ip));
    others.dedup();
    let others = others.into_iter().map(|ip| format!("{scheme}://{}{base_path}/", SocketAddr::new(ip, port)));
    [format!("{scheme}://localhost:{port}{base_path}/")].into_iter().chain(others).collect()
}

/// Whether others reach this machine by an address of it.
fn is_for_others(ip: IpAddr, listens: SocketAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local(),
        // Of one that is good only on one line, nobody else knows which line that is.
        IpAddr::V6(ip) => listens.is_ipv6() && !ip.is_loopback() && !ip.is_unicast_link_local(),
    }
}

/// The link that a token makes of an address: no server gets to see what stands behind the `#`.
fn link(address: &str, token: &Token) -> String {
    format!("{address}#join={}", token.expose())
}

/// The links that a token makes of some addresses and, where it is to be drawn, the code of the one that phones can open.
pub(super) fn to(addresses: &[String], token: &Token, draws: bool) -> String {
    let mut said: String = addresses.iter().map(|address| link(address, token) + "\n").collect();
    // The first is this machine's own way where there is another.
    let for_others = addresses.get(1).or(addresses.first()).filter(|_| draws);
    if let Some(code) = for_others.and_then(|address| code(&link(address, token))) {
        said += &code;
    }
    said
}

/// A code that a phone opens as this link. `None` if it does not fit in one.
fn code(link: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(link, EcLevel::L).ok()?;
    let drawn = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    Some(drawn.lines().flat_map(|line| [WHITE_ON_BLACK, line, AS_BEFORE, "\n"]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_for_one_address_is_found_there_and_one_for_all_at_each() {
        let place = |listens: &str, base_path: &str, public_url: Option<&str>| {
            let (base_path, public_url) = (base_path.to_owned(), public_url.map(str::to_owned));
            addresses(&Whereabouts { scheme: "http", listens: listens.parse().unwrap(), base_path, public_url })
        };
        let at = |listens: &str| place(listens, "", None);
        assert_eq!(at("127.0.0.1:5000"), ["http://127.0.0.1:5000/"]);
        assert_eq!(at("[::1]:5000"), ["http://[::1]:5000/"]);
        let all = at("0.0.0.0:80");
        assert_eq!(all[0], "http://localhost:80/");
        let behind_a_proxy = place("0.0.0.0:80", "", Some("https://cheeper.example/"));
        assert_eq!(behind_a_proxy, ["http://localhost:80/", "https://cheeper.example/"]);
        let below = place("127.0.0.1:80", "/team", Some("https://school.example/team/"));
        assert_eq!(below, ["http://127.0.0.1:80/team/", "https://school.example/team/"]);
        assert_eq!(place("[::1]:80", "/team", None), ["http://[::1]:80/team/"]);
        assert!(all[1..].iter().all(|address| !address.contains("127.") && !address.contains('[')), "{all:?}");
    }

    #[test]
    fn what_others_cannot_use_is_not_told() {
        let (v4, v6) = ("0.0.0.0:80".parse().unwrap(), "[::]:80".parse().unwrap());
        let is_told = |ip: &str, listens| is_for_others(ip.parse().unwrap(), listens);
        assert!(is_told("192.168.1.5", v4) && is_told("192.168.1.5", v6) && is_told("2001:db8::1", v6));
        assert!(!is_told("2001:db8::1", v4));
        for ip in ["127.0.0.1", "169.254.3.4", "::1", "fe80::1"] {
            assert!(!is_told(ip, v4) && !is_told(ip, v6), "{ip}");
        }
    }

    #[test]
    fn a_link_is_drawn_in_lines_of_the_same_length_with_room_around_it() {
        let code = code("http://192.168.1.5:5000/#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg").unwrap();
        let lines: Vec<&str> = code.lines().collect();
        let inside = |line: &str| line.trim_start_matches(WHITE_ON_BLACK).trim_end_matches(AS_BEFORE).to_owned();
        let widths: Vec<usize> = lines.iter().map(|line| inside(line).chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]) && lines.len() * 2 >= widths[0], "{code}");
        assert!(inside(lines[0]).chars().all(|half| half == '█'), "a code needs a margin: {code}");
    }
}
