//! Reads of the log, on connections of their own, so that they never wait for a commit.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError, mpsc},
};

use cheeper_protocol::{Code, Event, Refusal, Seq, limits::PAGE_BYTES};
use rusqlite::Connection;

use super::{
    files::{Files, Loss},
    row::Sums,
};
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
    /// It is missing, or not as it was written.
    #[error("cheep {0} is damaged")]
    Damaged(u64),
    #[error(transparent)]
    Lost(Loss),
}

/// What all readers take from: the queue, and the damaged cheeps that were told of already.
pub(super) struct Queue {
    reads: Mutex<mpsc::Receiver<Read>>,
    told: Mutex<BTreeSet<u64>>,
}

impl Queue {
    pub(super) fn new(reads: mpsc::Receiver<Read>) -> Self {
        Self { reads: Mutex::new(reads), told: Mutex::default() }
    }

    /// The lock is held while there is nothing to do, and let go of before the work.
    fn next(&self) -> Option<Read> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }

    fn tell(&self, error: &ReadError, span: &Span) {
        let is_news = match error {
            ReadError::Damaged(seq) => self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(*seq),
            ReadError::Sqlite(_) => true,
            // The writer has seen it as well.
            ReadError::Lost(_) => false,
        };
        if is_news {
            tracing::error!(%error, ?span, "reading the store failed");
        }
    }
}

/// A connection that reads.
pub(super) struct Reader {
    pub(super) db: Connection,
    pub(super) sums: Sums,
    pub(super) files: Files,
}

impl Reader {
    /// Works, with others on the same queue, until every sender is gone and the queue is empty.
    pub(super) fn run(mut self, queue: &Queue) {
        while let Some(Read { span, answer }) = queue.next() {
            answer(self.page(&span).map_err(|error| {
                queue.tell(&error, &span);
                Refusal::from(Code::Internal)
            }));
        }
    }

    /// The events of a span that can be in a page, ascending.
    fn page(&mut self, span: &Span) -> Result<Vec<Event>, ReadError> {
        // What was moved or deleted can be read on; what was cut off cannot.
        if let Err(loss @ Loss::Cut(_)) = self.files.check() {
            return Err(ReadError::Lost(loss));
        }
        let mut events = backward(&self.db, self.sums, span.first, span.pivot.min(span.last), PAGE_BYTES)?;
        events.reverse();
        events.extend(forward(&self.db, self.sums, span.pivot.next().max(span.first), span.last, PAGE_BYTES)?);
        Ok(events)
    }
}

/// The events from `first` on, up to `last` or until their texts have `bytes`.
fn forward(db: &Connection, sums: Sums, first: Seq, last: Seq, bytes: usize) -> Result<Vec<Event>, ReadError> {
    let query = "SELECT * FROM cheeps WHERE seq BETWEEN ? AND ? ORDER BY seq";
    events(db, sums, query, first, last, bytes)
}

/// The events from `last` back, down to `first` or until their texts have `bytes`.
pub(super) fn backward(
    db: &Connection,
    sums: Sums,
    first: Seq,
    last: Seq,
    bytes: usize,
) -> Result<Vec<Event>, ReadError> {
    let query = "SELECT * FROM cheeps WHERE seq BETWEEN ? AND ? ORDER BY seq DESC";
    events(db, sums, query, first, last, bytes)
}

fn events(
    db: &Connection,
    sums: Sums,
    query: &str,
    first: Seq,
    last: Seq,
    bytes: usize,
) -> Result<Vec<Event>, ReadError> {
    let mut statement = db.prepare_cached(query)?;
    let mut rows = statement.query([first.get(), last.get()])?;
    let (mut events, mut read): (Vec<Event>, _) = (Vec::new(), 0);
    while read < bytes
        && let Some(row) = rows.next()?
    {
        let seq = row.get(0)?;
        let cheep = sums.cheep(row)?.ok_or(ReadError::Damaged(seq))?;
        // The log is dense, so there is none between two in a row.
        if let Some(before) = events.last().map(|event| event.seq().get())
            && seq.abs_diff(before) != 1
        {
            return Err(ReadError::Damaged(seq.min(before) + 1));
        }
        read += cheep.cheep.as_str().len();
        events.push(Event::Cheep(cheep));
    }
    Ok(events)
}
