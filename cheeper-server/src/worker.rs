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

/// Of the whole process: what comes after it is the end of the process.
static FAILED: LazyLock<CancellationToken> = LazyLock::new(CancellationToken::new);

/// Starts a thread whose panic ends the server.
pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _alarm = Alarm;
        work();
    })
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
