//! Who asks a server that speaks HTTPS without encryption is told where to ask.

use std::{
    convert::Infallible,
    future,
    net::{self, IpAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};
use warp::{
    Reply as _,
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header, uri::Authority},
};

use super::{
    answer,
    gate::{Denied, Intent},
    handshake::HEAD_BYTES,
    site::Site,
};
use crate::limits::Permit;

/// How long one may stay who is only told to go elsewhere.
const STAY: Duration = Duration::from_secs(10);
/// How long nobody is let in when the system has no more files.
const PAUSE: Duration = Duration::from_millis(100);

/// Leads all who come on this listener to HTTPS at a port, until the server stops.
pub(crate) async fn serve(listener: net::TcpListener, port: u16, site: Arc<Site>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "plain HTTP cannot be led to HTTPS"),
    };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = site.stopping.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Ok(permit) = site.connections.acquire(peer.ip()) {
                    tokio::spawn(timeout(STAY, carry(stream, port, permit, site.clone())));
                }
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn carry(stream: tokio::net::TcpStream, port: u16, permit: Permit, site: Arc<Site>) {
    let service = service_fn(|request: Request<Incoming>| {
        let answer = lead(&site, *permit.peer(), request.uri(), request.headers(), Some(port));
        future::ready(Ok::<_, Infallible>(answer.into_response()))
    });
    let mut http = http1::Builder::new();
    let http = http.timer(TokioTimer::new()).max_buf_size(HEAD_BYTES).keep_alive(false);
    // Whatever is wrong with it, it had its answer or wants none.
    drop(http.serve_connection(TokioIo::new(stream), service).await);
}

/// The answer to a request without encryption that came from `peer`.
pub(super) fn lead(site: &Site, peer: IpAddr, uri: &Uri, headers: &HeaderMap, port: Option<u16>) -> Response<Bytes> {
    match site.gate.knock(peer, headers, Intent::Read) {
        Ok(_) => to_https(uri, headers, port),
        Err(Denied { status, refusal }) => answer::error(status, refusal),
    }
}

/// Leads a request to the same address over HTTPS: at the port that it came to, or at another one. What names no host cannot be
/// led anywhere.
fn to_https(uri: &Uri, headers: &HeaderMap, port: Option<u16>) -> Response<Bytes> {
    const WHY: &str = "This server speaks HTTPS: ask for the same address with https:// (and wss:// for WebSockets).\n";
    let mut response = Response::new(Bytes::from_static(WHY.as_bytes()));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if let Some(location) = location(uri, headers, port) {
        // It may be a post, which stays one.
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn location(uri: &Uri, headers: &HeaderMap, port: Option<u16>) -> Option<HeaderValue> {
    let asked: Authority = headers.get(header::HOST)?.to_str().ok()?.parse().ok()?;
    let port = port.or(asked.port_u16()).filter(|&port| port != 443).map_or(String::new(), |port| format!(":{port}"));
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let location: Uri = format!("https://{}{port}{path}", asked.host()).parse().ok()?;
    HeaderValue::from_str(&location.to_string()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(host: Option<&'static str>, path: &str, port: Option<u16>) -> (u16, Option<String>) {
        let headers = host.map(|host| (header::HOST, HeaderValue::from_static(host))).into_iter().collect();
        let response = to_https(&path.parse().unwrap(), &headers, port);
        let location = response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), location)
    }

    #[test]
    fn a_request_is_led_to_the_same_address_on_the_same_host() {
        let led_to = |location: &str| (308, Some(location.to_owned()));
        assert_eq!(led(Some("cheeper.example"), "/", None), led_to("https://cheeper.example/"));
        let path = "/api/cheeps?limit=5";
        assert_eq!(led(Some("[::1]:5000"), path, None), led_to("https://[::1]:5000/api/cheeps?limit=5"));
        assert_eq!(led(Some("cheeper.example"), "/", Some(443)), led_to("https://cheeper.example/"));
        assert_eq!(led(Some("10.0.0.1:80"), path, Some(5000)), led_to("https://10.0.0.1:5000/api/cheeps?limit=5"));
        for host in [None, Some("a host"), Some("")] {
            assert_eq!(led(host, "/", None), (400, None), "{host:?}");
        }
    }
}
