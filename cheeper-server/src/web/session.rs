//! The way in: the token of a link is changed for a session of one's own, which a browser carries as a cookie.

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use cheeper_protocol::{Code, Refusal, Timestamp, Token};
use cookie::{Cookie, SameSite, time};
use serde_json::{Value, json};
use warp::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use super::{
    answer,
    api::{ask, body},
    credentials,
    gate::{Denied, Intent},
    site::Site,
};
use crate::access::{Client, Joining};

/// The methods of `/api/session`, as `Allow` lists them.
pub(super) const METHODS: &str = "POST, DELETE";
/// How long a browser keeps a session whose link never ends.
const LONGEST: time::Duration = time::Duration::days(365);

/// A request to `/api/session`, with one of its methods.
pub(super) async fn answer(
    site: &Arc<Site>,
    peer: IpAddr,
    method: &Method,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response<Bytes> {
    let answered = if method == Method::DELETE {
        leave(site, peer, headers)
    } else if body.is_empty() {
        site.gate.admit(peer, headers, Intent::Write).map(|principal| said(&json!({ "role": principal.grant.role })))
    } else {
        enter(site, peer, headers, body).await
    };
    answered.unwrap_or_else(|Denied { status, refusal }| answer::error(status, refusal))
}

/// Somebody has a link. Whoever else may come in, they may.
async fn enter(site: &Arc<Site>, peer: IpAddr, headers: &HeaderMap, body: &Bytes) -> Result<Response<Bytes>, Denied> {
    let client = site.gate.knock(peer, headers, Intent::Write)?;
    let token = token(headers, body)?;
    let cookie = credentials::cookie(headers, site.gate.access.cookie());
    let joining = site.gate.access.join(&token, credentials::shown(headers, cookie));
    let joining = joining.map_err(|refusal| match refusal.code {
        Code::TokenRequired => site.gate.wrong_token(client.address, refusal),
        _ => denied(refusal),
    })?;
    let Joining { role, ends_at, session, command } = joining;
    if let Some(command) = command {
        site.services.rules.rate_limits.check_session(client.address).map_err(denied)?;
        ask::submit(&site.services, command).await.map_err(denied)?;
    }
    let mut answer = said(&json!({ "role": role, "session": session }));
    let lasts = ends_at.map_or(LONGEST, |end| until(end, Timestamp::now()).min(LONGEST));
    set_cookie(&mut answer, site, &client, session.expose(), lasts);
    Ok(answer)
}

/// A browser is to forget what it came in with.
fn leave(site: &Site, peer: IpAddr, headers: &HeaderMap) -> Result<Response<Bytes>, Denied> {
    let client = site.gate.knock(peer, headers, Intent::Write)?;
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    set_cookie(&mut answer, site, &client, "", time::Duration::ZERO);
    Ok(answer)
}

fn token(headers: &HeaderMap, body: &[u8]) -> Result<Token, Denied> {
    let fields = body::fields(headers, "", body).map_err(|failure| match failure {
        body::Failure::Refused(refusal) => denied(refusal),
        body::Failure::Unsupported => {
            let why = "Send JSON (Content-Type: application/json) or a form (application/x-www-form-urlencoded).";
            Denied { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, refusal: Refusal::new(Code::BadFrame, why) }
        }
    })?;
    let Some(Value::String(token)) = fields.get("token") else {
        let why = "The field \"token\" is missing: it is what stands behind #join= in the link.";
        return Err(denied(Refusal::new(Code::BadField, why).in_field("token")));
    };
    Token::parse(token).map_err(denied)
}

fn set_cookie(answer: &mut Response<Bytes>, site: &Site, client: &Client, value: &str, lasts: time::Duration) {
    let cookie = Cookie::build((site.gate.access.cookie(), value))
        .path(site.gate.edge.base_path.of_cookies())
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(client.is_secure)
        .max_age(lasts);
    // A timeline's id and a token are letters, digits and dashes.
    if let Ok(cookie) = HeaderValue::from_str(&cookie.to_string()) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

fn until(end: Timestamp, now: Timestamp) -> time::Duration {
    time::Duration::seconds(end.duration_since(now).as_secs().max(0))
}

/// An answer that nobody on the way may keep: it is about one client, and may have its session in it.
fn said(body: &Value) -> Response<Bytes> {
    let mut answer = answer::json(StatusCode::OK, body.to_string().as_bytes());
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn denied(refusal: Refusal) -> Denied {
    Denied { status: answer::status(&refusal), refusal }
}
