//! The signals that end the server.

use std::{fs, io};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for them; from here on none of them ends the process by itself.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// The terminal was closed. None if the server was started to outlive it, as with `nohup`.
    hang_up: Option<Signal>,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        let hang_up = if ignores(SignalKind::hangup()) { None } else { Some(signal(SignalKind::hangup())?) };
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, hang_up })
    }

    /// Done when the server is to stop.
    pub(super) async fn stop(&mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = hang_up => {}
        }
    }

    /// Done when it is to stop at once, with the exit code for that. A terminal that is closed is no such wish: the kernel
    /// and the shell both tell of it.
    pub(super) async fn stop_at_once(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}

/// Whether whoever started us had this signal ignored. Asking the kernel itself takes unsafe code; where this file is not
/// there, the answer is no.
fn ignores(signal: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    ignored >> (signal.as_raw_value() - 1) & 1 == 1
}
