//! Everything that is HTTP: routes, the page, the API, the handshake; after it the socket is the fan-out's.

pub(crate) mod admission;
mod api;
mod door;
mod handshake;
mod negotiation;
mod page;
mod query;
pub(crate) mod serve;

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use cheeper_protocol::{Code, Refusal, Seq, limits::FRAME_BYTES};
use futures_util::{StreamExt as _, stream};
use hyper::upgrade::OnUpgrade;
use tokio_util::sync::CancellationToken;
use warp::{
    Filter, Rejection, Reply,
    filters::path::FullPath,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
    reply::Response as Answer,
    sse,
};

use self::{admission::Origins, api::Follower, query::Query};
use crate::{
    admission::Permit,
    conversation::request::Rules,
    fanout::{Fanout, presence::Presence},
    feed::Feed,
    metrics::Metrics,
    timeline::Timeline,
};

/// What the routes work with.
pub(crate) struct Server {
    pub(crate) timeline: Arc<dyn Timeline>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) fanout: Arc<Fanout>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) presence: Arc<Presence>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) origins: Origins,
    /// Apart from the feed, so that a new event wakes nobody who only waits for the end.
    pub(crate) stopping: CancellationToken,
}

/// All routes. The connection's seat and its peer's address come as extensions of the request.
pub(crate) fn routes(
    server: Arc<Server>,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone + Send + Sync + 'static {
    let server = warp::any().map(move || server.clone());
    let query = || warp::query::raw().or(warp::any().map(String::new)).unify();
    let read = || warp::get().or(warp::head()).unify();

    let socket = warp::path!("ws")
        .and(warp::get())
        .and(server.clone())
        .and(warp::ext::get::<Permit>())
        .and(warp::ext::get::<SocketAddr>())
        .and(warp::ext::optional::<OnUpgrade>())
        .and(warp::header::headers_cloned())
        .and(query())
        .map(|server: Arc<Server>, permit, peer: SocketAddr, upgrade, headers: HeaderMap, query: String| {
            handshake::answer(&server, permit, peer.ip(), upgrade, &headers, &query).into_response()
        });
    let cheeps = warp::path!("api" / "cheeps")
        .and(read())
        .and(server.clone())
        .and(warp::header::headers_cloned())
        .and(query())
        .then(|server: Arc<Server>, headers: HeaderMap, query: String| async move {
            cheeps(server, &headers, &query).await.unwrap_or_else(|refusal| api::refused(refusal).into_response())
        });
    let cheep = warp::path!("api" / "cheep")
        .and(warp::post())
        .and(server.clone())
        .and(warp::ext::get::<SocketAddr>())
        .and(warp::header::headers_cloned())
        .and(warp::body::content_length_limit(FRAME_BYTES as u64))
        .and(warp::body::bytes())
        .then(|server: Arc<Server>, peer: SocketAddr, headers: HeaderMap, body: Bytes| async move {
            if server.origins.allow(&headers) {
                return api::post(&server, peer.ip(), &headers, &body).await;
            }
            let why = "Scripts of this page may not post here; see --allow-origin.";
            api::error(StatusCode::FORBIDDEN, Refusal::new(Code::BadField, why).in_field("Origin"))
        });
    let health = warp::path!("healthz").and(read()).and(server.clone()).map(|server: Arc<Server>| health(&server));
    let metrics = warp::path!("metrics").and(read()).and(server.clone()).map(|server: Arc<Server>| metrics(&server));
    let page = read().and(warp::path::full()).and(warp::header::headers_cloned()).and_then(
        |path: FullPath, headers: HeaderMap| async move {
            page::file(path.as_str().trim_start_matches('/'), &headers).ok_or_else(warp::reject::not_found)
        },
    );
    let other_method = warp::method().and(warp::path::full()).and_then(|method, path: FullPath| async move {
        other_method(&method, path.as_str()).ok_or_else(warp::reject::not_found)
    });
    let all = socket.or(cheeps).or(cheep).or(health).or(metrics).or(page).or(other_method).recover(recover);

    // Whose scripts they are is asked for first, so there is no origin that this would let in.
    let shared = warp::cors()
        .allow_any_origin()
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(["authorization", "content-type", "idempotency-key", "last-event-id"])
        .expose_header("retry-after")
        .max_age(600);
    let from_allowed_page =
        server.and(warp::header::headers_cloned()).and_then(|server: Arc<Server>, headers: HeaderMap| async move {
            if server.origins.allow_other(&headers) { Ok(()) } else { Err(warp::reject::not_found()) }
        });
    from_allowed_page.untuple_one().and(all.clone().with(shared)).or(all)
}

