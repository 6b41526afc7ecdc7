//! The rows that say what has become of cheeps: one for each that was changed.

use cheeper_protocol::{Cheep, CheepState, DeletedBy, Seq, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, types::ValueRef};

use super::table::{STATES, Sums, number, or_null, seq, text};
use crate::timeline::rules::Fingerprint;

/// What has become of a cheep.
#[derive(Default)]
pub(in crate::timeline::sqlite) struct StateRow {
    pub(in crate::timeline::sqlite) state: CheepState,
    /// The event with its text, if that was corrected and it is not deleted.
    pub(in crate::timeline::sqlite) last_edit: Option<Seq>,
    /// The event that deleted it.
    pub(in crate::timeline::sqlite) deletion: Option<Seq>,
    /// Of the text that it was posted with, if it was corrected, is not deleted and may be sent again.
    pub(in crate::timeline::sqlite) fingerprint: Option<Fingerprint>,
}

impl Sums {
    /// What has become of a cheep, in a row of a query from some column on; none if that is not as it was written.
    pub(in crate::timeline::sqlite) fn state(self, row: &Row, from: usize) -> rusqlite::Result<Option<StateRow>> {
        if !self.hold_from(&STATES, row, from)? {
            return Ok(None);
        }
        let seq = |column| row.get::<_, Option<u64>>(from + column).map(|seq| seq.and_then(Seq::new));
        let edited_at = row.get::<_, Option<i64>>(from + 2)?;
        let deleted = match row.get_ref(from + 4)? {
            ValueRef::Null => None,
            by => Some(if by == text(HOST) { DeletedBy::Host } else { DeletedBy::Author }),
        };
        let reactions: Option<String> = row.get(from + 7)?;
        let Ok(reactions) = reactions.map_or(Ok(Vec::new()), |json| serde_json::from_str(&json)) else {
            return Ok(None);
        };
        let state = CheepState {
            rev: seq(1)?,
            edited_at: edited_at.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
            deleted,
            reactions,
            replies: row.get(from + 6)?,
        };
        Ok(Some(StateRow { state, last_edit: seq(3)?, deletion: seq(5)?, fingerprint: row.get(from + 8)? }))
    }

    /// What has become of a cheep: of one that was never changed it is nothing; none if that is not as it was written.
    pub(in crate::timeline::sqlite) fn state_of(
        self,
        db: &Connection,
        cheep: Seq,
    ) -> rusqlite::Result<Option<StateRow>> {
        let mut statement = db.prepare_cached("SELECT * FROM states WHERE seq = ?")?;
        let row = statement.query_row([cheep.get()], |row| self.state(row, 0)).optional()?;
        Ok(row.unwrap_or_else(|| Some(StateRow::default())))
    }

    /// Writes what has become of a cheep.
    pub(in crate::timeline::sqlite) fn put_state(
        self,
        db: &Connection,
        cheep: &Cheep,
        kept: &StateRow,
    ) -> rusqlite::Result<()> {
        self.put_state_of(db, cheep.seq, &cheep.state, kept)
    }

    /// The same, of a cheep that is known by its place.
    pub(in crate::timeline::sqlite) fn put_state_of(
        self,
        db: &Connection,
        cheep: Seq,
        state: &CheepState,
        kept: &StateRow,
    ) -> rusqlite::Result<()> {
        let CheepState { rev, edited_at, deleted, reactions, replies } = state;
        let json = (!reactions.is_empty()).then(|| serde_json::to_string(reactions)).transpose();
        let json = json.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let by = deleted.map(|by| match by {
            DeletedBy::Author => AUTHOR,
            DeletedBy::Host => HOST,
        });
        let columns = [
            seq(cheep),
            or_null(*rev, seq),
            or_null(*edited_at, |at| ValueRef::Integer(at.as_millisecond())),
            or_null(kept.last_edit, seq),
            or_null(by, text),
            or_null(kept.deletion, seq),
            number(*replies),
            or_null(json.as_deref(), text),
            or_null(kept.fingerprint.as_ref(), |fingerprint| ValueRef::Blob(fingerprint)),
        ];
        self.insert(db, &STATES, &columns)
    }
}

const AUTHOR: &str = "author";
const HOST: &str = "host";
