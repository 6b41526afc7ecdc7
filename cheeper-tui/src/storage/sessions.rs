//! The sessions that links were changed for: a file for each server, for its owner's eyes alone.
//!
//! It goes by the address, for what timeline is there is not known before somebody is let in. A session of another timeline is
//! refused there, and forgotten.

use std::{cmp::Reverse, path::PathBuf};

use cheeper_protocol::{Role, Token};
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

/// What a link was changed for.
#[derive(Serialize, Deserialize)]
pub struct Session {
    /// Tells by which link it was opened. The link itself lets others in too, so it is not kept.
    link: String,
    pub session: Token,
    /// What its bearer may do.
    #[serde(default)]
    role: Role,
}

impl Session {
    pub fn new(link: &Token, session: Token, role: Role) -> Self {
        Self { link: mark(link), session, role }
    }

    /// Whether it was opened by this link.
    pub fn is_of(&self, link: &Token) -> bool {
        self.link == mark(link)
    }
}

impl Sessions {
    /// Beside the identities of the person.
    pub fn of_this_person() -> Result<Self, StorageError> {
        Ok(Self { folder: folder(Xdg::data_dir)?.join("sessions") })
    }

    /// The sessions on this server: first those by which one may do most, of these the newest.
    pub fn load(&self, url: &str) -> Result<Vec<Session>, StorageError> {
        let mut sessions = self.read(url)?.sessions;
        sessions.reverse();
        sessions.sort_by_key(|session| Reverse(session.role));
        Ok(sessions)
    }

    /// Keeps what a link was changed for; from now on it is the newest.
    pub fn keep(&self, url: &str, session: Session) -> Result<(), StorageError> {
        let mut kept = self.read(url)?;
        kept.sessions.retain(|before| before.link != session.link);
        kept.sessions.push(session);
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
    fn each_link_has_its_session_and_those_of_hosts_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions { folder: folder.path().join("sessions") };
        let (here, member, host) = ("ws://here/ws", token("j_"), token("h_"));
        let load = |url| {
            let kept = sessions.load(url).unwrap().into_iter();
            kept.map(|kept| kept.session.expose().trim_end_matches('0').to_owned()).collect::<Vec<_>>()
        };
        let keep = |link: &Token, session: &str, role: Role| {
            sessions.keep(here, Session::new(link, token(session), role)).unwrap();
        };
        assert!(load(here).is_empty());
        keep(&host, "s_1", Role::Host);
        keep(&member, "s_2", Role::Member);
        keep(&token("k_"), "s_3", Role::Member);
        assert_eq!(load(here), ["s_1", "s_3", "s_2"]);
        assert!(load("wss://here/ws").is_empty(), "what came encrypted is not sent plainly");
        // The link was changed once more.
        keep(&member, "s_4", Role::Member);
        assert_eq!(load(here), ["s_1", "s_4", "s_3"]);
        assert!(sessions.load(here).unwrap()[1].is_of(&member));
        sessions.forget(here, &token("s_1")).unwrap();
        assert_eq!(load(here), ["s_4", "s_3"]);
    }

    #[test]
    fn a_session_that_was_kept_without_a_role_still_lets_in() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions { folder: folder.path().join("sessions") };
        sessions.write("ws://here/ws", &Kept::default()).unwrap();
        let (mark, session) = (mark(&token("j_")), token("s_"));
        let before = format!(r#"{{"sessions":[{{"link":"{mark}","session":"{}"}}]}}"#, session.expose());
        fs::write(sessions.path("ws://here/ws"), before).unwrap();
        let kept = sessions.load("ws://here/ws").unwrap();
        assert!(kept[0].is_of(&token("j_")) && kept[0].session == session && kept[0].role == Role::Member);
    }

    #[test]
    fn the_file_is_for_its_owner_alone_holds_no_link_and_does_not_grow() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions { folder: folder.path().join("sessions") };
        for nth in 0..=KEPT {
            let session = Session::new(&token(&format!("j_{nth}_")), token(&format!("s_{nth}_")), Role::Member);
            sessions.keep("ws://here/ws", session).unwrap();
        }
        let path = sessions.path("ws://here/ws");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("j_") && !text.contains("s_0_") && text.matches("s_").count() == KEPT, "{text}");
        fs::write(&path, "{").unwrap();
        assert!(matches!(sessions.load("ws://here/ws"), Err(StorageError::Damaged { .. })));
    }
}
