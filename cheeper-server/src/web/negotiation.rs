//! In which content codings a client takes a body. Pure, on its headers.

use warp::http::{HeaderMap, header};

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
    let lines = request.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|line| line.to_str().ok());
    for item in lines.flat_map(|line| line.split(',')) {
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

fn is_zero(parameters: &str) -> bool {
    let weight = parameters.trim().strip_prefix("q=").or_else(|| parameters.trim().strip_prefix("Q="));
    weight.and_then(|weight| weight.trim().parse::<f32>().ok()).is_some_and(|weight| weight <= 0.0)
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    #[test]
    fn a_coding_is_used_where_it_is_named_and_not_weighed_to_nothing() {
        let accepts = |value, coding| {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            accepts(&headers, coding)
        };
        assert!(accepts("gzip, deflate, br, zstd", Coding::Brotli));
        assert!(accepts("GZIP;q=0.5", Coding::Gzip));
        assert!(accepts("*", Coding::Brotli) && accepts("*;q=0, br", Coding::Brotli));
        assert!(!accepts("gzip", Coding::Brotli));
        assert!(!accepts("br;q=0, *", Coding::Brotli) && !accepts("gzip; q=0.0", Coding::Gzip));
        assert!(!accepts("", Coding::Gzip) && !super::accepts(&HeaderMap::new(), Coding::Gzip));
    }
}
