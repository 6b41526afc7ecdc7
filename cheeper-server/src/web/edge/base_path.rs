//! The path below which the page is, where a server shares its host's name with others. Pure.
//!
//! Some proxies take it off before they pass a request on, some do not: so every address is answered with it and without.

use warp::http::{Uri, uri::PathAndQuery};

/// Empty, or such as `/cheeper`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BasePath(String);

/// What becomes of a request's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stripped {
    /// It is as it is to be.
    Same,
    /// It is this, as seen from the base path.
    To(Uri),
    /// The page's links start from its folder, which has a slash at the end: it is over there.
    Elsewhere(String),
}

impl BasePath {
    /// One that begins with a slash and ends without.
    pub(crate) fn new(path: String) -> Self {
        Self(path)
    }

    /// What a cookie for this server has for its `Path`.
    pub(crate) fn of_cookies(&self) -> &str {
        if self.0.is_empty() { "/" } else { &self.0 }
    }

    /// A path as seen from this one.
    pub(crate) fn strip<'p>(&self, path: &'p str) -> &'p str {
        path.strip_prefix(&*self.0).filter(|rest| rest.starts_with('/')).unwrap_or(path)
    }

    /// The same of bytes that begin with a path.
    pub(crate) fn strip_bytes<'p>(&self, path: &'p [u8]) -> &'p [u8] {
        path.strip_prefix(self.0.as_bytes()).filter(|rest| rest.starts_with(b"/")).unwrap_or(path)
    }

    /// An address as seen from this path.
    pub(crate) fn strip_uri(&self, uri: &Uri) -> Stripped {
        let path = uri.path();
        if !self.0.is_empty() && path == self.0 {
            let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            return Stripped::Elsewhere(format!("{path}/{query}"));
        }
        let rest = self.strip(path);
        if rest.len() == path.len() {
            return Stripped::Same;
        }
        let rest = match uri.query() {
            Some(query) => format!("{rest}?{query}").parse::<PathAndQuery>(),
            None => rest.parse(),
        };
        // A part of an address that was read is one.
        rest.map_or(Stripped::Same, |rest| {
            let mut parts = uri.clone().into_parts();
            parts.path_and_query = Some(rest);
            Uri::from_parts(parts).map_or(Stripped::Same, Stripped::To)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stripped(base: &str, uri: &str) -> Stripped {
        BasePath::new(base.to_owned()).strip_uri(&uri.parse().unwrap())
    }

    fn to(uri: &str) -> Stripped {
        Stripped::To(uri.parse().unwrap())
    }

    #[test]
    fn an_address_means_the_same_with_the_base_path_and_without() {
        assert_eq!(stripped("/cheeper", "/cheeper/"), to("/"));
        assert_eq!(stripped("/cheeper", "/cheeper/api/cheeps?after=1"), to("/api/cheeps?after=1"));
        assert_eq!(stripped("/a/b", "/a/b/ws"), to("/ws"));
        assert_eq!(stripped("/cheeper", "http://host:80/cheeper/x?y"), to("http://host:80/x?y"));
        for same in ["/", "/ws", "/api/cheeps?after=1", "/cheeperx/", "/Cheeper/ws", "/x/cheeper/ws", "*"] {
            assert_eq!(stripped("/cheeper", same), Stripped::Same, "{same}");
            assert_eq!(stripped("", same), Stripped::Same, "{same}");
        }
        // Only once.
        assert_eq!(stripped("/a", "/a/a/ws"), to("/a/ws"));
    }

    #[test]
    fn the_folder_is_where_its_slash_is() {
        assert_eq!(stripped("/cheeper", "/cheeper"), Stripped::Elsewhere("/cheeper/".to_owned()));
        assert_eq!(stripped("/cheeper", "/cheeper?theme=dark"), Stripped::Elsewhere("/cheeper/?theme=dark".to_owned()));
        assert_eq!(stripped("", "/"), Stripped::Same);
    }

    proptest! {
        #[test]
        fn whether_a_proxy_takes_the_path_off_is_the_same(rest in "/[a-z/%0-9]{0,20}(\\?[a-z=&]{0,9})?") {
            let whole = stripped("/cheeper", &format!("/cheeper{rest}"));
            prop_assert_eq!(whole, to(&rest));
            prop_assert_eq!(stripped("/cheeper", &rest), Stripped::Same);
        }
    }

    #[test]
    fn cookies_are_for_this_server_alone() {
        assert_eq!(BasePath::new(String::new()).of_cookies(), "/");
        assert_eq!(BasePath::new("/cheeper".to_owned()).of_cookies(), "/cheeper");
    }
}
