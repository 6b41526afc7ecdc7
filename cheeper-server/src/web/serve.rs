//! The accept loop: takes connections while there are seats, refuses politely when there are none, never waits for one.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use cheeper_protocol::Seq;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tower_service::Service as _;
use warp::http::Request;

use super::{Server, admission::Seats, routes};

/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request may take until its answer begins, its body with it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a request that is under way may still take when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of a request's head.
const HEAD_BYTES: usize = 16 * 1024;
/// Refused connections that are told so at once; more are just closed.
const REFUSALS: usize = 64;

const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 50\r\n\r\n\
    This server is full; please try again in a moment.";

/// Serves until `head` says that the server stops.
pub(crate) async fn serve(listener: TcpListener, server: Arc<Server>, seats: Arc<Seats>) {
    let routes = warp::service(routes(server.clone()));
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let mut stopping = server.head.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stopping) => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of files or memory: what is open goes on, and trying again at once would only spin.
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(seat) = seats.take() else {
            server.metrics.refused_connection();
            if let Ok(permit) = refusals.clone().try_acquire_owned() {
                tokio::spawn(async move {
                    drop(timeout(Duration::from_secs(1), refuse(stream)).await);
                    drop(permit);
                });
            }
            continue;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let routes = routes.clone();
        let stopping = server.head.clone();
        tokio::spawn(async move {
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(seat.clone());
                request.extensions_mut().insert(peer);
                let answer = routes.clone().call(request);
                async move {
                    match timeout(REQUEST_TIMEOUT, answer).await {
                        Ok(Ok(answer)) => Ok(answer),
                        Ok(Err(never)) => match never {},
                        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut)),
                    }
                }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(HEAD_BYTES)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            carry(connection, stopping, peer).await;
        });
    }
}

/// Done when the server stops.
async fn stopped(head: &mut watch::Receiver<Option<Seq>>) {
    // Without a sender there is no server any more either.
    drop(head.wait_for(Option::is_none).await);
}

/// Carries a connection to its end, which the stop of the server brings nearer.
async fn carry<S, B>(
    connection: http1::UpgradeableConnection<TokioIo<TcpStream>, S>,
    mut stopping: watch::Receiver<Option<Seq>>,
    peer: SocketAddr,
) where
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            timeout(STOP_TIMEOUT, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, %peer, "an HTTP connection ended early");
    }
}

/// Says that there is no room. What the client sends is read until it hangs up, so that it gets to see the answer.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(FULL).await?;
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}