/// The answer to a method that an address does not take; `None` if there is nothing at this address.
fn other_method(method: &Method, path: &str) -> Option<Response<Bytes>> {
    let methods = match path {
        "/ws" => "GET",
        "/api/cheep" => "POST",
        "/api/cheeps" | "/healthz" | "/metrics" => "GET, HEAD",
        path => page::file(path.trim_start_matches('/'), &HeaderMap::new()).map(|_| "GET, HEAD")?,
    };
    // It was turned away for another reason.
    if methods.split(", ").any(|taken| taken == method.as_str()) {
        return None;
    }
    let why = format!("This address takes {} only.", methods.replace(", ", " and "));
    let mut answer = api::error(StatusCode::METHOD_NOT_ALLOWED, Refusal::new(Code::BadField, why));
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    Some(answer)
}

async fn cheeps(server: Arc<Server>, headers: &HeaderMap, query: &str) -> Result<Answer, Refusal> {
    let after = match Query::parse(query)? {
        Query::Page(history) => {
            let page = api::page(&server, history).await?;
            return Ok(api::json(StatusCode::OK, &page.json()).into_response());
        }
        Query::Follow(after) => after,
    };
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accepts.contains("text/event-stream") {
        let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok()).and_then(Seq::new);
        let follower = Follower::new(server, resumed.or(after))?;
        let events = events(follower)
            .map(|(seq, json)| Ok::<_, Infallible>(sse::Event::default().id(seq.to_string()).data(json)));
        return Ok(sse::reply(sse::keep_alive().stream(events)).into_response());
    }
    let lines = events(Follower::new(server, after)?).map(|(_, json)| Ok::<_, Infallible>(json + "\n"));
    let mut answer = warp::reply::stream(lines).into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    Ok(answer)
}

fn events(follower: Follower) -> impl futures_util::Stream<Item = (Seq, String)> + Send + 'static {
    let batches = stream::unfold(follower, |mut follower| async {
        let events = follower.next().await?;
        Some((stream::iter(events), follower))
    });
    batches.flatten()
}

fn health(server: &Server) -> Response<Bytes> {
    let (status, state) = if server.stopping.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping")
    } else if server.timeline.is_failing() {
        (StatusCode::SERVICE_UNAVAILABLE, "posts cannot be stored: is the disk full?")
    } else {
        (StatusCode::OK, "ready")
    };
    api::json(status, serde_json::json!({ "status": state, "head": server.feed.tail().head() }).to_string().as_bytes())
}

fn metrics(server: &Server) -> impl Reply + use<> {
    let (online, head) = (server.presence.online(), server.feed.tail().head().get());
    let text = server.metrics.text(online, head, server.rules.rate_limits.refused_posts());
    warp::reply::with_header(text, header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")
}

/// Requests that no route takes.
async fn recover(rejection: Rejection) -> Result<impl Reply, Infallible> {
    use warp::reject::{LengthRequired, MethodNotAllowed, PayloadTooLarge};
    // Where there is something for another method, that was said by then.
    let is_nowhere = rejection.is_not_found() || rejection.find::<MethodNotAllowed>().is_some();
    let (status, why) = if rejection.find::<PayloadTooLarge>().is_some() {
        (StatusCode::PAYLOAD_TOO_LARGE, "A post is at most 16384 bytes.")
    } else if rejection.find::<LengthRequired>().is_some() {
        (StatusCode::LENGTH_REQUIRED, "Say how long the post is with Content-Length.")
    } else if is_nowhere {
        (StatusCode::NOT_FOUND, "There is nothing at this address.")
    } else {
        (StatusCode::BAD_REQUEST, "This request cannot be read.")
    };
    Ok(api::error(status, Refusal::new(Code::BadField, why)))
}
