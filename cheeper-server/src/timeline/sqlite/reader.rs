//! Reads of the log, on connections of their own, so that they never wait for a commit.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use cheeper_protocol::{Code, Event, Refusal, Seq, limits::PAGE_BYTES};
use rusqlite::{Connection, Rows};

use super::{
    files::{Files, Loss},
    queue,
    row::Sums,
};
use crate::timeline::{Answer, Part, Read};

/// A part that somebody wants to see.
pub(super) struct Request {
    pub(super) read: Read,
    pub(super) answer: Answer<Part>,
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
    reads: Mutex<queue::Receiver<Request>>,
    told: Mutex<BTreeSet<u64>>,
}

impl Queue {
    pub(super) fn new(reads: queue::Receiver<Request>) -> Self {
        Self { reads: Mutex::new(reads), told: Mutex::default() }
    }

    /// The lock is held while there is nothing to do, and let go of before the work.
    fn next(&self) -> Option<Request> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).recv()
    }

    fn tell(&self, error: &ReadError, read: &Read) {
        let is_news = match error {
            ReadError::Damaged(seq) => self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(*seq),
            ReadError::Sqlite(_) => true,
            // The writer has seen it as well.
            ReadError::Lost(_) => false,
        };
        if is_news {
            tracing::error!(%error, ?read, "reading the store failed");
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
        while let Some(Request { read, answer }) = queue.next() {
            answer(self.part(&read).map_err(|error| {
                queue.tell(&error, &read);
                Refusal::from(Code::Internal)
            }));
        }
    }

    fn part(&mut self, read: &Read) -> Result<Part, ReadError> {
        // What was moved or deleted can be read on; what was cut off cannot.
        if let Err(loss @ Loss::Cut(_)) = self.files.check() {
            return Err(ReadError::Lost(loss));
        }
        let head = Seq::new(self.head.load(Ordering::Acquire)).unwrap_or_default();
        match *read {
            Read::Events { first, last } => {
                let (first, end) = (first.max(Seq::ZERO.next()), last.min(head));
                let events = forward(&self.db, self.sums, first, end, PAGE_BYTES)?;
                let read = events.last().map_or(first.previous(), Event::seq);
                Ok(Part { events, more_before: false, more_after: read < end, last })
            }
            Read::Cheeps { pivot, back, forth, last } => {
                let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
                let (pivot, end) = (pivot.min(head), last.min(head));
                let first = Seq::new(pivot.get().saturating_sub(count(back)) + 1).unwrap_or_default();
                let mut events = backward(&self.db, self.sums, first, pivot, PAGE_BYTES)?;
                events.reverse();
                let more_before = events.first().map_or(pivot, |event| event.seq().previous()) > Seq::ZERO;
                let until = Seq::new(pivot.get().saturating_add(count(forth))).unwrap_or(end).min(end);
                events.extend(forward(&self.db, self.sums, pivot.next(), until, PAGE_BYTES)?);
                let more_after = events.last().map_or(pivot, Event::seq).max(pivot) < end;
                Ok(Part { events, more_before, more_after, last })
            }
            Read::Thread { .. } | Read::Search { .. } => Err(ReadError::Damaged(0)),
        }
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
