//! From a GET of `/ws` to a WebSocket: the request is checked here, then the socket is a shard's.
//!
//! Most handshakes come whole and are answered before HTTP sees them ([`accept`]); the others, and those that are refused, come as
//! requests like any other ([`answer`]).

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use bytes::Bytes;
use cheeper_protocol::{SUBPROTOCOL, Seq, limits::PAGE};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::task::spawn_blocking;
use tungstenite::handshake::{derive_accept_key, machine::TryParse as _, server::Request};
use warp::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::{
    answer,
    edge::Notice,
    gate::{Denied, Intent},
    line::LineStream,
    site::Site,
    turned_away,
    write_timeout::WriteTimeout,
};
use crate::{
    access::Principal,
    conversation::Subscription,
    fanout::{Accepted, Handshake},
    limits::Permit,
    tls::Session,
};

/// Bytes of a request's head.
pub(super) const HEAD_BYTES: usize = 16 * 1024;

/// When to come back if there is no room now.
const RETRY_SECONDS: &str = "5";

/// A handshake that is whole and right.
pub(super) struct Upgrade {
    /// Bytes of the request.
    pub(super) head_bytes: usize,
    pub(super) subscription: Subscription,
    pub(super) principal: Box<Principal>,
    pub(super) permit: Permit,
    /// The answer, as it is sent.
    pub(super) answer: Vec<u8>,
}

/// Looks whether these bytes begin with a whole handshake that can be accepted.
pub(super) fn accept(site: &Site, permit: &Permit, bytes: &[u8]) -> Option<Upgrade> {
    let target = bytes.strip_prefix(b"GET ")?;
    if !site.gate.edge.base_path.strip_bytes(target).starts_with(b"/ws") {
        return None;
    }
    let (head_bytes, request) = Request::try_parse(bytes).ok()??;
    if site.gate.edge.base_path.strip(request.uri().path()) != "/ws" {
        return None;
    }
    let query = request.uri().query().unwrap_or_default();
    let Checked { subscription, key, principal, permit } = check(site, permit, request.headers(), query, |headers| {
        // Who is refused comes by HTTP, where that counts.
        site.gate.look(*permit.peer(), headers, Intent::Write).map_err(|(denied, _)| denied)
    })
    .ok()?;
    let mut answer = b"HTTP/1.1 101 Switching Protocols\r\n".to_vec();
    for (name, value) in switching(&key, request.headers()).headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            answer.extend_from_slice(part);
        }
    }
    answer.extend_from_slice(b"\r\n");
    Some(Upgrade { head_bytes, subscription, principal, permit, answer })
}

/// The query of `/ws`.
#[derive(Debug, Default, Deserialize)]
struct SubscriptionQuery {
    last: Option<u64>,
    after: Option<u64>,
    timeline: Option<String>,
}

