//! The log within one transaction: what the rules ask of it, and what they decided written down.

use cheeper_protocol::{Cheep, CheepText, Emoji, Event, FoldedName, Name, RequestId, Seq, Timestamp};
use rusqlite::{ErrorCode, OptionalExtension as _, Transaction, types::ValueRef};

use super::{
    files::Loss,
    row::{CLAIMS, Sums, text},
};
use crate::timeline::{
    Trouble,
    rules::{Asked, Change, Earlier, Fingerprint, Holder, State},
};

/// Why something could not be looked up or written down.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Lost(#[from] Loss),
    #[error("the row of an earlier cheep or claim is damaged")]
    Damaged,
}

impl WriteError {
    /// What anybody may know of it.
    pub(super) fn trouble(&self) -> Trouble {
        match self {
            Self::Lost(_) => Trouble::Lost,
            Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => Trouble::DiskFull,
            Self::Sqlite(_) | Self::Damaged => Trouble::Failing,
        }
    }
}

/// The log within one transaction.
pub(super) struct Ledger<'a> {
    transaction: &'a Transaction<'a>,
    head: Seq,
    sums: Sums,
}

impl<'a> Ledger<'a> {
    /// What `transaction` sees of the log that ends at `head`, whose rows are checked by `sums`.
    pub(super) fn new(transaction: &'a Transaction<'a>, head: Seq, sums: Sums) -> Self {
        Self { transaction, head, sums }
    }

    /// Makes a change, and says which event it is.
    pub(super) fn make(&mut self, change: Change) -> rusqlite::Result<Option<Event>> {
        match change {
            Change::Event { event: Event::Cheep(cheep), author, .. } => {
                self.sums.insert_cheep(self.transaction, &cheep, author)?;
                self.head = cheep.seq;
                Ok(Some(Event::Cheep(cheep)))
            }
            // The tables have no place for them yet.
            Change::Event { .. } => Err(rusqlite::Error::InvalidQuery),
            Change::Claim { name, holder } => {
                let hash = ValueRef::Blob(holder.secret_hash.as_bytes());
                let columns = [text(name.as_str()), text(holder.name.as_str()), hash];
                self.sums.insert(self.transaction, &CLAIMS, &columns)?;
                Ok(None)
            }
        }
    }
}

impl State for Ledger<'_> {
    type Error = WriteError;

    fn head(&self) -> Seq {
        self.head
    }

    fn holder(&self, name: &FoldedName) -> Result<Option<Holder>, WriteError> {
        let claimed: Option<Option<(String, [u8; 32])>> = self
            .transaction
            .prepare_cached("SELECT * FROM claims WHERE folded_name = ?")?
            .query_row([name.as_str()], |row| {
                Ok(if self.sums.hold(&CLAIMS, row)? { Some((row.get(1)?, row.get(2)?)) } else { None })
            })
            .optional()?;
        let Some(claimed) = claimed else { return Ok(None) };
        let (name, hash) = claimed.ok_or(WriteError::Damaged)?;
        let name = Name::parse(&name).map_err(|_| WriteError::Damaged)?;
        Ok(Some(Holder { name, secret_hash: hash.into() }))
    }

    fn cheep(&self, seq: Seq) -> Result<Option<Cheep>, WriteError> {
        let row = self
            .transaction
            .prepare_cached("SELECT * FROM cheeps WHERE seq = ?")?
            .query_row([seq.get()], |row| self.sums.cheep(row))
            .optional()?;
        row.map(|cheep| cheep.ok_or(WriteError::Damaged)).transpose()
    }

    fn earlier(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Earlier>, WriteError> {
        let row = self
            .transaction
            .prepare_cached("SELECT * FROM cheeps WHERE folded_name = ? AND id = ?")?
            .query_row([name.as_str(), id.as_str()], |row| self.sums.cheep(row))
            .optional()?;
        match row {
            None => Ok(None),
            // The index that found it may be damaged as well.
            Some(Some(cheep)) if cheep.id.as_ref() == Some(id) && cheep.name.fold() == *name => {
                Ok(Some(Earlier { seq: cheep.seq, at: cheep.at, cheep, asked: Asked::Post { superseded: None } }))
            }
            Some(_) => Err(WriteError::Damaged),
        }
    }

    fn time(&self, seq: Seq) -> Result<Timestamp, WriteError> {
        self.cheep(seq)?.map(|cheep| cheep.at).ok_or(WriteError::Damaged)
    }

    fn deletion(&self, _cheep: Seq) -> Result<Seq, WriteError> {
        Err(WriteError::Damaged)
    }

    fn reactor(&self, _cheep: Seq, _emoji: &Emoji, _name: &FoldedName) -> Result<Option<Name>, WriteError> {
        Ok(None)
    }

    fn first_unlisted(&self, _cheep: Seq, _emoji: &Emoji) -> Result<Option<Name>, WriteError> {
        Ok(None)
    }

    fn fingerprint(&self, _text: &CheepText) -> Fingerprint {
        Fingerprint::default()
    }
}
