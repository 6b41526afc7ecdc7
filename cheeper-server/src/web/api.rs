//! The HTTP beside the socket: pages and posts, and how a refusal looks.

use std::net::IpAddr;

use bytes::Bytes;
use cheeper_protocol::{ClientFrame, Code, ErrorFrame, Event, Refusal, Request, RequestId, Secret, ServerFrame};
use headers::{Authorization, HeaderMapExt as _, authorization::Bearer};
use percent_encoding::percent_decode;
use serde_json::{Map, Value};
use tokio::sync::oneshot;
use warp::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::site::Site;
use crate::{
    conversation::request::{Speaker, Step},
    feed::{PageRequest, Question, Ready},
    metrics::CommandKind,
    rate_limit::Source,
    timeline::{Author, Command, Outcome, Posted, Role},
};

/// When to ask again for what there was no memory for.
const NO_MEMORY_RETRY_MS: u64 = 1000;

/// One page, from the ring or the store.
pub(crate) async fn page(site: &Site, question: Question) -> Result<Ready, Refusal> {
    if site.services.memory.is_exhausted() {
        return Err(Refusal::from(Code::Internal).retry_after(NO_MEMORY_RETRY_MS));
    }
    let request = PageRequest { id: None, question, head: site.services.feed.tail().head(), reset: false };
    let (sender, receiver) = oneshot::channel();
    match site.services.feed.page(request, move |page| drop(sender.send(page))) {
        Some(page) => Ok(page),
        None => receiver.await.unwrap_or_else(|_| Err(Code::Internal.into())),
    }
}

/// `POST /api/cheep`: the answer, whatever comes of it.
pub(crate) async fn post(site: &Site, from: IpAddr, headers: &HeaderMap, body: &[u8]) -> Response<Bytes> {
    match try_post(site, from, headers, body).await {
        Ok((status, event)) => json(status, event.as_bytes()),
        Err(Failure::Unsupported) => {
            let why = "Send JSON (Content-Type: application/json) or a form (application/x-www-form-urlencoded).";
            error(StatusCode::UNSUPPORTED_MEDIA_TYPE, Refusal::new(Code::BadFrame, why))
        }
        Err(Failure::Refused(refusal)) => refused(refusal),
    }
}

enum Failure {
    Unsupported,
    Refused(Refusal),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

async fn try_post(
    site: &Site,
    from: IpAddr,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(StatusCode, String), Failure> {
    let frame = ClientFrame::parse(&body_as_json(headers, body)?, &site.services.rules.limits)
        .map_err(|unreadable| unreadable.refusal)?;
    let Request::Post { name, .. } = &frame.request else {
        let why = "This address takes posts only; leave \"type\" out.";
        return Err(Refusal::new(Code::BadField, why).in_field("type").into());
    };
    let id = match headers.get("idempotency-key") {
        None => frame.id,
        Some(key) => Some(RequestId::parse(key.to_str().unwrap_or_default())?),
    };
    let source = Source { address: from, connection: None };
    let mut speaker = Speaker::default();
    if let (Some(secret), Some(name)) = (secret(headers)?, name) {
        site.services.rules.rate_limits.check_secret(source, name)?;
        speaker = Speaker::new(Author { name: name.clone(), secret: Some(secret), role: Role::Member });
    }
    let Step::Submit(command) = speaker.on_request(id.as_ref(), frame.request, source, &site.services.rules)? else {
        return Err(Refusal::from(Code::Internal).into());
    };
    match submit(site, command).await? {
        Outcome::Posted(Posted { cheep, duplicate }) => {
            let status = if duplicate { StatusCode::OK } else { StatusCode::CREATED };
            Ok((status, Event::Cheep(cheep).to_json()))
        }
        Outcome::Changed(_) | Outcome::Named(_) => Err(Refusal::from(Code::Internal).into()),
    }
}

async fn submit(site: &Site, command: Command) -> Result<Outcome, Refusal> {
    let kind = CommandKind::of(&command);
    let (sender, receiver) = oneshot::channel();
    site.services.timeline.submit(command, Box::new(move |outcome| drop(sender.send(outcome))));
    let outcome = receiver.await.unwrap_or_else(|_| Err(Code::NotStored.into()));
    site.services.metrics.answered(kind, &outcome);
    outcome
}

/// The body as the JSON object that a frame would be.
fn body_as_json(headers: &HeaderMap, body: &[u8]) -> Result<String, Failure> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(String::from_utf8(body.to_vec()).map_err(|_| Refusal::from(Code::BadJson))?);
    }
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        // The parser would put a mark for what it cannot read, and the author would not hear of it.
        if percent_decode(body).decode_utf8().is_err() {
            return Err(Refusal::new(Code::BadField, "The text of this form is not UTF-8.").into());
        }
        let number = |field: &str, value: &str| if field == "reply_to" { value.parse::<u64>().ok() } else { None };
        let object: Map<String, Value> = form_urlencoded::parse(body)
            .map(|(field, value)| {
                let value = number(&field, &value).map_or_else(|| Value::from(&*value), Value::from);
                (field.into_owned(), value)
            })
            .collect();
        return Ok(Value::Object(object).to_string());
    }
    Err(Failure::Unsupported)
}

/// The secret in `Authorization: Bearer SECRET`.
fn secret(headers: &HeaderMap) -> Result<Option<Secret>, Refusal> {
    let bearer = headers.typed_try_get::<Authorization<Bearer>>().map_err(|_| {
        let why = "Send the secret of the name as \"Authorization: Bearer SECRET\".";
        Refusal::new(Code::BadSecret, why).in_field("Authorization")
    })?;
    bearer.map(|bearer| Secret::parse(bearer.0.token())).transpose()
}

/// The answer to a request that was refused.
pub(crate) fn refused(refusal: Refusal) -> Response<Bytes> {
    let status = match refusal.code {
        Code::NameTaken => StatusCode::UNAUTHORIZED,
        Code::IdConflict => StatusCode::CONFLICT,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::NotStored | Code::Internal => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    };
    error(status, refusal)
}

/// A refusal under a status of its own.
pub(crate) fn error(status: StatusCode, refusal: Refusal) -> Response<Bytes> {
    let retry_seconds = refusal.retry_after_ms.map(|ms| ms.div_ceil(1000));
    let mut response = json(status, ServerFrame::Error(ErrorFrame::new(None, refusal)).to_json().as_bytes());
    if let Some(seconds) = retry_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// The answer to a request that names no path of ours.
pub(crate) fn no_path() -> Response<Bytes> {
    let why = "This server is no proxy: ask it for a path, such as /api/cheeps.";
    error(StatusCode::BAD_REQUEST, Refusal::new(Code::BadField, why))
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &[u8]) -> Response<Bytes> {
    json_of(status, Bytes::from([body, b"\n"].concat()))
}

/// A page, which is counted as long as somebody is still to read it.
pub(crate) fn json_page(site: &Site, page: &Ready) -> Response<Bytes> {
    json_of(StatusCode::OK, site.services.memory.shared([&page.json()[..], b"\n"].concat()))
}

fn json_of(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
