//! Which address is answered by what.

use std::{
    convert::Infallible,
    sync::{Arc, Weak},
};

use bytes::Bytes;
use cheeper_protocol::{Code, Refusal, Seq, limits::FRAME_BYTES};
use futures_util::StreamExt as _;
use hyper::upgrade::OnUpgrade;
use warp::{
    Filter, Rejection, Reply,
    filters::path::FullPath,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
    reply::Response as Answer,
};

use super::{
    answer,
    api::{self, Address, Written},
    follower::Follower,
    framing::Framing,
    gate::{Denied, Intent},
    handshake,
    line::Line,
    page,
    query::{self, CheepsQuery},
    session,
    site::Site,
};
use crate::{
    access::Principal,
    feed::{Question, text::TextForm},
    limits::{Permit, Source},
};

/// When to try again for a connection that there is no room for.
const FULL_RETRY_MS: u64 = 5000;

/// The connection that a request came on, which does not end with the request.
#[derive(Clone)]
pub(super) struct LineOfRequest {
    pub(super) line: Weak<Line>,
    /// Its answers may come in chunks.
    pub(super) chunked: bool,
}

/// All routes. The connection's permit comes as an extension of the request.
pub(super) fn routes(
    site: &Arc<Site>,
) -> impl Filter<Extract = (impl Reply + use<>,), Error = Infallible> + Clone + Send + Sync + use<> {
    let health = warp::path!("healthz").and(read()).and(with(site)).map(|site: Arc<Site>| health(&site));
    let metrics = warp::path!("metrics").and(read()).and(with(site)).map(|site: Arc<Site>| metrics(&site));
    let page = read().and(warp::path::full()).and(warp::header::headers_cloned()).and_then(
        |path: FullPath, headers: HeaderMap| async move {
            page::file(path.as_str().trim_start_matches('/'), &headers).ok_or_else(warp::reject::not_found)
        },
    );
    let other_method = warp::method().and(warp::path::full()).and_then(|method, path: FullPath| async move {
        other_method(&method, path.as_str()).ok_or_else(warp::reject::not_found)
    });
    let all = socket(site)
        .or(reads(site))
        .or(writes(site))
        .or(entrance(site))
        .or(health)
        .or(metrics)
        .or(page)
        .or(other_method);
    let all = all.recover(recover);

    let from_allowed_page =
        with(site).and(warp::header::headers_cloned()).and_then(|site: Arc<Site>, headers: HeaderMap| async move {
            if site.gate.edge.allow_other(&headers) { Ok(()) } else { Err(warp::reject::not_found()) }
        });
    from_allowed_page.untuple_one().and(all.clone().with(shared_with_others())).or(all)
}

fn with(site: &Arc<Site>) -> impl Filter<Extract = (Arc<Site>,), Error = Infallible> + Clone + use<> {
    let site = site.clone();
    warp::any().map(move || site.clone())
}

/// What a request works with, and where it comes from.
struct Admitted {
    site: Arc<Site>,
    from: Source,
    permit: Permit,
}

/// The same, if it may be carried out.
fn admitted(
    site: &Arc<Site>,
    intent: Intent,
) -> impl Filter<Extract = (Result<Admitted, Denied>,), Error = Rejection> + Clone + use<> {
    with(site).and(warp::ext::get::<Permit>()).and(warp::header::headers_cloned()).map(
        move |site: Arc<Site>, permit: Permit, headers: HeaderMap| {
            let Principal { client, grant } = site.gate.admit(*permit.peer(), &headers, intent)?;
            let from = Source { address: client.address, connection: None, grant };
            Ok(Admitted { site, from, permit })
        },
    )
}

fn query() -> impl Filter<Extract = (String,), Error = Infallible> + Clone {
    warp::query::raw().or(warp::any().map(String::new)).unify()
}

/// GET, or HEAD, which is the same without the body.
fn read() -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::get().or(warp::head()).unify()
}

fn socket(site: &Arc<Site>) -> impl Filter<Extract = (Answer,), Error = Rejection> + Clone + use<> {
    warp::path!("ws")
        .and(warp::get())
        .and(with(site))
        .and(warp::ext::get::<Permit>())
        .and(warp::ext::optional::<OnUpgrade>())
        .and(warp::header::headers_cloned())
        .and(query())
        .map(|site: Arc<Site>, permit: Permit, upgrade, headers: HeaderMap, query: String| {
            handshake::answer(&site, &permit, upgrade, &headers, &query).into_response()
        })
}

