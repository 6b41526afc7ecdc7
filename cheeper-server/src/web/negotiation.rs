//! What a request says about the representation it wants: codings and tags. Pure, on its headers.

use warp::http::{HeaderMap, HeaderName, header};

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// Whether `Accept-Encoding` lets a body be sent in this coding; without the header it is sent as it is.
pub(crate) fn accepts(request: &HeaderMap, coding: Coding) -> bool {
    let mut answer = None;
    for item in items(request, &header::ACCEPT_ENCODING) {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let name = name.trim();
        let is_wanted = !is_zero(parameters);
        if name.eq_ignore_ascii_case(coding.name()) {
            return is_wanted;
        }
        if name == "*" {
            answer = Some(is_wanted);
        }
    }
    answer.unwrap_or(false)
}

/// Whether `If-None-Match` names this tag; by the weak comparison, as that header asks for.
pub(crate) fn knows(request: &HeaderMap, tag: &str) -> bool {
    items(request, &header::IF_NONE_MATCH).any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == tag)
}

fn items<'a>(request: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = request.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn is_zero(parameters: &str) -> bool {
    let weight = parameters.trim().strip_prefix("q=").or_else(|| parameters.trim().strip_prefix("Q="));
    weight.and_then(|weight| weight.trim().parse::<f32>().ok()).is_some_and(|weight| weight <= 0.0)
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_coding_is_used_where_it_is_named_and_not_weighed_to_nothing() {
        let accepts = |value, coding| accepts(&with(header::ACCEPT_ENCODING, value), coding);
        assert!(accepts("gzip, deflate, br, zstd", Coding::Brotli));
        assert!(accepts("GZIP;q=0.5", Coding::Gzip));
        assert!(accepts("*", Coding::Brotli) && accepts("*;q=0, br", Coding::Brotli));
        assert!(!accepts("gzip", Coding::Brotli));
        assert!(!accepts("br;q=0, *", Coding::Brotli) && !accepts("gzip; q=0.0", Coding::Gzip));
        assert!(!accepts("", Coding::Gzip) && !super::accepts(&HeaderMap::new(), Coding::Gzip));
    }

    #[test]
    fn a_tag_is_known_alone_in_a_list_weak_and_by_a_star() {
        let knows = |value| knows(&with(header::IF_NONE_MATCH, value), "\"a-br\"");
        assert!(knows("\"a-br\"") && knows("\"x\", \"a-br\"") && knows("W/\"a-br\"") && knows("*"));
        assert!(!knows("\"a-gzip\"") && !knows("a-br") && !super::knows(&HeaderMap::new(), "\"a-br\""));
    }
}
