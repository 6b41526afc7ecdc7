//! Reads of the log, on connections of their own, so that they never wait for a commit.

use std::sync::{Mutex, PoisonError, mpsc};

use cheeper_protocol::{Cheep, CheepText, Code, Event, Name, Refusal, RequestId, Seq, Timestamp, limits::PAGE_BYTES};
use rusqlite::{Connection, Row};

use crate::timeline::{Answer, Span};

/// A span that somebody wants to see.
pub(super) struct Read {
    pub(super) span: Span,
    pub(super) answer: Answer<Vec<Event>>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("cheep {0} is stored in a form that cannot be read")]
    Unreadable(u64),
}

/// Works, with others on the same queue, until every sender is gone and the queue is empty.
pub(super) fn run(db: &Connection, queue: &Mutex<mpsc::Receiver<Read>>) {
    // The lock is held while there is nothing to do, and let go of before the work.
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(Read { span, answer }) = next() {
        answer(page(db, &span).map_err(|error| {
            tracing::error!(%error, ?span, "reading the store failed");
            Refusal::from(Code::Internal)
        }));
    }
}

/// The events of a span that can be in a page, ascending.
fn page(db: &Connection, span: &Span) -> Result<Vec<Event>, ReadError> {
    let mut events = backward(db, span.first, span.pivot.min(span.last), PAGE_BYTES)?;
    events.reverse();
    events.extend(forward(db, span.pivot.next().max(span.first), span.last, PAGE_BYTES)?);
    Ok(events)
}

/// The events from `first` on, up to `last` or until their texts have `bytes`.
fn forward(db: &Connection, first: Seq, last: Seq, bytes: usize) -> Result<Vec<Event>, ReadError> {
    let query =
        "SELECT seq, at_ms, name, cheep, verified, reply_to, id FROM cheeps WHERE seq BETWEEN ? AND ? ORDER BY seq";
    events(db, query, first, last, bytes)
}

/// The events from `last` back, down to `first` or until their texts have `bytes`.
pub(super) fn backward(db: &Connection, first: Seq, last: Seq, bytes: usize) -> Result<Vec<Event>, ReadError> {
    let query = "SELECT seq, at_ms, name, cheep, verified, reply_to, id FROM cheeps WHERE seq BETWEEN ? AND ? \
        ORDER BY seq DESC";
    events(db, query, first, last, bytes)
}

fn events(db: &Connection, query: &str, first: Seq, last: Seq, bytes: usize) -> Result<Vec<Event>, ReadError> {
    let mut statement = db.prepare_cached(query)?;
    let mut rows = statement.query([first.get(), last.get()])?;
    let (mut events, mut read) = (Vec::new(), 0);
    while read < bytes
        && let Some(row) = rows.next()?
    {
        let seq = row.get(0)?;
        let cheep = cheep(row)?.ok_or(ReadError::Unreadable(seq))?;
        read += cheep.cheep.as_str().len();
        events.push(Event::Cheep(cheep));
    }
    Ok(events)
}

/// A row with the columns of [`events`]; `None` if it holds what we never store.
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
