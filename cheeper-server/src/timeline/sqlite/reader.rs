//! Reads of the log, on a connection of their own, so that they never wait for a commit.

use std::sync::mpsc;

use cheeper_protocol::{Cheep, CheepText, Code, Name, Refusal, RequestId, Seq, Timestamp};
use rusqlite::{Connection, Row};

use crate::timeline::Answer;

/// A span that somebody wants to see.
pub(super) struct Read {
    pub(super) first: Seq,
    pub(super) last: Seq,
    pub(super) answer: Answer<Vec<Cheep>>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("cheep {0} is stored in a form that cannot be read")]
    Unreadable(u64),
}

pub(super) fn run(db: &Connection, queue: &mpsc::Receiver<Read>) {
    for Read { first, last, answer } in queue {
        answer(cheeps(db, first, last).map_err(|error| {
            tracing::error!(%error, %first, %last, "reading the store failed");
            Refusal::from(Code::Internal)
        }));
    }
}

/// The events from `first` to `last`, ascending.
pub(super) fn cheeps(db: &Connection, first: Seq, last: Seq) -> Result<Vec<Cheep>, ReadError> {
    let query =
        "SELECT seq, at_ms, name, cheep, verified, reply_to, id FROM cheeps WHERE seq BETWEEN ? AND ? ORDER BY seq";
    let mut statement = db.prepare_cached(query)?;
    let mut rows = statement.query([first.get(), last.get()])?;
    let mut cheeps = Vec::new();
    while let Some(row) = rows.next()? {
        let seq = row.get(0)?;
        cheeps.push(cheep(row)?.ok_or(ReadError::Unreadable(seq))?);
    }
    Ok(cheeps)
}

/// A row with the columns of [`cheeps`]; `None` if it holds what we never store.
pub(super) fn cheep(row: &Row) -> rusqlite::Result<Option<Cheep>> {
    let (seq, at_ms, name, cheep) = (row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?);
    let (verified, reply_to, id) = (row.get(4)?, row.get::<_, Option<u64>>(5)?, row.get::<_, Option<String>>(6)?);
    let read = || {
        Some(Cheep {
            seq: Seq::new(seq)?,
            at: Timestamp::from_millisecond(at_ms).ok()?,
            name: Name::parse(&name).ok()?,
            cheep: CheepText::cleaned(&cheep),
            verified,
            reply_to: reply_to.and_then(Seq::new),
            id: id.and_then(|id| RequestId::parse(&id).ok()),
        })
    };
    Ok(read())
}
