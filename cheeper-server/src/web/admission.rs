//! Which pages' scripts may connect.

use warp::http::{HeaderMap, Uri, header};

/// The pages whose scripts may speak to this server. A browser names a script's origin; other clients name none.
pub(crate) struct AllowedOrigins {
    allowed: Vec<String>,
}

impl AllowedOrigins {
    pub(crate) fn new(allowed: Vec<String>) -> Self {
        Self { allowed }
    }

    /// Whether a request with these headers may be carried out.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let own = origin.parse::<Uri>().is_ok_and(|uri| {
            let authority = uri.authority().map(warp::http::uri::Authority::as_str);
            authority.zip(host).is_some_and(|(origin, host)| origin.eq_ignore_ascii_case(host))
        });
        own || self.allow_other(headers)
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

    #[test]
    fn a_script_may_come_from_our_own_page_or_an_allowed_one() {
        let origins = AllowedOrigins::new(vec!["https://class.example".to_owned()]);
        let allow = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "localhost:5000".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            origins.allow(&headers)
        };
        assert!(allow(None));
        assert!(allow(Some("http://LOCALHOST:5000")));
        assert!(allow(Some("https://class.example")));
        for foreign in ["http://localhost:5001", "https://evil.example", "null", "", "https://class.example.evil"] {
            assert!(!allow(Some(foreign)), "{foreign}");
        }
    }
}
