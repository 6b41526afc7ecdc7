//! The log within one transaction: what the rules ask of it, and what they decided written down.

use cheeper_protocol::{
    Cheep, CheepText, Emoji, Event, FoldedName, Name, Reaction, RequestId, Seq, Timestamp, limits::REACTION_NAMES,
};
use rusqlite::{ErrorCode, OptionalExtension as _, Params, Row, Transaction, types::ValueRef};

use super::{
    files::Loss,
    row::{self, CLAIMS, ChangeRow, Kind, REACTIONS, StateRow, Sums, present, text},
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
    /// A text was taken out of the log: pages that are older still have it.
    pub(super) erases: bool,
}

impl<'a> Ledger<'a> {
    /// What `transaction` sees of the log that ends at `head`, whose rows are checked by `sums`.
    pub(super) fn new(transaction: &'a Transaction<'a>, head: Seq, sums: Sums) -> Self {
        Self { transaction, head, sums, erases: false }
    }

    /// Makes a change, and says which event it is.
    pub(super) fn make(&mut self, change: Change) -> Result<Option<Event>, WriteError> {
        match change {
            Change::Event { event, author, changed } => {
                match &event {
                    Event::Cheep(cheep) => self.sums.insert_cheep(self.transaction, cheep, author)?,
                    _ => self.sums.insert_change(self.transaction, &event, author)?,
                }
                for cheep in &changed {
                    self.change(cheep, &event)?;
                }
                if let Event::Reaction(reaction) = &event {
                    self.change_reactors(reaction, author)?;
                }
                self.head = event.seq();
                Ok(Some(event))
            }
            Change::Claim { name, holder } => {
                let hash = ValueRef::Blob(holder.secret_hash.as_bytes());
                let columns = [text(name.as_str()), text(holder.name.as_str()), hash];
                self.sums.insert(self.transaction, &CLAIMS, &columns)?;
                Ok(None)
            }
        }
    }

    /// An event has made this of a cheep. What it takes the place of goes for good.
    fn change(&mut self, cheep: &Cheep, event: &Event) -> Result<(), WriteError> {
        let mut kept = self.sums.state_of(self.transaction, cheep.seq)?.ok_or(WriteError::Damaged)?;
        match event {
            Event::Edit(edit) => {
                self.erases = true;
                match kept.last_edit.replace(edit.seq) {
                    Some(earlier) => self.erase_change(earlier)?,
                    None => {
                        let was = self.erase_cheep(cheep.seq)?;
                        kept.fingerprint = cheep.id.as_ref().map(|_| self.sums.fingerprint(&was));
                    }
                }
            }
            Event::Delete(delete) if delete.target == cheep.seq => {
                self.erases = true;
                self.erase_cheep(cheep.seq)?;
                for change in self.changes_of(cheep.seq)? {
                    if change < delete.seq {
                        self.sums.erase_change_wholly(self.transaction, change)?;
                    }
                }
                let query = "DELETE FROM reactions WHERE target = ?";
                self.transaction.prepare_cached(query)?.execute([cheep.seq.get()])?;
                kept = StateRow { deletion: Some(delete.seq), ..StateRow::default() };
            }
            Event::Cheep(_) | Event::Delete(_) | Event::Reaction(_) | Event::Void { .. } | Event::Unknown { .. } => {}
        }
        Ok(self.sums.put_state(self.transaction, cheep, &kept)?)
    }

    fn erase_cheep(&self, cheep: Seq) -> Result<CheepText, WriteError> {
        self.sums.erase_cheep(self.transaction, cheep)?.ok_or(WriteError::Damaged)
    }

    fn erase_change(&self, change: Seq) -> Result<(), WriteError> {
        let was_sound = self.sums.erase_change(self.transaction, change)?;
        if was_sound { Ok(()) } else { Err(WriteError::Damaged) }
    }

    fn changes_of(&self, cheep: Seq) -> rusqlite::Result<Vec<Seq>> {
        let mut statement = self.transaction.prepare_cached("SELECT seq FROM changes WHERE target = ?")?;
        let seqs = statement.query_map([cheep.get()], |row| row.get(0))?;
        seqs.map(|seq| Ok(Seq::new(seq?).unwrap_or_default())).collect()
    }

    fn change_reactors(&self, reaction: &Reaction, author: &FoldedName) -> rusqlite::Result<()> {
        let Reaction { seq, target, name, emoji, on, .. } = reaction;
        if *on {
            let (emoji, author, name) = (text(emoji.as_str()), text(author.as_str()), text(name.as_str()));
            let columns = [row::seq(*target), emoji, author, name, row::seq(*seq)];
            return self.sums.insert(self.transaction, &REACTIONS, &columns);
        }
        let query = "DELETE FROM reactions WHERE target = ? AND emoji = ? AND folded_name = ?";
        let mut statement = self.transaction.prepare_cached(query)?;
        statement.execute((target.get(), emoji.as_str(), author.as_str())).map(drop)
    }

