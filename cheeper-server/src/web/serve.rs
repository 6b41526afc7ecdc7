//! HTTP: carries the connections that the acceptor passes on, each in a task of its own.

use std::{
    convert::Infallible,
    io,
    net::{self, IpAddr},
    sync::Arc,
    time::Duration,
};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Semaphore, mpsc::unbounded_channel},
    task::spawn_blocking,
    time::timeout,
};
use tower_service::Service;
use warp::{
    Reply as _,
    http::{Request, Version},
    reply::Response,
};

use super::{
    acceptor::{Acceptor, HttpConnection},
    answer,
    gate::Intent,
    handshake::HEAD_BYTES,
    layer::Layer,
    line::{Line, LineStream, OnTurn},
    live::Live,
    redirect,
    routes::{LineOfRequest, routes},
    site::Site,
    write_timeout::WriteTimeout,
};
use crate::{
    limits::{Limit, Permit},
    tls::Session,
};

/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request may take until its answer begins, its body with it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take nothing of an answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a request that is under way may still take when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);
/// Refused connections that get a moment to read why; for more there are no files to spare.
const REFUSALS: usize = 128;

/// Serves until the server stops.
pub(crate) async fn serve(listener: net::TcpListener, site: Arc<Site>) -> io::Result<()> {
    let (sender, mut connections) = unbounded_channel();
    let acceptor = Acceptor::start(listener, site.clone(), sender)?;
    let live = Live::start(&site.services)?;
    let added = live.clone();
    let on_turn: OnTurn = Arc::new(move |line| added.add(line));
    let routes = Layer::new(site.clone(), warp::service(routes(&site)));
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    loop {
        let connection = tokio::select! {
            connection = connections.recv() => connection,
            () = site.stopping.cancelled() => None,
        };
        match connection {
            None => {
                live.stop();
                return spawn_blocking(|| acceptor.stop()).await.map_err(io::Error::other);
            }
            Some(HttpConnection::Admitted { stream, permit }) => match TcpStream::from_std(stream) {
                Ok(socket) => {
                    let line = Line::new(socket, None, on_turn.clone());
                    tokio::spawn(carry(line, permit, routes.clone(), site.clone()));
                }
                Err(error) => tracing::warn!(%error, "a new connection could not be taken over"),
            },
            Some(HttpConnection::Encrypted { stream, permit }) => {
                let (site, on_turn, routes) = (site.clone(), on_turn.clone(), routes.clone());
                tokio::spawn(async move {
                    match accept(&site, stream).await {
                        Ok(Some((socket, session))) => {
                            let line = Line::new(socket, Some(session), on_turn);
                            carry(line, permit, routes, site.clone()).await;
                        }
                        Ok(None) => {}
                        Err(error) => tracing::debug!(%error, peer = %permit.peer(), "a TLS handshake failed"),
                    }
                });
            }
            Some(HttpConnection::Refused(stream)) => {
                if let Ok(permit) = refusals.clone().try_acquire_owned() {
                    tokio::spawn(async move {
                        drop(timeout(Duration::from_secs(1), drain(stream)).await);
                        drop(permit);
                    });
                }
            }
        }
    }
}

/// Does the handshake of a client that encrypts.
async fn accept(site: &Site, stream: net::TcpStream) -> io::Result<Option<(TcpStream, Session)>> {
    let tls = site.tls.as_ref().ok_or(io::ErrorKind::Unsupported)?;
    tls.accept(TcpStream::from_std(stream)?).await
}

/// Carries a connection to its end, which the stop of the server brings nearer.
async fn carry<R>(line: Arc<Line>, permit: Permit, routes: R, site: Arc<Site>)
where
    R: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone,
{
    let leads_to_https = site.tls.is_some() && !line.is_secure;
    let (for_requests, peer) = (Arc::downgrade(&line), *permit.peer());
    let stream = WriteTimeout::new(LineStream(line), WRITE_TIMEOUT);
    let (stopping, limited) = (site.stopping.clone(), site.services.rules.rate_limits.limited().clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        let line = LineOfRequest { line: for_requests.clone(), chunked: request.version() >= Version::HTTP_11 };
        request.extensions_mut().insert(line);
        request.extensions_mut().insert(permit.clone());
        let elsewhere = leads_to_https.then(|| redirect::lead(&site, peer, request.uri(), request.headers(), None));
        let (routes, site) = (routes.clone(), site.clone());
        async move {
            match elsewhere {
                Some(answer) => Ok(answer.into_response()),
                None => answer(request, routes, site, peer).await,
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(STOP_TIMEOUT, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = result {
        if error.is_timeout() {
            limited.note(Limit::HeadTime);
        } else if error.is_parse_too_large() {
            limited.note(Limit::HeadSize);
        }
        tracing::debug!(%error, %peer, "an HTTP connection ended early");
    }
}

async fn answer<R>(request: Request<Incoming>, mut routes: R, site: Arc<Site>, peer: IpAddr) -> io::Result<Response>
where
    R: Service<Request<Incoming>, Response = Response, Error = Infallible>,
{
    // Of a request that is for nobody here the layer says so.
    let client = site.gate.knock(peer, request.headers(), Intent::Read).map_or(peer, |client| client.address);
    let _under_way = match site.requests.begin(client, site.connections.counts(client)) {
        Ok(under_way) => under_way,
        Err(refusal) => return Ok(answer::refused(refusal).into_response()),
    };
    match timeout(REQUEST_TIMEOUT, routes.call(request)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(never)) => match never {},
        Err(_) => {
            site.services.rules.rate_limits.limited().note(Limit::RequestTime);
            Err(io::ErrorKind::TimedOut.into())
        }
    }
}

/// What a client says that was told that there is no room is read until it hangs up, so that it gets to see the answer.
async fn drain(stream: net::TcpStream) -> io::Result<()> {
    let mut stream = TcpStream::from_std(stream)?;
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}
