//! The log within one transaction: what the rules ask of it, and what they decided written down.

use cheeper_protocol::{Cheep, Event, FoldedName, Name, RequestId, Seq};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::reader;
use crate::timeline::rules::{Change, Holder, State};

/// Why something could not be looked up or written down.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the row of an earlier cheep or claim cannot be read")]
    Unreadable,
}

/// The log within one transaction.
pub(super) struct Ledger<'a> {
    transaction: &'a Transaction<'a>,
    head: Seq,
}

impl<'a> Ledger<'a> {
    /// What `transaction` sees of the log that ends at `head`.
    pub(super) fn new(transaction: &'a Transaction<'a>, head: Seq) -> Self {
        Self { transaction, head }
    }

    /// Makes a change, and says which event it is.
    pub(super) fn make(&mut self, change: Change) -> rusqlite::Result<Option<Event>> {
        match change {
            Change::Cheep { cheep, author } => {
                self.insert(&cheep, author)?;
                self.head = cheep.seq;
                Ok(Some(Event::Cheep(cheep)))
            }
            Change::Claim { name, holder } => {
                self.transaction.prepare_cached("INSERT INTO claims VALUES (?, ?, ?)")?.execute(params![
                    name.as_str(),
                    holder.name.as_str(),
                    holder.secret_hash.as_bytes().as_slice(),
                ])?;
                Ok(None)
            }
        }
    }

    fn insert(&self, cheep: &Cheep, author: &FoldedName) -> rusqlite::Result<()> {
        self.transaction.prepare_cached("INSERT INTO cheeps VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?.execute(params![
            cheep.seq.get(),
            cheep.at.as_millisecond(),
            cheep.name.as_str(),
            author.as_str(),
            cheep.cheep.as_str(),
            cheep.verified,
            cheep.reply_to.map(Seq::get),
            cheep.id.as_ref().map(RequestId::as_str),
        ])?;
        Ok(())
    }
}

impl State for Ledger<'_> {
    type Error = WriteError;

    fn head(&self) -> Seq {
        self.head
    }

    fn holder(&self, name: &FoldedName) -> Result<Option<Holder>, WriteError> {
        let claimed: Option<(String, [u8; 32])> = self
            .transaction
            .prepare_cached("SELECT name, secret_hash FROM claims WHERE folded_name = ?")?
            .query_row([name.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((name, hash)) = claimed else { return Ok(None) };
        let name = Name::parse(&name).map_err(|_| WriteError::Unreadable)?;
        Ok(Some(Holder { name, secret_hash: hash.into() }))
    }

    fn posted(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Cheep>, WriteError> {
        let query =
            "SELECT seq, at_ms, name, cheep, verified, reply_to, id FROM cheeps WHERE folded_name = ? AND id = ?";
        let row = self
            .transaction
            .prepare_cached(query)?
            .query_row([name.as_str(), id.as_str()], reader::cheep)
            .optional()?;
        match row {
            None => Ok(None),
            Some(cheep) => cheep.map(Some).ok_or(WriteError::Unreadable),
        }
    }
}