/// A plain answer to a request that cannot become a WebSocket.
type Refused = (StatusCode, Cow<'static, str>);

/// Answers the handshake; if it succeeds, a shard takes the socket over.
pub(crate) fn answer(
    site: &Arc<Site>,
    permit: &Permit,
    upgrade: Option<OnUpgrade>,
    headers: &HeaderMap,
    query: &str,
) -> Response<Bytes> {
    let checked =
        check(site, permit, headers, query, |headers| site.gate.admit(*permit.peer(), headers, Intent::Write));
    match checked.and_then(|accepted| Ok((accepted, upgrade.ok_or(NOT_A_WEBSOCKET)?))) {
        Ok((Checked { subscription, key, principal, permit }, upgrade)) => {
            let site = site.clone();
            tokio::spawn(async move {
                match upgrade.await.map(hand_over) {
                    Ok(Some((stream, session, early))) => {
                        let handshake = Handshake { answer: Vec::new(), early, subscription, principal, permit };
                        let adopt = move || site.fanout.adopt(Accepted { stream, session, handshake });
                        // It may have to wait for its shard.
                        drop(spawn_blocking(adopt).await);
                    }
                    Ok(None) => tracing::warn!("an upgraded socket could not be taken out of HTTP"),
                    Err(error) => tracing::debug!(%error, "a client left during its handshake"),
                }
            });
            switching(&key, headers)
        }
        Err((status, why)) => refuse(status, &why),
    }
}

const NOT_A_WEBSOCKET: Refused = (
    StatusCode::UPGRADE_REQUIRED,
    Cow::Borrowed("This address speaks WebSocket: try  websocat ws://HOST/ws  or open the page at / in a browser.\n"),
);

/// What a right handshake says.
struct Checked {
    subscription: Subscription,
    key: String,
    principal: Box<Principal>,
    /// The client's own, also if it came by a proxy.
    permit: Permit,
}

const UPGRADE_LOST: Refused = (
    StatusCode::UPGRADE_REQUIRED,
    Cow::Borrowed(
        "A proxy on the way has taken the headers Upgrade and Connection out of this request, without which there is no \
         WebSocket. It has to pass them on; docs/OPERATING.md says how.\n",
    ),
);

fn check(
    site: &Site,
    permit: &Permit,
    headers: &HeaderMap,
    query: &str,
    admit: impl Fn(&HeaderMap) -> Result<Principal, Denied>,
) -> Result<Checked, Refused> {
    let has = |name: &header::HeaderName, token: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
    };
    if !has(&header::UPGRADE, "websocket") || !has(&header::CONNECTION, "upgrade") {
        // Nobody sends such a key who does not ask for a WebSocket. Both others go from hop to hop, and a proxy has to say
        // them anew.
        if !headers.contains_key(header::SEC_WEBSOCKET_KEY) {
            return Err(NOT_A_WEBSOCKET);
        }
        site.gate.edge.tell(Notice::NoUpgrade { proxy: *permit.peer() });
        return Err(UPGRADE_LOST);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err((
            StatusCode::UPGRADE_REQUIRED,
            "This server speaks version 13 of the WebSocket protocol.\n".into(),
        ));
    }
    // A key is 16 bytes in base 64.
    let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).filter(|key| key.len() == 24);
    let key =
        key.ok_or((StatusCode::BAD_REQUEST, "The header Sec-WebSocket-Key must be 16 bytes in base 64.\n".into()))?;
    let principal = admit(headers).map_err(|Denied { status, refusal }| (status, format!("{refusal}\n").into()))?;
    let subscription = subscription(site, query).ok_or((
        StatusCode::BAD_REQUEST,
        "The query may be ?last=N or ?after=SEQ, with &timeline=ID; N and SEQ are whole numbers.\n".into(),
    ))?;
    let permit = own_permit(site, permit, principal.client.address)?;
    Ok(Checked { subscription, key: key.to_owned(), principal: Box::new(principal), permit })
}

/// The permit that one keeps who stays: who comes by a proxy has one for themselves, whatever the proxy has.
pub(super) fn own_permit(site: &Site, permit: &Permit, client: IpAddr) -> Result<Permit, Refused> {
    if client == *permit.peer() {
        return Ok(permit.clone());
    }
    site.connections.acquire_behind(permit, client).map_err(|why| {
        let (status, _, why) = turned_away::answer(why);
        (status, format!("{why}\n").into())
    })
}

fn subscription(site: &Site, query: &str) -> Option<Subscription> {
    let SubscriptionQuery { last, after, timeline } = serde_urlencoded::from_str(query).ok()?;
    match (last, after) {
        (None, None) => Some(Subscription::Live),
        (Some(last), None) => Some(Subscription::Last(usize::try_from(last).unwrap_or(PAGE).min(PAGE))),
        (None, Some(after)) => {
            let reset = timeline.is_some_and(|id| !id.is_empty() && id != site.services.timeline.id());
            Some(Subscription::After { seq: Seq::new(after)?, reset })
        }
        (Some(_), Some(_)) => None,
    }
}

fn switching(key: &str, headers: &HeaderMap) -> Response<Bytes> {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    let speaks_ours = offered.flat_map(|value| value.split(',')).any(|part| part.trim() == SUBPROTOCOL);
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        answer.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if speaks_ours {
        answer.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    response
}

fn refuse(status: StatusCode, why: &str) -> Response<Bytes> {
    let mut response = answer::sentence(status, why);
    let headers = response.headers_mut();
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if status == StatusCode::UPGRADE_REQUIRED {
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    response
}

/// The bare socket, and what the client sent right behind its request.
fn hand_over(upgraded: Upgraded) -> Option<(std::net::TcpStream, Option<Session>, Vec<u8>)> {
    let parts = upgraded.downcast::<TokioIo<WriteTimeout<LineStream>>>().ok()?;
    let (stream, session) = parts.io.into_inner().into_inner().into_inner()?;
    Some((stream.into_std().ok()?, session, parts.read_buf.to_vec()))
}
