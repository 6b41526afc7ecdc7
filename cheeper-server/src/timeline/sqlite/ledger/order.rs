//! Names, mutes, links and the audit written down.

use cheeper_protocol::FoldedName;

use super::{Ledger, WriteError};
use crate::timeline::{
    AccessChange,
    person::LinkId,
    rules::{Change, Link, State as _},
};

impl Ledger<'_> {
    /// Makes a change that is no event.
    pub(super) fn keep_order(&mut self, change: Change) -> Result<(), WriteError> {
        let (db, sums) = (self.transaction, self.sums);
        match change {
            Change::Event { event, author, changed } => self.make_event(event, author, &changed)?,
            Change::Claim { name, holder, skeletons } => {
                sums.insert_claim(db, &name, &holder)?;
                sums.insert_lookalikes(db, &name, &skeletons)?;
            }
            Change::Release { name, holder, skeletons, up_to, entry } => {
                self.execute("DELETE FROM claims WHERE folded_name = ?", [name.as_str()])?;
                self.forget_lookalikes(name, &skeletons)?;
                sums.insert_release(db, entry, (name, &holder), up_to)?;
            }
            Change::Mute { who, until, entry } => sums.insert_mute(db, entry, who, until)?,
            // There are few.
            Change::Unmute { entry } => self.execute("DELETE FROM mutes WHERE entry = ?", [entry])?,
            Change::Access { change, entry } => self.change_access(change, entry)?,
            Change::Note(entry) => sums.put_entry(db, &entry)?,
            Change::Undone { entry, by } => {
                let mut undone = self.entry(entry)?.ok_or(WriteError::Damaged)?;
                undone.undone_by = Some(by);
                sums.put_entry(db, &undone)?;
            }
            Change::ForgetArrivals { before } => {
                self.execute("DELETE FROM audit WHERE entry < ? AND is_arrival = 1", [before])?;
            }
        }
        Ok(())
    }

    fn forget_lookalikes(&self, name: &FoldedName, skeletons: &[String]) -> rusqlite::Result<()> {
        let query = "DELETE FROM lookalikes WHERE skeleton = ? AND folded_name = ?";
        skeletons.iter().try_for_each(|skeleton| self.execute(query, [skeleton.as_str(), name.as_str()]))
    }

    fn change_access(&mut self, change: AccessChange, entry: u64) -> Result<(), WriteError> {
        let (db, sums) = (self.transaction, self.sums);
        match &change {
            AccessChange::LinkMade { link, role, token_hash, ends_at } => {
                let (role, token_hash, ends_at) = (*role, *token_hash, *ends_at);
                let made = Link { role, token_hash, ends_at, sessions: 0, is_ended: false };
                sums.put_link(db, *link, &made)?;
            }
            AccessChange::LinkEnded(link) => {
                let ended = Link { sessions: 0, is_ended: true, ..self.known_link(*link)? };
                sums.put_link(db, *link, &ended)?;
                self.execute("DELETE FROM sessions WHERE link = ?", [link.0])?;
            }
            AccessChange::SessionOpened { link, session_hash, person } => {
                let known = self.known_link(*link)?;
                sums.put_link(db, *link, &Link { sessions: known.sessions + 1, ..known })?;
                sums.insert_session(db, entry, *link, (session_hash, *person))?;
            }
            AccessChange::SessionEnded { link, .. } => {
                let known = self.known_link(*link)?;
                sums.put_link(db, *link, &Link { sessions: known.sessions.saturating_sub(1), ..known })?;
                self.execute("DELETE FROM sessions WHERE link = ? AND entry = ?", (link.0, entry))?;
            }
        }
        self.access.push(change);
        Ok(())
    }

    fn known_link(&self, link: LinkId) -> Result<Link, WriteError> {
        self.link(link)?.ok_or(WriteError::Damaged)
    }

    fn execute(&self, query: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<()> {
        self.transaction.prepare_cached(query)?.execute(parameters).map(drop)
    }
}
