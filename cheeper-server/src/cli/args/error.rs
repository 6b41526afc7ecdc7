//! What can be wrong with flags that only the machine can tell.

use std::{net::SocketAddr, path::PathBuf};

use crate::tls::CertificateError;

/// Why what was typed does not work here.
#[derive(Debug, thiserror::Error)]
pub enum ArgsError {
    #[error("there is no place for the timeline: set HOME, or name a file with --data")]
    NoDataFolder,
    #[error(
        "--max-connections {asked} is more than this system allows: with {files} open files it can be {possible}; \
         raise the limit (ulimit -n, LimitNOFILE) or ask for fewer"
    )]
    TooManyConnections { asked: usize, files: u64, possible: usize },
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("--tls-cert {} needs its key: name that with --tls-key", .0.display())]
    NoKey(PathBuf),
    #[error("--tls-key {} needs its certificate: name that with --tls-cert", .0.display())]
    NoCertificate(PathBuf),
    #[error("--redirect-listen {0} leads to HTTPS, which this server does not speak: see --domain and --tls-cert")]
    NothingToLeadTo(SocketAddr),
    #[error("{0} says how to get a certificate, but not for which name: say that with --domain")]
    NoDomain(String),
    #[error("--max-connections must be at least 1")]
    NoConnections,
    #[error("--private and --read-only do not go together: strangers may read, or they may not")]
    PrivateAndReadOnly,
    #[error("it is not said whom to mute: give a name, or the number of a cheep of theirs with --author-of")]
    NobodyToMute,
}
