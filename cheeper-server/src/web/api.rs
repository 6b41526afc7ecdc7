//! The HTTP beside the socket: pages, following, posting.

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use cheeper_protocol::{
    ClientFrame, Code, ErrorFrame, Event, History, Range, Refusal, Request, RequestId, Secret, Seq, ServerFrame,
    limits::PAGE,
};
use percent_encoding::percent_decode;
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use tokio::sync::{oneshot, watch};
use warp::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::Server;
use crate::{
    conversation::request::{Speaker, Step},
    feed::{PageRequest, Ready},
    rate_limit::Source,
    timeline::{Author, Command, Outcome, Posted},
};

/// One page, from the ring or the store.
pub(crate) async fn page(server: &Server, history: History) -> Result<Ready, Refusal> {
    let request = PageRequest { id: None, history, head: server.feed.tail().head(), reset: false };
    let (sender, receiver) = oneshot::channel();
    match server.feed.page(request, move |page| drop(sender.send(page))) {
        Some(page) => Ok(page),
        None => receiver.await.unwrap_or_else(|_| Err(Code::Internal.into())),
    }
}

/// The events of a page, as they stand in it.
#[derive(Deserialize)]
struct Events<'a> {
    #[serde(borrow)]
    cheeps: Vec<&'a RawValue>,
}

/// A reader that goes on from a cursor for as long as it likes. It takes pages, however new they are: what is in memory
/// costs nothing, and one that is slow just takes older ones.
pub(crate) struct Follower {
    server: Arc<Server>,
    cursor: Seq,
    head: watch::Receiver<Seq>,
}

impl Follower {
    pub(crate) fn new(server: Arc<Server>, after: Option<Seq>) -> Result<Self, Refusal> {
        let head = server.feed.tail().watch();
        let newest = server.feed.tail().head();
        let cursor = after.unwrap_or(newest);
        if cursor > newest {
            let why = format!("This timeline ends at {newest}: it is not the one you were following, start afresh.");
            return Err(Refusal::new(Code::BadField, why).in_field("after"));
        }
        Ok(Self { server, cursor, head })
    }

    /// The next events, each with its seq and its JSON; `None` when the server stops.
    pub(crate) async fn next(&mut self) -> Option<Vec<(Seq, String)>> {
        let cursor = self.cursor;
        let stopping = self.server.stopping.clone();
        stopping.run_until_cancelled(self.head.wait_for(|head| *head > cursor)).await?.ok()?;
        let page = page(&self.server, History { range: Range::After(cursor), limit: PAGE }).await.ok()?;
        let json = page.json();
        let Events { cheeps } = serde_json::from_slice(&json).ok()?;
        // They have no hole, so their places follow from the last one's.
        let first = page.last.next().get().saturating_sub(cheeps.len() as u64);
        let json = cheeps.into_iter().map(|event| event.get().to_owned());
        let events: Vec<_> = (first..).map_while(Seq::new).zip(json).collect();
        self.cursor = events.last().map_or(cursor, |(seq, _)| *seq);
        Some(events)
    }
}

/// `POST /api/cheep`: the answer, whatever comes of it.
pub(crate) async fn post(server: &Server, from: IpAddr, headers: &HeaderMap, body: &[u8]) -> Response<Bytes> {
    match try_post(server, from, headers, body).await {
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
    server: &Server,
    from: IpAddr,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(StatusCode, String), Failure> {
    let frame = ClientFrame::parse(&body_as_json(headers, body)?, &server.rules.limits)
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
        server.rules.rate_limits.check_secret(source, name)?;
        speaker = Speaker::new(Author { name: name.clone(), secret: Some(secret) });
    }
    let Step::Submit(command) = speaker.on_request(id.as_ref(), frame.request, source, &server.rules)? else {
        return Err(Refusal::from(Code::Internal).into());
    };
    match submit(server, command).await? {
        Outcome::Posted(Posted { cheep, duplicate }) => {
            let status = if duplicate { StatusCode::OK } else { StatusCode::CREATED };
            Ok((status, Event::Cheep(cheep).to_json()))
        }
        Outcome::Named(_) => Err(Refusal::from(Code::Internal).into()),
    }
}

async fn submit(server: &Server, command: Command) -> Result<Outcome, Refusal> {
    let (sender, receiver) = oneshot::channel();
    server.timeline.submit(command, Box::new(move |outcome| drop(sender.send(outcome))));
    let outcome = receiver.await.unwrap_or_else(|_| Err(Code::NotStored.into()));
    server.metrics.answered(&outcome);
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
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let words = value.to_str().ok().and_then(|value| value.split_once(' '));
    match words.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        Some((_, secret)) => Ok(Some(Secret::parse(secret.trim())?)),
        None => {
            let why = "Send the secret of the name as \"Authorization: Bearer SECRET\".";
            Err(Refusal::new(Code::BadSecret, why).in_field("Authorization"))
        }
    }
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

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &[u8]) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from([body, b"\n"].concat()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
