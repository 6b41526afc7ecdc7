//! The certificate that the server shows, read from files and read again when they have changed.

use std::{
    fmt, fs, io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

/// Where a certificate and its key lie, both as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The certificate, and those that vouch for it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {}: {why}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A file is not what it should be.
    #[error("{} holds no {what} in PEM form", .path.display())]
    NotPem {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// The two do not go together, or the key is of a kind that is not known.
    #[error("the certificate {} and the key {} cannot be used together: {why}", .files.certificate.display(), .files.key.display())]
    Unusable {
        /// The two.
        files: Files,
        /// Why.
        why: rustls::Error,
    },
}

/// The certificate as it is now.
pub struct Certificates {
    files: Files,
    current: RwLock<Current>,
}

struct Current {
    key: Arc<CertifiedKey>,
    /// Of the two files when they were read.
    written_at: [Option<SystemTime>; 2],
}

impl Certificates {
    /// Reads it.
    pub fn read(files: Files) -> Result<Self, CertificateError> {
        let current = read(&files)?;
        Ok(Self { files, current: RwLock::new(current) })
    }

    /// Reads it again if the files have changed since; what is wrong with them is told once, and what was read before goes on.
    pub(crate) fn refresh(&self) {
        let written_at = written_at(&self.files);
        if written_at != self.current.read().unwrap_or_else(PoisonError::into_inner).written_at {
            self.read_again();
        }
    }

    /// Reads it again.
    pub(crate) fn read_again(&self) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        match read(&self.files) {
            Ok(new) => {
                *current = new;
                tracing::info!("the certificate was read anew");
            }
            Err(error) => {
                tracing::error!(%error, "the certificate could not be read anew, so the one from before is shown on");
                current.written_at = written_at(&self.files);
            }
        }
    }
}

fn read(files: &Files) -> Result<Current, CertificateError> {
    // Looked at first: what is written while we read counts as a change afterwards.
    let written_at = written_at(files);
    let wrong = |path: &PathBuf, what: &'static str| {
        let path = path.clone();
        move |error| match error {
            pem::Error::Io(why) => CertificateError::Io { path, why },
            _ => CertificateError::NotPem { path, what },
        }
    };
    let certificates = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(wrong(&files.certificate, "certificate"))?;
    if certificates.is_empty() {
        return Err(CertificateError::NotPem { path: files.certificate.clone(), what: "certificate" });
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(wrong(&files.key, "private key"))?;
    let key = CertifiedKey::from_der(certificates, key, &ring::default_provider());
    let key = key.map_err(|why| CertificateError::Unusable { files: files.clone(), why })?;
    Ok(Current { key: Arc::new(key), written_at })
}

fn written_at(files: &Files) -> [Option<SystemTime>; 2] {
    [&files.certificate, &files.key].map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).key.clone())
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").field("files", &self.files).finish_non_exhaustive()
    }
}