    /// A reactor in the first row of a query, if there is one.
    fn reactor_of(&self, query: &str, parameters: impl Params) -> Result<Option<Name>, WriteError> {
        let mut statement = self.transaction.prepare_cached(query)?;
        let name = |row: &Row| if self.sums.hold(&REACTIONS, row)? { row.get(3).map(Some) } else { Ok(None) };
        let found: Option<Option<String>> = statement.query_row(parameters, name).optional()?;
        let Some(name) = found else { return Ok(None) };
        let name = name.and_then(|name| Name::parse(&name).ok()).ok_or(WriteError::Damaged)?;
        Ok(Some(name))
    }

    /// The place of what was asked for under a name and an id, by a query for it.
    fn place_of(&self, query: &str, name: &FoldedName, id: &RequestId) -> Result<Option<Seq>, WriteError> {
        let mut statement = self.transaction.prepare_cached(query)?;
        let seq = statement.query_row([name.as_str(), id.as_str()], |row| row.get(0)).optional()?;
        seq.map(|seq| Seq::new(seq).ok_or(WriteError::Damaged)).transpose()
    }

    /// The change that was asked for under a name and an id.
    fn earlier_change(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Earlier>, WriteError> {
        let query = "SELECT seq FROM changes WHERE folded_name = ? AND id = ?";
        let Some(seq) = self.place_of(query, name, id)? else { return Ok(None) };
        let change = self.change_at(seq)?;
        if (change.folded.as_deref(), change.id.as_ref()) != (Some(name.as_str()), Some(id)) {
            return Err(WriteError::Damaged);
        }
        let ChangeRow { event, at, kind, target, fingerprint, .. } = change;
        let is_void = matches!(event, Event::Void { .. });
        let asked = match (&event, kind) {
            (Event::Reaction(reaction), _) => Asked::React(Some((reaction.emoji.clone(), reaction.on))),
            (_, Kind::Reaction) => Asked::React(None),
            (_, Kind::Delete) => Asked::Delete,
            (_, Kind::Edit) => Asked::Edit { superseded: fingerprint.filter(|_| is_void) },
        };
        let cheep = self.cheep(target)?.ok_or(WriteError::Damaged)?;
        Ok(Some(Earlier { seq, at, cheep, asked }))
    }

    fn change_at(&self, seq: Seq) -> Result<ChangeRow, WriteError> {
        let mut statement = self.transaction.prepare_cached("SELECT * FROM changes WHERE seq = ?")?;
        let change = statement.query_row([seq.get()], |row| self.sums.change(row, 0)).optional()?;
        change.flatten().ok_or(WriteError::Damaged)
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
        let mut statement = self.transaction.prepare_cached(present!("WHERE c.seq = ?"))?;
        let cheep = statement.query_row([seq.get()], |row| self.sums.present(row)).optional()?;
        cheep.map(|cheep| cheep.ok_or(WriteError::Damaged)).transpose()
    }

    fn earlier(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Earlier>, WriteError> {
        // Most ids are new, which the index alone can tell.
        let Some(seq) = self.place_of("SELECT seq FROM cheeps WHERE folded_name = ? AND id = ?", name, id)? else {
            return self.earlier_change(name, id);
        };
        let cheep = self.cheep(seq)?.ok_or(WriteError::Damaged)?;
        // The index that found it may be damaged as well.
        if cheep.id.as_ref() != Some(id) || cheep.name.fold() != *name {
            return Err(WriteError::Damaged);
        }
        let state = self.sums.state_of(self.transaction, cheep.seq)?.ok_or(WriteError::Damaged)?;
        let asked = Asked::Post { superseded: state.fingerprint };
        Ok(Some(Earlier { seq: cheep.seq, at: cheep.at, cheep, asked }))
    }

    fn time(&self, seq: Seq) -> Result<Timestamp, WriteError> {
        match self.cheep(seq)? {
            Some(cheep) => Ok(cheep.at),
            None => Ok(self.change_at(seq)?.at),
        }
    }

    fn deletion(&self, cheep: Seq) -> Result<Seq, WriteError> {
        let state = self.sums.state_of(self.transaction, cheep)?.ok_or(WriteError::Damaged)?;
        state.deletion.ok_or(WriteError::Damaged)
    }

    fn reactor(&self, cheep: Seq, emoji: &Emoji, name: &FoldedName) -> Result<Option<Name>, WriteError> {
        let query = "SELECT * FROM reactions WHERE target = ? AND emoji = ? AND folded_name = ?";
        self.reactor_of(query, (cheep.get(), emoji.as_str(), name.as_str()))
    }

    fn first_unlisted(&self, cheep: Seq, emoji: &Emoji) -> Result<Option<Name>, WriteError> {
        let query = "SELECT * FROM reactions WHERE target = ? AND emoji = ? ORDER BY seq LIMIT 1 OFFSET ?";
        self.reactor_of(query, (cheep.get(), emoji.as_str(), REACTION_NAMES))
    }

    fn fingerprint(&self, text: &CheepText) -> Fingerprint {
        self.sums.fingerprint(text)
    }
}
