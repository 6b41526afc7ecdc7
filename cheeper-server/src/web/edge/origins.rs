//! Which pages' scripts may connect, and change something. Pure.

use warp::http::{HeaderMap, header};

use super::authority::{Authority, Origin};

/// The pages, besides our own, whose scripts may speak to this server.
pub(crate) struct AllowedOrigins {
    allowed: Vec<String>,
}

/// Who sent a request, as far as a browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// No browser, our own page, or one that is allowed.
    Ours,
    /// A page of somebody else's.
    Foreign,
}

impl AllowedOrigins {
    pub(crate) fn new(allowed: Vec<String>) -> Self {
        Self { allowed }
    }

    /// Whose request this is that asks for the server by the name `asked`.
    pub(crate) fn sender(&self, headers: &HeaderMap, asked: &Authority<'_>, over_tls: bool) -> Sender {
        let mut origins = headers.get_all(header::ORIGIN).into_iter();
        let is_ours = match (origins.next(), origins.next()) {
            (Some(origin), None) => {
                let own = origin.to_str().ok().and_then(Origin::parse);
                own.is_some_and(|origin| origin.is_page_of(asked, over_tls)) || self.allow_other(headers)
            }
            (Some(_), Some(_)) => false,
            // Old browsers say nothing of the page that a form stands on; new ones say how near it is to ours, if they trust the line.
            (None, _) => {
                let site = headers.get("sec-fetch-site");
                site.is_none_or(|site| [&b"same-origin"[..], b"none"].contains(&site.as_bytes()))
            }
        };
        if is_ours { Sender::Ours } else { Sender::Foreign }
    }

    /// Whether a request comes from a page besides our own that the host has allowed.
    pub(crate) fn allow_other(&self, headers: &HeaderMap) -> bool {
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        origin.is_some_and(|origin| self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(lines: &[(&'static str, &str)], over_tls: bool) -> Sender {
        let origins = AllowedOrigins::new(vec!["https://class.example".to_owned()]);
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        origins.sender(&headers, &Authority::parse("localhost:5000").unwrap(), over_tls)
    }

    #[test]
    fn a_script_may_come_from_our_own_page_or_an_allowed_one() {
        assert_eq!(sender(&[], false), Sender::Ours);
        for (origin, over_tls) in [
            ("http://LOCALHOST:5000", false),
            ("https://localhost:5000", false),
            ("https://localhost:5000", true),
            ("https://class.example", false),
            ("https://class.example", true),
        ] {
            assert_eq!(sender(&[("origin", origin)], over_tls), Sender::Ours, "{origin}");
        }
        for foreign in ["http://localhost:5001", "https://evil.example", "null", "", "https://class.example.evil"] {
            assert_eq!(sender(&[("origin", foreign)], false), Sender::Foreign, "{foreign}");
        }
        assert_eq!(sender(&[("origin", "http://localhost:5000")], true), Sender::Foreign);
        let both = [("origin", "http://localhost:5000"), ("origin", "https://evil.example")];
        assert_eq!(sender(&both, false), Sender::Foreign);
    }

    #[test]
    fn a_form_that_names_no_page_may_not_be_another_pages() {
        for (site, whose) in [
            ("same-origin", Sender::Ours),
            ("none", Sender::Ours),
            ("same-site", Sender::Foreign),
            ("cross-site", Sender::Foreign),
            ("", Sender::Foreign),
        ] {
            assert_eq!(sender(&[("sec-fetch-site", site)], false), whose, "{site}");
        }
        // To an allowed page we are another site, of course.
        let allowed = [("origin", "https://class.example"), ("sec-fetch-site", "cross-site")];
        assert_eq!(sender(&allowed, false), Sender::Ours);
    }
}
