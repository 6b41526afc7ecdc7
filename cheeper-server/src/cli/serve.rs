//! Serving: what has to be there for it, and how it ends.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    num::NonZero,
    path::PathBuf,
    process, thread,
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{
    args::{Args, ArgsError},
    log::Log,
    signals::Signals,
};
use crate::{
    app::{RunError, run},
    timeline::sqlite::{OpenError, Store},
    web, worker,
};

/// However long goodbyes and commits take, the process ends within this time after it was told to.
const STOP_TIMEOUT: Duration = Duration::from_millis(4500);

#[derive(Debug, thiserror::Error)]
pub(super) enum ServeError {
    #[error(transparent)]
    Args(#[from] ArgsError),
    #[error(transparent)]
    Store(#[from] OpenError),
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

/// Serves until a signal, or a failure of its own, ends it.
#[tokio::main]
pub(super) async fn serve(args: Args, log: &Log) -> Result<(), ServeError> {
    let address = args.listen;
    let failed = |why| ServeError::Listen { address, why };
    let data = args.data()?;
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let config = args.into_config(rlimit::increase_nofile_limit(u64::MAX)?, processors)?;
    // An address that is taken is told at once; but nobody is let in before there is somebody to answer. Until then
    // clients are refused, which they and balancers understand, where they would wait.
    let socket = web::bind(address).map_err(failed)?;
    let store = Store::open(&data).map_err(|error| match error {
        why @ OpenError::Damaged { .. } => ServeError::Damaged { path: data, why },
        error => error.into(),
    })?;
    let signals = Signals::listen()?;
    let listener = socket.listen().map_err(failed)?;
    greet(listener.local_addr()?)?;
    let stop = CancellationToken::new();
    tokio::spawn(end(signals, stop.clone(), log.clone()));
    let ran = run(listener, config, store, stop.cancelled_owned()).await;
    // What it stumbled over while it stopped comes from that.
    if worker::has_failed() {
        return Err(ServeError::Worker);
    }
    Ok(ran?)
}

/// Tells the server to stop at the first signal, or when it has failed; the second signal, or too long a wait, ends the
/// process at once.
async fn end(mut signals: Signals, stop: CancellationToken, log: Log) {
    tokio::select! {
        () = signals.stop() => tracing::info!("stopping; once more stops at once"),
        () = worker::failed() => tracing::error!("a part of the server failed; stopping"),
    }
    stop.cancel();
    let code = tokio::select! {
        code = signals.stop_at_once() => code,
        () = tokio::time::sleep(STOP_TIMEOUT) => i32::from(worker::has_failed()),
    };
    log.flush();
    process::exit(code);
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

/// Says where the page is and how to share it.
fn greet(address: SocketAddr) -> io::Result<()> {
    let port = address.port();
    let greeting = if address.ip().is_unspecified() {
        format!(
            "Cheeper is running: open http://localhost:{port}/\n\
             Others on your network open http://ADDRESS:{port}/ with this machine's address (see: hostname -I).\n"
        )
    } else if address.ip().is_loopback() {
        format!(
            "Cheeper is running: open http://{address}/\n\
             Only this machine can see it. To share it: cheeper-server --listen 0.0.0.0:{port}\n"
        )
    } else {
        format!("Cheeper is running: open http://{address}/\n")
    };
    // Nobody may be reading, or nobody any more, which is no reason not to serve.
    thread::Builder::new().spawn(move || drop(io::stdout().write_all(greeting.as_bytes())))?;
    Ok(())
}
