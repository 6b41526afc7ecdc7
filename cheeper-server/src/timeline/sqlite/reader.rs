//! Reads of the log, on connections of their own, so that they never wait for a commit.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};

use cheeper_protocol::{Code, Event, Refusal, Seq, limits::PAGE_BYTES};
use rusqlite::{Connection, Rows};

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
    /// The newest event that is committed.
    pub(super) head: Arc<AtomicU64>,
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
        let first = span.first.max(Seq::ZERO.next());
        let last = span.last.min(Seq::new(self.head.load(Ordering::Acquire)).unwrap_or(span.last));
        let mut events = backward(&self.db, self.sums, first, span.pivot.min(last), PAGE_BYTES)?;
        events.reverse();
        events.extend(forward(&self.db, self.sums, span.pivot.next().max(first), last, PAGE_BYTES)?);
        Ok(events)
    }
}

/// The events from `first` on, up to `last` or until their texts have `bytes`.
fn forward(db: &Connection, sums: Sums, first: Seq, last: Seq, bytes: usize) -> Result<Vec<Event>, ReadError> {
    let query = "SELECT * FROM cheeps WHERE seq BETWEEN ? AND ? ORDER BY seq";
    let mut statement = db.prepare_cached(query)?;
    let rows = statement.query([first.get(), last.get()])?;
    dense(rows, sums, first.get()..=last.get(), bytes)
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
    let mut statement = db.prepare_cached(query)?;
    let rows = statement.query([first.get(), last.get()])?;
    dense(rows, sums, (first.get()..=last.get()).rev(), bytes)
}

/// The events of these seqs, until their texts have `bytes`. The log is dense, so each of them is there, or it is damaged.
fn dense(mut rows: Rows, sums: Sums, seqs: impl Iterator<Item = u64>, bytes: usize) -> Result<Vec<Event>, ReadError> {
    let (mut events, mut read) = (Vec::new(), 0);
    for seq in seqs {
        if read >= bytes {
            break;
        }
        let row = rows.next()?.ok_or(ReadError::Damaged(seq))?;
        let cheep = sums.cheep(row)?.filter(|cheep| cheep.seq.get() == seq).ok_or(ReadError::Damaged(seq))?;
        read += cheep.cheep.as_str().len();
        events.push(Event::Cheep(cheep));
    }
    Ok(events)
}
