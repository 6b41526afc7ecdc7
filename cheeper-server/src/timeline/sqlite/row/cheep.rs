//! The rows of cheeps, and cheeps as they are now.

use cheeper_protocol::{Cheep, CheepState, CheepText, FoldedName, Name, RequestId, Seq, Timestamp};
use rusqlite::{Connection, Row, types::ValueRef};

use super::table::{ANSWERS, CHANGES, CHEEPS, STATES, Sums, blank, is_blank, is_null, number, or_null, seq, text};

/// A query of cheeps as they are now, with how it goes on: `c` is a cheep as it was posted, `a` its place among the answers to
/// what it answers, `s` what has become of it, `e` its last correction; the last column says whether `s` is lost.
macro_rules! present {
    ($rest:literal) => {
        concat!(
            "SELECT c.*, a.*, s.*, e.*, s.seq IS NULL AND (
                EXISTS (SELECT * FROM answers WHERE parent = c.seq) OR EXISTS (SELECT * FROM changes WHERE target = c.seq)
            ) FROM cheeps c
            LEFT JOIN answers a ON a.parent = c.reply_to AND a.seq = c.seq
            LEFT JOIN states s ON s.seq = c.seq
            LEFT JOIN changes e ON e.seq = s.last_edit ",
            $rest
        )
    };
}
pub(in crate::timeline::sqlite) use present;

const ANSWER_AT: usize = CHEEPS.columns;
const STATE_AT: usize = ANSWER_AT + ANSWERS.columns;
const EDIT_AT: usize = STATE_AT + STATES.columns;
const LOST_AT: usize = EDIT_AT + CHANGES.columns;
/// Where its text is.
const TEXT: usize = 4;

impl Sums {
    /// Writes a new cheep of an author that is known by `folded`.
    pub(in crate::timeline::sqlite) fn insert_cheep(
        self,
        db: &Connection,
        cheep: &Cheep,
        folded: &FoldedName,
    ) -> rusqlite::Result<()> {
        let columns = [
            seq(cheep.seq),
            ValueRef::Integer(cheep.at.as_millisecond()),
            text(cheep.name.as_str()),
            text(folded.as_str()),
            text(cheep.cheep.as_str()),
            ValueRef::Integer(cheep.verified.into()),
            or_null(cheep.reply_to, seq),
            or_null(cheep.id.as_ref(), |id| text(id.as_str())),
        ];
        self.insert(db, &CHEEPS, &columns)?;
        match (cheep.reply_to, cheep.parent_replies) {
            (Some(parent), Some(replies)) => self.insert_answer(db, parent, cheep.seq, replies),
            _ => Ok(()),
        }
    }

    /// Writes that a cheep is an answer, and how many its parent had with it.
    pub(in crate::timeline::sqlite) fn insert_answer(
        self,
        db: &Connection,
        parent: Seq,
        answer: Seq,
        replies: u64,
    ) -> rusqlite::Result<()> {
        self.insert(db, &ANSWERS, &[seq(parent), seq(answer), number(replies)])
    }

    /// The cheep of a row of a query that [`present`] begins; none if anything of it is not as it was written.
    pub(in crate::timeline::sqlite) fn present(self, row: &Row) -> rusqlite::Result<Option<Cheep>> {
        let Some(mut cheep) = self.posted(row)? else { return Ok(None) };
        if cheep.reply_to.is_some() {
            if !self.hold_from(&ANSWERS, row, ANSWER_AT)? {
                return Ok(None);
            }
            cheep.parent_replies = Some(row.get(ANSWER_AT + 2)?);
        }
        let mut is_gone = is_blank(row.get_ref(TEXT)?.as_str()?);
        if !is_null(row, STATE_AT)? {
            let Some(state) = self.state(row, STATE_AT)? else { return Ok(None) };
            if let Some(seq) = state.last_edit {
                let Some(text) = self.edited_text(row, EDIT_AT, seq, cheep.seq)? else { return Ok(None) };
                (cheep.cheep, is_gone) = (text, false);
            }
            cheep.state = state.state;
        } else if row.get(LOST_AT)? {
            return Ok(None);
        }
        // One that is gone without having been deleted has lost its state.
        Ok((is_gone == cheep.is_deleted()).then_some(cheep))
    }

    /// The cheep in a whole row, as it was posted unless its text is gone; none if it is not as it was written.
    fn posted(self, row: &Row) -> rusqlite::Result<Option<Cheep>> {
        if !self.hold(&CHEEPS, row)? {
            return Ok(None);
        }
        let (seq, at_ms, name, cheep) =
            (row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get::<_, String>(TEXT)?);
        let (verified, reply_to, id) = (row.get(5)?, row.get::<_, Option<u64>>(6)?, row.get::<_, Option<String>>(7)?);
        let read = || {
            Some(Cheep {
                seq: Seq::new(seq)?,
                at: Timestamp::from_millisecond(at_ms).ok()?,
                name: Name::kept(&name).ok()?,
                cheep: CheepText::cleaned(&cheep),
                verified,
                reply_to: reply_to.and_then(Seq::new),
                parent_replies: None,
                id: id.and_then(|id| RequestId::parse(&id).ok()),
                state: CheepState::default(),
            })
        };
        Ok(read())
    }

    /// Overwrites the text that a cheep was posted with, and says what it was: nothing if it was gone already, none if the row
    /// is not as it was written.
    pub(in crate::timeline::sqlite) fn erase_cheep(
        self,
        db: &Connection,
        cheep: Seq,
    ) -> rusqlite::Result<Option<CheepText>> {
        let mut statement = db.prepare_cached("SELECT * FROM cheeps WHERE seq = ?")?;
        let mut rows = statement.query([cheep.get()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        if !self.hold(&CHEEPS, row)? {
            return Ok(None);
        }
        let was: String = row.get(TEXT)?;
        let blank = blank(&was);
        let columns = (0..CHEEPS.columns - 1).map(|column| match column {
            TEXT => Ok(text(&blank)),
            _ => row.get_ref(column),
        });
        let sum = self.of(CHEEPS.name, columns.collect::<rusqlite::Result<Vec<_>>>()?);
        drop(rows);
        let mut update = db.prepare_cached("UPDATE cheeps SET cheep = ?, sum = ? WHERE seq = ?")?;
        update.execute((blank, sum, cheep.get()))?;
        Ok(Some(CheepText::cleaned(&was)))
    }
}