/// Pages and followers.
fn reads(site: &Arc<Site>) -> impl Filter<Extract = (Answer,), Error = Rejection> + Clone + use<> {
    let cheeps = warp::path!("api" / "cheeps")
        .and(read())
        .and(admitted(site, Intent::Read))
        .and(warp::header::headers_cloned())
        .and(query())
        .and(warp::ext::get::<LineOfRequest>())
        .then(
            |admitted: Result<Admitted, Denied>, headers: HeaderMap, query: String, line: LineOfRequest| async move {
                let admitted = match admitted {
                    Ok(admitted) => admitted,
                    Err(Denied { status, refusal }) => return answer::error(status, refusal).into_response(),
                };
                let answer = cheeps(admitted, &headers, &query, line).await;
                answer.unwrap_or_else(|refusal| answer::refused(refusal).into_response())
            },
        );
    let thread = warp::path!("api" / "thread").and(read()).and(admitted(site, Intent::Read)).and(query()).then(
        |admitted: Result<Admitted, Denied>, query: String| async move {
            found(admitted, query::thread(&query).map(Question::Thread)).await
        },
    );
    let search = warp::path!("api" / "search").and(read()).and(admitted(site, Intent::Read)).and(query()).then(
        |admitted: Result<Admitted, Denied>, query: String| async move {
            found(admitted, query::search(&query).map(Question::Search)).await
        },
    );
    cheeps.or(thread).unify().or(search).unify()
}

/// What changes the timeline.
fn writes(site: &Arc<Site>) -> impl Filter<Extract = (Response<Bytes>,), Error = Rejection> + Clone + use<> {
    address()
        .and(warp::method())
        .and(with(site))
        .and(warp::ext::get::<Permit>())
        .and(warp::header::headers_cloned())
        .and(query())
        .and(body())
        .then(|address, method, site: Arc<Site>, permit: Permit, headers: HeaderMap, query, body| async move {
            let intent = if method == Method::GET || method == Method::HEAD { Intent::Read } else { Intent::Write };
            match site.gate.admit(*permit.peer(), &headers, intent) {
                Err(Denied { status, refusal }) => answer::error(status, refusal),
                Ok(from) => api::write(&site, &Written { from, address, method, headers, query, body }).await,
            }
        })
}

/// Where people come in.
fn entrance(site: &Arc<Site>) -> impl Filter<Extract = (Response<Bytes>,), Error = Rejection> + Clone + use<> {
    warp::path!("api" / "session")
        .and(warp::post().or(warp::delete()).unify())
        .and(warp::method())
        .and(with(site))
        .and(warp::ext::get::<Permit>())
        .and(warp::header::headers_cloned())
        .and(body())
        .then(|method: Method, site: Arc<Site>, permit: Permit, headers: HeaderMap, body: Bytes| async move {
            session::answer(&site, *permit.peer(), &method, &headers, &body).await
        })
}

/// What lets the scripts of other pages read answers.
fn shared_with_others() -> warp::cors::Builder {
    // Whose scripts they are is asked for first, so there is no origin that this would let in.
    warp::cors()
        .allow_any_origin()
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(["authorization", "cheeper-secret", "content-type", "idempotency-key", "last-event-id"])
        .expose_header("retry-after")
        .max_age(600)
}

/// The answer to a method that an address does not take; `None` if there is nothing at this address.
fn other_method(method: &Method, path: &str) -> Option<Response<Bytes>> {
    let methods = match path {
        "/ws" => "GET",
        "/api/session" => session::METHODS,
        "/api/cheeps" | "/api/thread" | "/api/search" | "/healthz" | "/metrics" => "GET, HEAD",
        path => match Address::parse(path) {
            Some(address) => address.methods(),
            None => page::file(path.trim_start_matches('/'), &HeaderMap::new()).map(|_| "GET, HEAD")?,
        },
    };
    // It was turned away for another reason.
    if takes(methods, method) {
        return None;
    }
    let why = format!("This address takes {} only.", methods.replace(", ", " and "));
    let mut answer = answer::error(StatusCode::METHOD_NOT_ALLOWED, Refusal::new(Code::BadField, why));
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    Some(answer)
}

/// Whether a method is among those that an `Allow` lists.
fn takes(methods: &str, method: &Method) -> bool {
    methods.split(", ").any(|taken| taken == method.as_str())
}

/// An address at which the timeline is changed, if it takes the method.
fn address() -> impl Filter<Extract = (Address,), Error = Rejection> + Clone {
    warp::method().and(warp::path::full()).and_then(|method, path: FullPath| async move {
        let address = Address::parse(path.as_str()).filter(|address| takes(address.methods(), &method));
        address.ok_or_else(warp::reject::not_found)
    })
}

