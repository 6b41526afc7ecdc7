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
    /// Of the two files just before they were read, whatever came of that.
    written_at: [Option<SystemTime>; 2],
}

impl Certificates {
    /// Reads it.
    pub fn read(files: Files) -> Result<Self, CertificateError> {
        let written_at = written_at(&files);
        let current = Current { key: read(&files)?, written_at };
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
        // Looked at first: what is written while we read counts as a change afterwards.
        let written_at = written_at(&self.files);
        // A slow disk holds up no handshake: those have the one from before until then.
        let new = read(&self.files);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.written_at = written_at;
        match new {
            Ok(key) => {
                current.key = key;
                tracing::info!("the certificate was read anew");
            }
            Err(error) => {
                tracing::error!(%error, "the certificate could not be read anew, so the one from before is shown on");
            }
        }
    }
}

fn read(files: &Files) -> Result<Arc<CertifiedKey>, CertificateError> {
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
    Ok(Arc::new(key))
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

#[cfg(test)]
mod tests {
    use std::{
        fs::OpenOptions,
        io::Write as _,
        process::Command,
        thread,
        time::{Duration, SystemTime},
    };

    use rcgen::generate_simple_self_signed;

    use super::*;

    #[test]
    fn a_key_that_comes_while_another_is_read_is_noticed_and_no_handshake_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let files = Files { certificate: path("certificate.pem"), key: path("key.pem") };
        let issued = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&files.certificate, issued.cert.pem()).unwrap();
        fs::write(&files.key, issued.signing_key.serialize_pem()).unwrap();
        let certificates = Certificates::read(files.clone()).unwrap();
        let shown = || certificates.current.try_read().expect("nobody holds it while files are read").key.clone();
        let first = shown();

        // A pipe for a key: whoever reads it is in the middle of that until we let go.
        fs::rename(&files.key, path("kept.pem")).unwrap();
        assert!(Command::new("mkfifo").arg(&files.key).status().unwrap().success());
        thread::scope(|scope| {
            scope.spawn(|| certificates.read_again());
            let mut pipe = OpenOptions::new().write(true).open(&files.key).unwrap();
            let is_shown_meanwhile = certificates.current.try_read().is_ok();
            let kept = OpenOptions::new().append(true).open(path("kept.pem")).unwrap();
            kept.set_modified(SystemTime::now() + Duration::from_secs(10)).unwrap();
            fs::rename(path("kept.pem"), &files.key).unwrap();
            pipe.write_all(b"no key").unwrap();
            drop(pipe);
            assert!(is_shown_meanwhile);
        });
        assert!(Arc::ptr_eq(&first, &shown()), "what cannot be used takes the place of nothing");
        certificates.refresh();
        assert!(!Arc::ptr_eq(&first, &shown()));
    }
}
