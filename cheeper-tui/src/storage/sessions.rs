//! The sessions that links were changed for: a file for each server, for its owner's eyes alone.
//!
//! It goes by the address, for what timeline is there is not known before somebody is let in. A session of another timeline is
//! refused there, and forgotten.

use std::path::PathBuf;

use cheeper_protocol::Token;
use etcetera::base_strategy::{BaseStrategy as _, Xdg};
use serde::{Deserialize, Serialize};

use super::files::{StorageError, encode, folder, read, write};
use crate::digest::digest;

/// A person has a link for members and one for hosts, and gets a new one now and then; who has more has no use for the oldest.
const KEPT: usize = 8;

/// Where the sessions are.
pub struct Sessions {
    folder: PathBuf,
}

/// The sessions on one server, the one that was opened last at the end.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    sessions: Vec<Session>,
}

#[derive(Serialize, Deserialize)]
struct Session {
    /// Tells by which link it was opened. The link itself lets others in too, so it is not kept.
    link: String,
    session: Token,
}

impl Sessions {
    /// Beside the identities of the person.
    pub fn of_this_person() -> Result<Self, StorageError> {
        Ok(Self { folder: folder(Xdg::data_dir)?.join("sessions") })
    }

    /// The session on this server that the link was changed for; or, without a link, the newest.
    pub fn load(&self, url: &str, link: Option<&Token>) -> Result<Option<Token>, StorageError> {
        let mut sessions = self.read(url)?.sessions.into_iter().rev();
        let session = match link.map(mark) {
            Some(mark) => sessions.find(|session| session.link == mark),
            None => sessions.next(),
        };
        Ok(session.map(|session| session.session))
    }

    /// Keeps what a link was changed for; from now on it is the newest.
    pub fn keep(&self, url: &str, link: &Token, session: Token) -> Result<(), StorageError> {
        let mut kept = self.read(url)?;
        let link = mark(link);
        kept.sessions.retain(|session| session.link != link);
        kept.sessions.push(Session { link, session });
        kept.sessions.drain(..kept.sessions.len().saturating_sub(KEPT));
        self.write(url, &kept)
    }

    /// It lets nobody in any more.
    pub fn forget(&self, url: &str, ended: &Token) -> Result<(), StorageError> {
        let mut kept = self.read(url)?;
        kept.sessions.retain(|session| session.session != *ended);
        self.write(url, &kept)
    }

    fn read(&self, url: &str) -> Result<Kept, StorageError> {
        let path = self.path(url);
        let Some(text) = read(&path)? else { return Ok(Kept::default()) };
        serde_json::from_str(&text).map_err(|why| StorageError::Damaged { path, why })
    }

    fn write(&self, url: &str, kept: &Kept) -> Result<(), StorageError> {
        let path = self.path(url);
        let json = serde_json::to_vec(kept).map_err(|why| StorageError::Damaged { path: path.clone(), why })?;
        write(&path, &json, true)
    }

    fn path(&self, url: &str) -> PathBuf {
        self.folder.join(format!("{}.json", encode(url)))
    }
}

fn mark(link: &Token) -> String {
    format!("{:016x}", digest(link.expose()))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn token(name: &str) -> Token {
        Token::parse(&format!("{name:0<24}")).unwrap()
    }

    #[test]
    fn each_link_has_its_session_and_the_newest_is_taken_without_one() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions { folder: folder.path().join("sessions") };
        let (here, member, host) = ("ws://here/ws", token("j_"), token("h_"));
        assert_eq!(sessions.load(here, None).unwrap(), None);
        sessions.keep(here, &member, token("s_1")).unwrap();
        sessions.keep(here, &host, token("s_2")).unwrap();
        let load = |link| sessions.load(here, link).unwrap();
        assert_eq!((load(None), load(Some(&member))), (Some(token("s_2")), Some(token("s_1"))));
        assert_eq!(sessions.load("wss://here/ws", None).unwrap(), None, "what came encrypted is not sent plainly");
        // The link was changed once more.
        sessions.keep(here, &member, token("s_3")).unwrap();
        assert_eq!((load(None), load(Some(&member))), (Some(token("s_3")), Some(token("s_3"))));
        sessions.forget(here, &token("s_3")).unwrap();
        assert_eq!((load(None), load(Some(&member))), (Some(token("s_2")), None));
    }

    #[test]
    fn the_file_is_for_its_owner_alone_holds_no_link_and_does_not_grow() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions { folder: folder.path().join("sessions") };
        for nth in 0..=KEPT {
            sessions.keep("ws://here/ws", &token(&format!("j_{nth}_")), token(&format!("s_{nth}_"))).unwrap();
        }
        let path = sessions.path("ws://here/ws");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("j_") && !text.contains("s_0_") && text.matches("s_").count() == KEPT, "{text}");
        fs::write(&path, "{").unwrap();
        assert!(matches!(sessions.load("ws://here/ws", None), Err(StorageError::Damaged { .. })));
    }
}
