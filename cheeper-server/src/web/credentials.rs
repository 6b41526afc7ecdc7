//! What a request shows to be let in: a token of its own, or the cookie of a browser. Pure.

use cookie::Cookie;
use warp::http::{HeaderMap, header};

use crate::access::Credentials;

/// The token that a header carries, and the cookie that was found. A header of another scheme is not for us: a proxy in
/// front may have asked for a password of its own.
pub(super) fn shown<'a>(headers: &'a HeaderMap, cookie: Option<&'a str>) -> Credentials<'a> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, token) = split_at_space(value.as_bytes());
        // What is no text is no token either, and is refused as one.
        scheme.eq_ignore_ascii_case(b"bearer").then(|| str::from_utf8(token).unwrap_or_default().trim())
    });
    Credentials { bearer, cookie }
}

/// The value of our cookie, if one came.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut found = all.flat_map(Cookie::split_parse).flatten().filter(|cookie| cookie.name() == name);
    found.find_map(|cookie| cookie.value_raw())
}

fn split_at_space(value: &[u8]) -> (&[u8], &[u8]) {
    let at = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    value.split_at(at)
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_is_what_the_bearer_says_and_nothing_else() {
        let bearer = |value: &'static str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            shown(&headers, None).bearer.map(str::to_owned)
        };
        assert_eq!(bearer("Bearer j_abc").as_deref(), Some("j_abc"));
        assert_eq!(bearer("bearer   j_abc ").as_deref(), Some("j_abc"));
        assert_eq!(bearer("Bearer").as_deref(), Some(""));
        assert_eq!(bearer("Basic dXNlcjpwYXNz"), None);
        assert_eq!(shown(&HeaderMap::new(), Some("x")).cookie, Some("x"));
    }

    #[test]
    fn our_cookie_is_found_among_those_of_other_servers() {
        let cookies = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::COOKIE, HeaderValue::from_static(value));
            }
            cookie(&headers, "cheeper_a").map(str::to_owned)
        };
        assert_eq!(cookies(&["cheeper_b=1; cheeper_a=s_2; x"]).as_deref(), Some("s_2"));
        assert_eq!(cookies(&["theme=dark", "=; ;;cheeper_a=s_2"]).as_deref(), Some("s_2"));
        assert_eq!(cookies(&["cheeper_ab=1; Cheeper_a=2"]), None);
        assert_eq!(cookies(&[]), None);
    }
}
