//! HTTPS without a second program: certificates, and the sessions that encrypt what goes over a socket.
//!
//! After its handshake a session needs no task of its own. Whoever has the socket, HTTP or a shard, reads and writes through it, as
//! `docs/decisions/0007-tls-within-the-shard.md` says why.

mod acme;
mod certificate;
mod session;

use std::{io, sync::Arc, time::Duration};

use rustls::{
    ServerConfig,
    crypto::ring,
    server::{Acceptor, ResolvesServerCert},
};
use rustls_acme::is_tls_alpn_challenge;
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    task::spawn_blocking,
    time::{sleep, timeout},
};
use tokio_rustls::LazyConfigAcceptor;

pub(crate) use self::session::Session;
pub use self::{
    acme::Order,
    certificate::{CertificateError, Certificates, Files},
};

/// How long a client may take for its handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Tickets by which a client may come back without a whole handshake: two, as browsers open that many connections.
const TICKETS: usize = 2;
/// How often it is seen whether the certificate's files have changed.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Files, which are somebody else's to renew.
    Files(Arc<Certificates>),
    /// An authority.
    Order(Order),
}

/// Why HTTPS cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate cannot be used or kept.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The library refuses, which is a bug.
    #[error("HTTPS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// Takes clients' handshakes.
pub(crate) struct Tls {
    config: Arc<ServerConfig>,
    /// For the authority that asks whether the name is ours.
    challenge: Option<Arc<ServerConfig>>,
}

impl Tls {
    /// One that shows the certificate of a source, which is looked after from now on.
    pub(crate) fn start(source: Source) -> Result<Self, TlsError> {
        let (resolver, challenge): (Arc<dyn ResolvesServerCert>, _) = match source {
            Source::Files(certificates) => {
                tokio::spawn(watch(certificates.clone()));
                (certificates, None)
            }
            Source::Order(order) => {
                let acme::Ordered { resolver, challenge } = acme::order(order)?;
                (resolver, Some(challenge))
            }
        };
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = config.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.ticketer = ring::Ticketer::new()?;
        config.send_tls13_tickets = TICKETS;
        Ok(Self { config: Arc::new(config), challenge })
    }

    /// Does the handshake of a client. None if it was no more than an authority's question, which is answered.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<Option<(TcpStream, Session)>> {
        timeout(HANDSHAKE_TIMEOUT, self.shake_hands(stream)).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    async fn shake_hands(&self, stream: TcpStream) -> io::Result<Option<(TcpStream, Session)>> {
        let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        if let Some(challenge) = self.challenge.as_ref().filter(|_| is_tls_alpn_challenge(&begun.client_hello())) {
            begun.into_stream(challenge.clone()).await?.shutdown().await?;
            return Ok(None);
        }
        let (stream, connection) = begun.into_stream(self.config.clone()).await?.into_inner();
        Ok(Some((stream, Session::new(connection))))
    }
}

/// Reads a certificate anew whenever its files have changed.
async fn watch(certificates: Arc<Certificates>) {
    loop {
        sleep(LOOK_EVERY).await;
        let certificates = certificates.clone();
        drop(spawn_blocking(move || certificates.refresh()).await);
    }
}