/// The body. A request that says nothing of one has none.
fn body() -> impl Filter<Extract = (Bytes,), Error = Rejection> + Clone {
    let none = warp::header::headers_cloned().and_then(|headers: HeaderMap| async move {
        let is_told = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING].iter().any(|name| headers.contains_key(name));
        if is_told { Err(warp::reject::not_found()) } else { Ok(Bytes::new()) }
    });
    none.or(warp::body::content_length_limit(FRAME_BYTES as u64).and(warp::body::bytes())).unify()
}

/// The page that a question asks for.
async fn found(admitted: Result<Admitted, Denied>, question: Result<Question, Refusal>) -> Answer {
    let Admitted { site, from, .. } = match admitted {
        Ok(admitted) => admitted,
        Err(Denied { status, refusal }) => return answer::error(status, refusal).into_response(),
    };
    let page = match question {
        Ok(question) => api::asked_page(&site, from, question).await,
        Err(refusal) => Err(refusal),
    };
    page.map_or_else(answer::refused, |page| answer::page(&page, &site.services.memory)).into_response()
}

async fn cheeps(admitted: Admitted, headers: &HeaderMap, query: &str, line: LineOfRequest) -> Result<Answer, Refusal> {
    let Admitted { site, from, permit } = admitted;
    let after = match CheepsQuery::parse(query)? {
        CheepsQuery::Page(history) => {
            let page = api::asked_page(&site, from, Question::History(history)).await?;
            return Ok(answer::page(&page, &site.services.memory).into_response());
        }
        CheepsQuery::Follow(after) => after,
    };
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let (form, content_type, after) = if accepts.contains("text/event-stream") {
        let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok()).and_then(Seq::new);
        (TextForm::ServerSent, "text/event-stream", resumed.or(after))
    } else {
        (TextForm::Lines, "application/x-ndjson", after)
    };
    let framing = Framing { form, chunked: line.chunked };
    let line = line.line.upgrade().ok_or(Code::Internal)?;
    let Ok(permit) = handshake::own_permit(&site, &permit, from.address) else {
        let why = "Your address has too many connections here; close some, or try again in a moment.";
        return Err(Refusal::new(Code::RateLimited, why).retry_after(FULL_RETRY_MS));
    };
    let missed = Follower::new(site, from.grant, line, framing, after)?.missed();
    // It stays as long as there is somebody to follow.
    let missed = missed.inspect(move |_| _ = &permit);
    let mut answer = warp::reply::stream(missed.map(Ok::<_, Infallible>)).into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx would keep a line until it has a bufferful of them.
    answer.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(answer)
}

fn health(site: &Site) -> Response<Bytes> {
    let (status, state) = if site.stopping.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping".to_owned())
    } else if let Some(trouble) = site.services.timeline.trouble() {
        (StatusCode::SERVICE_UNAVAILABLE, format!("posts cannot be stored: {trouble}"))
    } else {
        (StatusCode::OK, "ready".to_owned())
    };
    let mut health = serde_json::json!({ "status": state, "head": site.services.feed.tail().head() });
    // What is sound is served on, so this alone is no reason to take the server out of service.
    if let Some(damage) = site.services.timeline.damage() {
        health["damage"] = damage.first.into();
    }
    answer::json(status, health.to_string().as_bytes())
}

fn metrics(site: &Site) -> impl Reply + use<> {
    let (online, head) = (site.services.presence.online(), site.services.feed.tail().head().get());
    let damages = site.services.timeline.damage().map_or(0, |damage| damage.count);
    let text = site.services.metrics.text(online, head, damages, site.services.rules.rate_limits.limited());
    warp::reply::with_header(text, header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")
}

/// Requests that no route takes.
async fn recover(rejection: Rejection) -> Result<impl Reply, Infallible> {
    use warp::reject::{LengthRequired, MethodNotAllowed, PayloadTooLarge};
    // Where there is something for another method, that was said by then.
    let is_nowhere = rejection.is_not_found() || rejection.find::<MethodNotAllowed>().is_some();
    let (status, why) = if rejection.find::<PayloadTooLarge>().is_some() {
        (StatusCode::PAYLOAD_TOO_LARGE, "A request is at most 16384 bytes.")
    } else if rejection.find::<LengthRequired>().is_some() {
        (StatusCode::LENGTH_REQUIRED, "Say how long the body is with Content-Length.")
    } else if is_nowhere {
        (StatusCode::NOT_FOUND, "There is nothing at this address.")
    } else {
        (StatusCode::BAD_REQUEST, "This request cannot be read.")
    };
    Ok(answer::error(status, Refusal::new(Code::BadField, why)))
}
