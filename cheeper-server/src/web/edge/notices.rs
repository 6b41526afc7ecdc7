//! Tells whoever runs the server, in its log, what between it and its clients is not set up right. Strangers bring such requests
//! about as well, so each is told once a day, and few of each kind.

use std::{
    collections::HashSet,
    fmt,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::config::ProxyHeaders;

/// How many of a kind are told.
const TOLD: usize = 8;
/// How long what was told is remembered.
const MEMORY: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes shown of what a client sent.
const SHOWN_BYTES: usize = 100;

/// What is wrong, and what mends it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Notice {
    /// Somebody asks for the server by a name that is none of its own.
    ForeignHost { host: String },
    /// The page of another name wants to connect; often it is our own, and a proxy asks for the server by a name of its own.
    ForeignPage { origin: String, host: String },
    /// A WebSocket's handshake came without what makes it one.
    NoUpgrade { proxy: IpAddr },
    /// Somebody near by speaks for others and is not believed.
    Untrusted { proxy: IpAddr },
    /// A proxy writes the other kind of headers than the one it is believed by.
    OtherHeaders { proxy: IpAddr, written: ProxyHeaders },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForeignHost { host } => write!(
                f,
                "a request for the host {host} was refused: if this server is to go by that name, start it with \
                 --allow-host {host}; if a proxy made it up, have the proxy pass on the Host it was asked for"
            ),
            Self::ForeignPage { origin, host } => write!(
                f,
                "a page at {origin} was refused, as this server was asked for as {host}: if that page is its own, have \
                 the proxy pass on the Host it was asked for (nginx: proxy_set_header Host $http_host); to let in \
                 another's page, start it with --allow-origin {origin}"
            ),
            Self::NoUpgrade { proxy } => write!(
                f,
                "the proxy at {proxy} takes Upgrade out of WebSocket handshakes, so no page behind it goes live (nginx: \
                 proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade)"
            ),
            Self::Untrusted { proxy } => write!(
                f,
                "{proxy} says for whom it asks and is not believed, so all behind it count as one person: if it is your \
                 proxy, start this server with --trusted-proxy {proxy}"
            ),
            Self::OtherHeaders { proxy, written } => write!(
                f,
                "the proxy at {proxy} says for whom it asks by {written}, so all behind it count as one person: start \
                 this server with --proxy-headers {written}"
            ),
        }
    }
}

/// What was told.
#[derive(Default)]
pub(crate) struct Notices(Mutex<Told>);

#[derive(Default)]
struct Told {
    since: Option<Instant>,
    notices: HashSet<Notice>,
}

impl Notices {
    /// Logs it, if it is new.
    pub(crate) fn tell(&self, notice: Notice) {
        if let Some(notice) = self.if_new(notice, Instant::now()) {
            tracing::warn!("{notice}");
        }
    }

    fn if_new(&self, notice: Notice, now: Instant) -> Option<Notice> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now - *told.since.get_or_insert(now) >= MEMORY {
            *told = Told { since: Some(now), notices: HashSet::new() };
        }
        let kind = std::mem::discriminant(&notice);
        let of_kind = told.notices.iter().filter(|other| std::mem::discriminant(*other) == kind).count();
        (of_kind < TOLD && told.notices.insert(notice.clone())).then_some(notice)
    }
}

/// What a client sent, as it can stand in a sentence: plain, and not too long.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(SHOWN_BYTES)];
    format!("{}{}", cut.escape_ascii(), if cut.len() < bytes.len() { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str) -> Notice {
        Notice::ForeignHost { host: name.to_string() }
    }

    #[test]
    fn each_thing_is_told_once_a_day_and_few_of_a_kind() {
        let (notices, start) = (Notices::default(), Instant::now());
        let is_told = |notice: Notice, after| notices.if_new(notice, start + after).is_some();
        assert!(is_told(host("a"), Duration::ZERO) && !is_told(host("a"), Duration::from_secs(1)));
        let told = (0..1000).filter(|number| is_told(host(&number.to_string()), Duration::from_secs(2))).count();
        assert_eq!(told, TOLD - 1);
        // Those who fill one kind keep nobody from hearing of another.
        let proxy = [127, 0, 0, 1].into();
        assert!(is_told(Notice::NoUpgrade { proxy }, Duration::from_secs(3)));
        assert!(!is_told(host("z"), Duration::from_secs(23 * 60 * 60)));
        assert!(is_told(host("z"), MEMORY));
    }

    #[test]
    fn what_a_client_sent_makes_no_line_of_its_own() {
        assert_eq!(shown(b"evil\n\xe2\x80\xa8\x1b[31m\"x\""), r#"evil\n\xe2\x80\xa8\x1b[31m\"x\""#);
        assert_eq!(shown(&[b'a'; 5000]).chars().count(), SHOWN_BYTES + 1);
    }
}
