//! What every request passes before the routes, and every answer after them.

use std::{
    convert::Infallible,
    net::IpAddr,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use cheeper_protocol::{Code, Refusal};
use futures_util::future::{self, BoxFuture, FutureExt as _};
use tower_service::Service;
use warp::{
    Reply as _,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header},
    reply::Response as Answer,
};

use super::{
    answer,
    edge::Stripped,
    gate::{Denied, Gate, Intent},
    site::Site,
};
use crate::limits::Permit;

/// Addresses for programs that look after this server. They may come without a `Host`, as balancers do that speak HTTP/1.0; a
/// browser never does.
const FOR_BALANCERS: [&str; 2] = ["/healthz", "/metrics"];

/// What browsers are told of every answer. The page has a policy of its own, which is as strict and lets its files in.
const SAFE: [(HeaderName, HeaderValue); 4] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=()"),
    ),
];

/// The routes, and what stands around them.
#[derive(Clone)]
pub(super) struct Layer<R> {
    site: Arc<Site>,
    routes: R,
}

impl<R> Layer<R> {
    pub(super) fn new(site: Arc<Site>, routes: R) -> Self {
        Self { site, routes }
    }
}

impl<B, R> Service<Request<B>> for Layer<R>
where
    R: Service<Request<B>, Response = Answer, Error = Infallible>,
    R::Future: Send + 'static,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Answer, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.routes.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let peer = request.extensions().get::<Permit>().map(|permit| *permit.peer());
        let entered = match peer {
            Some(peer) => enter(&self.site.gate, peer, request),
            // Every connection has a permit.
            None => Err(Box::new(answer::refused(Code::Internal.into()))),
        };
        let answer = match entered {
            Ok(request) => future::Either::Left(self.routes.call(request)),
            Err(refused) => future::Either::Right(future::ready(Ok(refused.into_response()))),
        };
        answer.map(|answer| answer.map(leave)).boxed()
    }
}

/// A request as the routes take it, or the answer to one that is not for this server.
fn enter<B>(gate: &Gate, peer: IpAddr, mut request: Request<B>) -> Result<Request<B>, Box<Response<Bytes>>> {
    // CONNECT, or the address of another server: what asks a proxy. The routes go by a path and would panic without one.
    if request.uri().path_and_query().is_none() {
        return Err(Box::new(answer::no_path()));
    }
    let (uri, is_read) = (request.uri().clone(), [Method::GET, Method::HEAD].contains(request.method()));
    name_host(&uri, request.headers_mut());
    let path = gate.edge.base_path.strip(uri.path());
    let may_be_nameless = FOR_BALANCERS.contains(&path) && !request.headers().contains_key(header::HOST);
    if !may_be_nameless && let Err(Denied { status, refusal }) = gate.knock(peer, request.headers(), Intent::Read) {
        let is_for_programs = path.starts_with("/api/");
        let refused = |refusal: Refusal| answer::sentence(status, &format!("{refusal}\n"));
        return Err(Box::new(if is_for_programs { answer::error(status, refusal) } else { refused(refusal) }));
    }
    match gate.edge.base_path.strip_uri(&uri) {
        Stripped::Same => {}
        Stripped::To(uri) => *request.uri_mut() = uri,
        Stripped::Elsewhere(place) if is_read => return Err(Box::new(moved(&place))),
        // What is not read has no links that start from it.
        Stripped::Elsewhere(_) => *request.uri_mut() = Uri::from_static("/"),
    }
    Ok(request)
}

/// An address that is written in full says itself for whom it is, and takes the place of `Host` (RFC 9112).
fn name_host(uri: &Uri, headers: &mut HeaderMap) {
    let is_said_once = headers.get_all(header::HOST).into_iter().count() <= 1;
    if let Some(authority) = uri.authority().filter(|_| is_said_once)
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        headers.insert(header::HOST, host);
    }
}

fn moved(place: &str) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::PERMANENT_REDIRECT;
    if let Ok(place) = HeaderValue::from_str(place) {
        answer.headers_mut().insert(header::LOCATION, place);
    }
    answer
}

