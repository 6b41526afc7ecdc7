//! What a server says at its start: where it is, and how others come in.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
    thread,
};

use cheeper_protocol::Role;

use super::{
    error::ServeError,
    invitation::{self, Whereabouts},
    operator::{reach, standing_link},
};
use crate::control::{self, Bound, Greeting};

/// Where a server is, and for whom.
pub(super) struct Place {
    pub(super) data: PathBuf,
    pub(super) whereabouts: Whereabouts,
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
        out.write_all(self.greeting().as_bytes())?;
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
        invitation::addresses(&self.whereabouts)
    }

    fn greeting(&self) -> String {
        let addresses = self.addresses();
        let is_alone = self.whereabouts.listens.ip().is_loopback() && self.whereabouts.public_url.is_none();
        let say = |(nth, address)| {
            let who = if nth == 0 { "Cheeper is running:" } else { "Others" };
            format!("{who} open {address}\n")
        };
        let mut said: Vec<String> = addresses.iter().enumerate().map(say).collect();
        if is_alone {
            let port = self.whereabouts.listens.port();
            said.push(format!(
                "Only this machine can see it. To share it, start it with --listen 0.0.0.0:{port} as well.\n"
            ));
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
