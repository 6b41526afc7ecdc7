//! A certificate that the server gets and renews by itself, by the protocol ACME (RFC 8555): whoever gives it asks for a proof on
//! the very port that serves HTTPS (TLS-ALPN-01, RFC 8737), so nothing else has to be set up.

use std::{fs::DirBuilder, io, os::unix::fs::DirBuilderExt as _, path::PathBuf, sync::Arc};

use futures_util::StreamExt as _;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
    server::ResolvesServerCert,
};
use rustls_acme::{AcmeConfig, EventOk, acme::LETS_ENCRYPT_PRODUCTION_DIRECTORY, caches::DirCache};

use super::certificate::CertificateError;

/// What a certificate is asked for with.
#[derive(Clone, Debug)]
pub struct Order {
    /// The names that it is to be for.
    pub domains: Vec<String>,
    /// Whom the authority may write to, an address of e-mail.
    pub contact: Option<String>,
    /// The authority's directory, a URL; none: Let's Encrypt's.
    pub directory: Option<String>,
    /// Who vouches for the authority's own address, as PEM; none: those whom browsers trust.
    pub root: Option<PathBuf>,
    /// The folder that keeps account and certificate, made if it is not there. Nobody else can look into it.
    pub folder: PathBuf,
}

/// The certificate that there is at any time, and how the authority is shown that the name is ours.
pub(super) struct Ordered {
    pub(super) resolver: Arc<dyn ResolvesServerCert>,
    pub(super) challenge: Arc<ServerConfig>,
}

/// Begins to see to it that there is a certificate, for as long as the server runs.
pub(super) fn order(order: Order) -> Result<Ordered, CertificateError> {
    let Order { domains, contact, directory, root, folder } = order;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(|why| CertificateError::Io { path: folder.clone(), why })?;
    let names = domains.join(", ");
    let mut config = AcmeConfig::new(domains)
        .contact(contact.iter().map(|contact| format!("mailto:{contact}")))
        .directory(directory.as_deref().unwrap_or(LETS_ENCRYPT_PRODUCTION_DIRECTORY))
        .cache(DirCache::new(folder));
    if let Some(root) = root {
        config = config.client_tls_config(trusting(root)?);
    }
    let mut state = config.state();
    let ordered = Ordered { resolver: state.resolver(), challenge: state.challenge_rustls_config() };
    tokio::spawn(async move {
        while let Some(event) = state.next().await {
            match event {
                Ok(EventOk::DeployedCachedCert) => tracing::info!(names, "the certificate from before is shown"),
                Ok(EventOk::DeployedNewCert) => tracing::info!(names, "a new certificate is shown"),
                Ok(EventOk::CertCacheStore | EventOk::AccountCacheStore) => {}
                Err(error) => tracing::error!(names, %error, "a certificate could not be had; it is tried again"),
            }
        }
    });
    Ok(ordered)
}

/// A client that trusts those in a file alone.
fn trusting(path: PathBuf) -> Result<Arc<ClientConfig>, CertificateError> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_file(&path).ok().and_then(|root| roots.add(root).ok());
    root.ok_or(CertificateError::NotPem { path, what: "certificate" })?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(io::Error::other);
    let config = config.map_err(|why| CertificateError::Io { path: PathBuf::new(), why })?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
