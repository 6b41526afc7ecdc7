//! The address or link that is pasted into the input, where neither a list of processes nor the screen shows it.

use std::io::{self, IsTerminal as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::server::Server;

/// Reads one line; or says why that gives no address. What comes after it is left for others.
pub(super) fn server() -> Result<Server, String> {
    let input = io::stdin();
    let quiet = if input.is_terminal() { Quiet::begin() } else { None };
    let mut line = String::new();
    let read = input.read_line(&mut line);
    drop(quiet);
    read.map_err(|error| error.to_string())?;
    Server::parse(line.trim())
}

/// While it lives, what is typed is not shown.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet).ok()?;
        eprint!("Paste the link and press Enter (it is not shown): ");
        let _ = io::stderr().flush();
        Some(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // It was a terminal a moment ago; if it is none any more, there is nothing to put right.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
        eprintln!();
    }
}
