//! How answers look: JSON, and what was refused.

use std::sync::Arc;

use bytes::Bytes;
use cheeper_protocol::{Code, ErrorFrame, Refusal, ServerFrame};
use warp::http::{HeaderValue, Response, StatusCode, header};

use crate::{feed::Ready, memory::MemoryBudget};

/// The answer to a request that was refused.
pub(crate) fn refused(refusal: Refusal) -> Response<Bytes> {
    error(status(&refusal), refusal)
}

/// The status that says what a refusal says.
pub(crate) fn status(refusal: &Refusal) -> StatusCode {
    match refusal.code {
        Code::NameTaken | Code::TokenRequired => StatusCode::UNAUTHORIZED,
        Code::Forbidden | Code::Muted | Code::ReadOnly => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::IdConflict | Code::TooMany => StatusCode::CONFLICT,
        Code::Gone => StatusCode::GONE,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::NotStored | Code::Internal => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// A refusal under a status of its own.
pub(crate) fn error(status: StatusCode, refusal: Refusal) -> Response<Bytes> {
    let challenge = if refusal.code == Code::NameTaken { "Cheeper-Secret" } else { "Bearer" };
    let retry_seconds = refusal.retry_after_ms.map(|ms| ms.div_ceil(1000));
    let mut response = json(status, ServerFrame::Error(ErrorFrame::new(None, refusal)).to_json().as_bytes());
    if let Some(seconds) = retry_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        // Such an answer has to name a way to prove oneself: a name's secret has a header of its own.
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

/// The answer to a request that names no path of ours.
pub(crate) fn no_path() -> Response<Bytes> {
    let why = "This server is no proxy: ask it for a path, such as /api/cheeps.";
    error(StatusCode::BAD_REQUEST, Refusal::new(Code::BadField, why))
}

/// A refusal for people: a sentence alone.
pub(crate) fn sentence(status: StatusCode, why: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(why.as_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &[u8]) -> Response<Bytes> {
    json_of(status, Bytes::from([body, b"\n"].concat()))
}

/// A page, which is counted as long as somebody is still to read it.
pub(crate) fn page(page: &Ready, memory: &Arc<MemoryBudget>) -> Response<Bytes> {
    json_of(StatusCode::OK, memory.shared([&page.json()[..], b"\n"].concat()))
}

fn json_of(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_a_status_that_says_whose_fault_it_is_and_whether_to_come_back() {
        for &code in Code::ALL {
            let status = refused(Refusal::from(code)).status();
            let may_help = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            assert_eq!(may_help, code.retryable(), "{code}: {status}");
        }
        let conflict = refused(Code::TooMany.into()).status();
        let (gone, forbidden) = (refused(Code::Gone.into()).status(), refused(Code::Muted.into()).status());
        assert_eq!([conflict.as_u16(), gone.as_u16(), forbidden.as_u16()], [409, 410, 403]);
    }
}
