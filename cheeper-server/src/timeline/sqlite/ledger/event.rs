//! Events written down, with what they make of earlier cheeps.

use cheeper_protocol::{Cheep, CheepState, CheepText, Event, FoldedName, Reaction, Seq, Timestamp};

use super::{
    super::row::{self, Kind, REACTIONS, StateRow, text},
    Ledger, WriteError,
};

impl Ledger<'_> {
    /// Writes the next event down.
    pub(super) fn make_event(
        &mut self,
        event: Event,
        author: Option<&FoldedName>,
        changed: &[Cheep],
    ) -> Result<(), WriteError> {
        match (&event, author) {
            (Event::Cheep(cheep), Some(author)) => self.sums.insert_cheep(self.transaction, cheep, author)?,
            // Every cheep has an author.
            (Event::Cheep(_), None) => return Err(WriteError::Damaged),
            _ => self.sums.insert_change(self.transaction, &event, author)?,
        }
        for cheep in changed {
            self.change(cheep, &event)?;
        }
        if let (Event::Reaction(reaction), Some(author)) = (&event, author) {
            self.change_reactors(reaction, author)?;
        }
        self.head = event.seq();
        self.events.push(event);
        Ok(())
    }

    /// Takes in a change of a cheep, if that is still there, which was void already where it comes from.
    pub(in super::super) fn make_void(
        &mut self,
        seq: Seq,
        at: Timestamp,
        kind: Kind,
        target: (Seq, Option<Cheep>),
    ) -> Result<(), WriteError> {
        let (target, cheep) = target;
        if let Some(cheep) = cheep {
            let kept = self.sums.state_of(self.transaction, target)?.ok_or(WriteError::Damaged)?;
            let state = CheepState { rev: Some(seq), ..cheep.state };
            self.sums.put_state_of(self.transaction, target, &state, &kept)?;
        }
        self.sums.insert_void(self.transaction, seq, at, kind, target)?;
        self.head = seq;
        Ok(())
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
}
