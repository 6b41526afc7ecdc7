//! Why a command came to nothing, in one sentence without its full stop that says what to do.

use std::{io, net::SocketAddr, path::PathBuf};

use cheeper_protocol::Refusal;

use super::args::ArgsError;
use crate::{
    app::RunError,
    timeline::sqlite::{OpenError, copy::CopyError, exchange::ExchangeError},
};

#[derive(Debug, thiserror::Error)]
pub(super) enum ServeError {
    #[error(transparent)]
    Args(#[from] ArgsError),
    #[error(transparent)]
    Operator(#[from] OperatorError),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    #[error("{why}; `cheeper-server check --data {}` says all that is wrong with it", .path.display())]
    Damaged { path: PathBuf, why: OpenError },
    #[error("cannot listen on {address}: {why}; {}", advice(.why, *.address))]
    Listen { address: SocketAddr, why: io::Error },
    #[error(transparent)]
    Run(#[from] RunError<OpenError>),
    #[error("the system refused what the server needs: {0}")]
    System(#[from] io::Error),
    #[error("a part of the server failed, which is a bug, so it stopped: start it again, and report what it logged")]
    Worker,
}

/// Why nobody did what the operator asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum OperatorError {
    #[error("there is no timeline at {}: start a server on it first, or name its file with --data", .0.display())]
    NoStore(PathBuf),
    #[error("the server that works with {} cannot be reached: {why}", .store.display())]
    Unreachable { store: PathBuf, why: io::Error },
    #[error("there is no link {0}, or it has ended: cheeper-server links lists those that stand")]
    NoLink(u32),
    /// What it says of itself ends with a full stop, as all does that a server says to people.
    #[error("{}", .0.message.trim_end_matches('.'))]
    Refused(Refusal),
    #[error("it came to nothing: {0}")]
    Broken(#[from] io::Error),
    #[error("the server is of another version: it answered something else than was asked for")]
    Strange,
}

/// What to do about an address that cannot be listened on.
fn advice(why: &io::Error, address: SocketAddr) -> String {
    let port = address.port();
    match why.kind() {
        io::ErrorKind::AddrInUse => {
            "is another server running there? Stop it, or choose another address with --listen".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            format!("port {port} needs rights that this user has not: choose one from 1024 up with --listen")
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("this machine has no such address: --listen 0.0.0.0:{port} takes all that it has")
        }
        _ => "choose another address with --listen".to_owned(),
    }
}
