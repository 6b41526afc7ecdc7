//! Serving: what has to be there for it, and how it ends.

use std::{
    net::{SocketAddr, TcpListener},
    num::NonZero,
    process, thread,
    time::Duration,
};

use tokio_util::sync::CancellationToken;

pub(super) use super::error::ServeError;
use super::{args::Args, greeting::Place, log::Log, signals::Signals};
use crate::{
    app::{Listeners, run},
    timeline::sqlite::{OpenError, Store},
    tls::Source,
    web::{self, Bound},
    worker,
};

/// However long goodbyes and commits take, the process ends within this time after it was told to.
const STOP_TIMEOUT: Duration = Duration::from_millis(4500);

/// Serves until a signal, or a failure of its own, ends it.
#[tokio::main]
pub(super) async fn serve(args: Args, log: &Log) -> Result<(), ServeError> {
    let address = args.address();
    let redirects_from = args.tls.redirects_from(address)?;
    let failed = |why| ServeError::Listen { address, why };
    let (data, mut whereabouts, keep) = (args.data()?, args.whereabouts(address), args.keep.keep());
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let mut config = args.into_config(&data, rlimit::increase_nofile_limit(u64::MAX)?, processors)?;
    // An address that is taken is told at once; but nobody is let in before there is somebody to answer. Until then
    // clients are refused, which they and balancers understand, where they would wait.
    let socket = web::bind(address).map_err(failed)?;
    let store = Store::open(&data).map_err(|error| match error {
        why @ OpenError::Damaged { .. } => ServeError::Damaged { path: data.clone(), why },
        error => error.into(),
    })?;
    let redirect = redirects_from.map(|(address, is_must)| listen_for_plain(address, is_must)).transpose()?.flatten();
    let certificates = match &config.tls {
        Some(Source::Files(certificates)) => Some(certificates.clone()),
        Some(Source::Order(_)) | None => None,
    };
    let signals = Signals::listen(certificates)?;
    let listener = socket.listen().map_err(failed)?;
    whereabouts.listens = listener.local_addr()?;
    let place = Place { data, whereabouts, strangers: config.strangers };
    config.control = place.control();
    place.greet()?;
    let stop = CancellationToken::new();
    tokio::spawn(end(signals, stop.clone(), log.clone()));
    let ran = run(Listeners { main: listener, redirect }, config, store.keeping(keep), stop.cancelled_owned()).await;
    // What it stumbled over while it stopped comes from that.
    if worker::has_failed() {
        return Err(ServeError::Worker);
    }
    Ok(ran?)
}

/// Listens where plain HTTP is to be led to HTTPS from. What nobody insists on may be taken, or not for us to take.
fn listen_for_plain(address: SocketAddr, is_must: bool) -> Result<Option<TcpListener>, ServeError> {
    match web::bind(address).and_then(Bound::listen) {
        Ok(listener) => Ok(Some(listener)),
        Err(why) if is_must => Err(ServeError::Listen { address, why }),
        Err(why) => {
            tracing::warn!(%address, %why, "plain HTTP is not led to HTTPS, as its port cannot be had; see --redirect-listen");
            Ok(None)
        }
    }
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
