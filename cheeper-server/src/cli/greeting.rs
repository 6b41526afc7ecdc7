//! What a server says at its start: where it is, and how others come in.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    net::SocketAddr,
    path::PathBuf,
    thread,
};

use cheeper_protocol::Role;

use super::{
    error::ServeError,
    invitation,
    operator::{reach, standing_link},
};
use crate::control::{self, Bound, Greeting};

/// Where a server is, and for whom.
pub(super) struct Place {
    pub(super) data: PathBuf,
    pub(super) scheme: &'static str,
    pub(super) listens: SocketAddr,
    /// Where others find its page, if that is elsewhere.
    pub(super) public_url: Option<String>,
    /// What somebody without a link may do.
    pub(super) strangers: Option<Role>,
}

impl Place {
    /// The socket beside the store. Without one the server serves all the same.
    pub(super) fn control(&self) -> Option<Bound> {
        let greeting = Greeting { addresses: self.addresses() };
        let bound = fs::canonicalize(&self.data).and_then(|store| control::bind(&store, &greeting));
        bound.inspect_err(|error| tracing::warn!(%error, "commands such as join-link will not reach this server")).ok()
    }

    /// Says it, while the server begins to serve. Nobody may be reading, or nobody any more, which is no reason not to.
    pub(super) fn greet(self) -> io::Result<()> {
        thread::Builder::new().spawn(move || drop(self.say()))?;
        Ok(())
    }

    fn say(self) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(self.whereabouts().as_bytes())?;
        if self.strangers == Some(Role::Member) {
            return Ok(());
        }
        // What is no terminal may be a log, which is no place for what lets people in.
        if !out.is_terminal() {
            return out.write_all(b"Others come in by a link: cheeper-server join-link makes one.\n");
        }
        let said = match self.invitation() {
            Ok(links) => format!("Others come in by this link:\n{links}"),
            Err(error) => format!("Others come in by a link, but none could be made: {error}.\n"),
        };
        out.write_all(said.as_bytes())
    }

    fn addresses(&self) -> Vec<String> {
        invitation::addresses(self.scheme, self.listens, self.public_url.as_deref())
    }

    fn whereabouts(&self) -> String {
        let addresses = self.addresses();
        let is_alone = self.listens.ip().is_loopback() && self.public_url.is_none();
        let say = |(nth, address)| {
            let who = if nth == 0 { "Cheeper is running:" } else { "Others" };
            format!("{who} open {address}\n")
        };
        let mut said: Vec<String> = addresses.iter().enumerate().map(say).collect();
        if is_alone {
            let port = self.listens.port();
            said.push(format!("Only this machine can see it. To share it: cheeper-server --listen 0.0.0.0:{port}\n"));
        }
        said.concat()
    }

    /// The server answers this, as soon as it serves, as it would any command.
    fn invitation(&self) -> Result<String, ServeError> {
        let store = fs::canonicalize(&self.data)?;
        let mut reached = reach(&store, || self.addresses())?;
        let token = standing_link(&mut reached, &store)?;
        Ok(invitation::to(&reached.addresses, &token, true))
    }
}
