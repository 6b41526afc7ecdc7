//! The signals that end the server, or have it read its certificate anew.

use std::{
    fs::{self, File},
    io,
    sync::Arc,
};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::tls::Certificates;

/// Listens for them; from here on none of them ends the process by itself.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// The terminal was closed. None if the server was started to outlive it, as with `nohup`.
    hang_up: Option<Signal>,
    /// What is read anew at a hang-up that somebody has sent. Without it that ends the server as well.
    certificates: Option<Arc<Certificates>>,
    has_terminal: bool,
}

impl Signals {
    pub(super) fn listen(certificates: Option<Arc<Certificates>>) -> io::Result<Self> {
        let hang_up = if ignores(SignalKind::hangup()) { None } else { Some(signal(SignalKind::hangup())?) };
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, hang_up, certificates, has_terminal: has_terminal() })
    }

    /// Done when the server is to stop.
    pub(super) async fn stop(&mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => loop {
                    signal.recv().await;
                    let is_closed = self.has_terminal && !has_terminal();
                    match &self.certificates {
                        Some(certificates) if !is_closed => certificates.read_again(),
                        _ => break,
                    }
                },
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

/// Whether there is a terminal that could be closed.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Whether whoever started us had this signal ignored. Asking the kernel itself takes unsafe code; where this file is not
/// there, the answer is no.
fn ignores(signal: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    ignored >> (signal.as_raw_value() - 1) & 1 == 1
}