/// An answer as it goes out.
fn leave(mut answer: Answer) -> Answer {
    // What comes after the head of a WebSocket's answer is none of these headers' business.
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        for (name, value) in SAFE {
            answer.headers_mut().entry(name).or_insert(value);
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::Role;

    use super::*;
    use crate::{
        access::Access,
        config,
        timeline::{Engine as _, memory::Memory},
        web::edge::Edge,
    };

    fn gate(edge: config::Edge) -> Gate {
        let timeline = Memory::new("test").start(Box::new(|_| {}), Box::new(|_| {})).unwrap();
        Gate {
            edge: Edge::new(edge, None, false),
            access: Arc::new(Access::new(Some(Role::Member), &timeline, Arc::default())),
            on_wrong_token: Box::new(|_| Ok(())),
        }
    }

    /// What becomes of a request: its address, or the status of the answer.
    fn entered(gate: &Gate, method: &str, uri: &str, hosts: &[&str]) -> Result<String, u16> {
        let mut request = Request::builder().method(method).uri(uri);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let entered = enter(gate, [127, 0, 0, 1].into(), request.body(()).unwrap());
        entered.map(|request| request.uri().to_string()).map_err(|answer| answer.status().as_u16())
    }

    #[test]
    fn a_request_names_this_server_once() {
        let gate = gate(config::Edge { allowed_hosts: vec!["class.example".to_owned()], ..config::Edge::default() });
        let entered = |uri, hosts| entered(&gate, "GET", uri, hosts);
        assert_eq!(entered("/", &["localhost:5000"]), Ok("/".to_owned()));
        assert_eq!(entered("/", &["class.example"]), Ok("/".to_owned()));
        for hosts in [&[][..], &["evil.example"], &[""], &["localhost", "localhost"], &["localhost", "evil.example"]] {
            for path in ["/", "/main.js", "/ws", "/api/cheeps", "/nowhere"] {
                assert_eq!(entered(path, hosts), Err(421), "{path} {hosts:?}");
            }
        }
        // What balancers ask for, with no name or by an address; but not for others.
        for path in FOR_BALANCERS {
            assert_eq!(entered(path, &[]), Ok(path.to_owned()));
            assert_eq!(entered(path, &["192.0.2.7"]), Ok(path.to_owned()));
            assert_eq!(entered(path, &["evil.example"]), Err(421));
        }
        // An address in full says it itself.
        assert_eq!(entered("http://evil.example/", &["localhost"]), Err(421));
        assert!(entered("http://localhost/", &["evil.example"]).is_ok());
        assert_eq!(entered("http://localhost/", &["evil.example", "localhost"]), Err(421));
    }

    #[test]
    fn everything_is_below_the_base_path_and_at_the_root() {
        let gate = gate(config::Edge { base_path: "/cheeper".to_owned(), ..config::Edge::default() });
        let entered = |method, uri| entered(&gate, method, uri, &["localhost"]);
        assert_eq!(entered("GET", "/cheeper/api/cheeps?limit=1"), Ok("/api/cheeps?limit=1".to_owned()));
        assert_eq!(entered("GET", "/api/cheeps?limit=1"), Ok("/api/cheeps?limit=1".to_owned()));
        assert_eq!(entered("GET", "/cheeper"), Err(308));
        assert_eq!(entered("POST", "/cheeper"), Ok("/".to_owned()));
        assert_eq!(entered("GET", "http://localhost/cheeper/ws"), Ok("http://localhost/ws".to_owned()));
    }

    #[test]
    fn every_answer_is_safe_and_a_stricter_word_stands() {
        let answer = leave(Answer::default());
        for (name, value) in &SAFE {
            assert_eq!(answer.headers().get(name), Some(value));
        }
        let mut page = Answer::default();
        let own = HeaderValue::from_static("default-src 'none'; script-src 'self'; frame-ancestors 'none'");
        page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, own.clone());
        assert_eq!(leave(page).headers().get(header::CONTENT_SECURITY_POLICY), Some(&own));
    }
}
