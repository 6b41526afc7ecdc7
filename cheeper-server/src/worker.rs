//! Threads that the server cannot do without.
//!
//! A panic ends its thread and no other, so a server would go on that looks healthy and stores nothing, or never answers
//! a part of its clients. Whoever runs the server learns of it here and stops in order.

use std::{
    io,
    sync::LazyLock,
    thread::{self, JoinHandle},
};

use tokio_util::sync::CancellationToken;

/// The least that there is (`nice 19`): about 1/70 of the time of a processor that is wanted by others as well.
const LEAST_PRIORITY: i32 = 19;

/// Of the whole process: what comes after it is the end of the process.
static FAILED: LazyLock<CancellationToken> = LazyLock::new(CancellationToken::new);

/// Starts a thread whose panic ends the server.
pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _alarm = Alarm;
        work();
    })
}

/// Lets all others go first: for the thread that calls it, whose work can wait, from now on.
pub(crate) fn step_back() {
    // On Linux each thread has a priority of its own. Where it cannot be had, the work is done at the usual one.
    if let Err(error) = rustix::process::setpriority_process(None, LEAST_PRIORITY) {
        tracing::debug!(%error, "a thread that can wait does not");
    }
}

/// Done once a worker has panicked.
pub(crate) async fn failed() {
    FAILED.cancelled().await;
}

/// Whether a worker has panicked.
pub(crate) fn has_failed() -> bool {
    FAILED.is_cancelled()
}

/// Given off when a panic unwinds the thread that holds it.
struct Alarm;

impl Drop for Alarm {
    fn drop(&mut self) {
        if thread::panicking() {
            FAILED.cancel();
        }
    }
}
