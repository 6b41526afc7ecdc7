//! HTTP: carries those whom the door passes on, each in a task of its own.

use std::{
    convert::Infallible,
    io,
    net::{self, SocketAddr},
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
use tokio_util::sync::CancellationToken;
use tower_service::Service;
use warp::http::Request;

use super::{
    Server,
    door::{Door, Guest},
    handshake::HEAD_BYTES,
    routes,
};
use crate::admission::{ConnectionLimit, Permit};

/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request may take until its answer begins, its body with it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a request that is under way may still take when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);
/// Refused connections that get a moment to read why; for more there are no files to spare.
const REFUSALS: usize = 128;

/// Serves until the server stops.
pub(crate) async fn serve(listener: net::TcpListener, server: Arc<Server>, limit: ConnectionLimit) -> io::Result<()> {
    let (tell, mut guests) = unbounded_channel();
    let door = Door::open(listener, server.clone(), limit, tell)?;
    let routes = warp::service(routes(server.clone()));
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    loop {
        let guest = tokio::select! {
            guest = guests.recv() => guest,
            () = server.stopping.cancelled() => None,
        };
        match guest {
            None => return spawn_blocking(|| door.close()).await.map_err(io::Error::other),
            Some(Guest::Admitted { stream, peer, permit }) => {
                tokio::spawn(carry(stream, peer, permit, routes.clone(), server.stopping.clone()));
            }
            Some(Guest::Refused(stream)) => {
                if let Ok(permit) = refusals.clone().try_acquire_owned() {
                    tokio::spawn(async move {
                        drop(timeout(Duration::from_secs(1), see_off(stream)).await);
                        drop(permit);
                    });
                }
            }
        }
    }
}

/// Carries a connection to its end, which the stop of the server brings nearer.
async fn carry<R>(stream: net::TcpStream, peer: SocketAddr, permit: Permit, routes: R, stopping: CancellationToken)
where
    R: Service<Request<Incoming>, Response = warp::reply::Response, Error = Infallible> + Clone,
{
    let stream = match TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(error) => return tracing::warn!(%error, "a new connection could not be taken over"),
    };
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(permit.clone());
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
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(STOP_TIMEOUT, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, %peer, "an HTTP connection ended early");
    }
}

/// What a client says that was told that there is no room is read until it hangs up, so that it gets to see the answer.
async fn see_off(stream: net::TcpStream) -> io::Result<()> {
    let mut stream = TcpStream::from_std(stream)?;
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}
