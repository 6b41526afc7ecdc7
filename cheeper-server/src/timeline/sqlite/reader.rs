//! Reads of the log, on connections of their own, so that they never wait for a commit.

use std::{
    collections::BTreeSet,
    fmt::Debug,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use cheeper_protocol::{
    AuditQuery, Cheep, Code, Event, Refusal, Seq,
    limits::{PAGE, PAGE_BYTES},
};
use rusqlite::Connection;

use super::{
    files::{Files, Loss},
    queue,
    row::Sums,
    schema,
    snapshot::{ReadError, Snapshot},
};
use crate::timeline::{Answer, Audit, Part, Read};

/// What somebody wants to see.
pub(super) enum Request {
    /// A part of the log.
    Part(Read, Answer<Part>),
    /// A part of the audit.
    Audit(AuditQuery, Answer<Audit>),
}

impl Request {
    /// Nobody can look now.
    pub(super) fn refuse(self) {
        let refusal = Refusal::from(Code::Internal);
        match self {
            Self::Part(_, answer) => answer(Err(refusal)),
            Self::Audit(_, answer) => answer(Err(refusal)),
        }
    }
}

/// What all readers take from.
pub(super) struct Queue {
    reads: Mutex<queue::Receiver<Request>>,
}

/// The damaged events that the log has told of already.
#[derive(Default)]
pub(super) struct Told(Mutex<BTreeSet<u64>>);

impl Told {
    fn of(&self, seq: u64) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(seq) {
            tracing::error!(seq, "an event of the store is damaged: readers are given all others");
        }
    }
}

impl Queue {
    pub(super) fn new(reads: queue::Receiver<Request>) -> Self {
        Self { reads: Mutex::new(reads) }
    }

    /// The lock is held while there is nothing to do, and let go of before the work.
    fn next(&self) -> Option<Request> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).recv()
    }
}

/// A connection that reads.
pub(super) struct Reader {
    pub(super) db: Connection,
    pub(super) sums: Sums,
    pub(super) files: Files,
    /// The newest event that is committed.
    pub(super) head: Arc<AtomicU64>,
    pub(super) told: Arc<Told>,
}

impl Reader {
    /// Works, with others on the same queue, until every sender is gone and the queue is empty.
    pub(super) fn run(mut self, queue: &Queue) {
        while let Some(request) = queue.next() {
            match request {
                Request::Part(read, answer) => {
                    answer(self.part(&read).map_err(|error| self.refusal(&error, &read)));
                }
                Request::Audit(query, answer) => {
                    answer(self.audit(query).map_err(|error| self.refusal(&error, &query)));
                }
            }
        }
    }

    /// What whoever wanted to see this is told.
    fn refusal(&self, error: &ReadError, wanted: &dyn Debug) -> Refusal {
        match error {
            ReadError::NoCheep(_) => return Refusal::from(Code::NotFound).in_field("seq"),
            ReadError::Damaged(seq) => self.told.of(*seq),
            ReadError::Sqlite(error) => tracing::error!(%error, ?wanted, "reading the store failed"),
            // The writer has seen it as well.
            ReadError::Lost(_) => {}
        }
        Refusal::from(Code::Internal)
    }

    /// Entries of the audit. Those that are damaged are left out: the look behind the start tells of them.
    fn audit(&mut self, query: AuditQuery) -> Result<Audit, ReadError> {
        self.check_files()?;
        let transaction = self.db.transaction()?;
        let limit = query.limit.min(PAGE);
        // No number that can be stored is larger.
        let before = query.before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
        let mut statement =
            transaction.prepare_cached("SELECT * FROM audit WHERE entry < ? ORDER BY entry DESC LIMIT ?")?;
        // One more than is wanted tells whether there are more.
        let rows = statement.query_map((before, limit + 1), |row| self.sums.entry(row))?;
        let mut entries = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        let more = entries.len() > limit;
        entries.truncate(limit);
        Ok((entries.into_iter().flatten().collect(), more))
    }

    /// The newest event that is committed.
    pub(super) fn newest(&self) -> Seq {
        Seq::new(self.head.load(Ordering::Acquire)).unwrap_or_default()
    }

    /// The first event that is kept.
    pub(super) fn floor(&self) -> rusqlite::Result<Seq> {
        schema::floor(&self.db)
    }

    /// A cheep as it is now, if there is one with this seq.
    pub(super) fn cheep(&mut self, seq: Seq) -> Result<Option<Cheep>, ReadError> {
        self.check_files()?;
        let transaction = self.db.transaction()?;
        let (sums, floor, tell) = (self.sums, Seq::ZERO.next(), &|seq| self.told.of(seq));
        Snapshot { db: &transaction, sums, floor, tell }.cheep(seq)
    }

    /// What was moved or deleted can be read on; what was cut off cannot.
    fn check_files(&mut self) -> Result<(), ReadError> {
        match self.files.check() {
            Err(loss @ Loss::Cut(_)) => Err(ReadError::Lost(loss)),
            _ => Ok(()),
        }
    }

    pub(super) fn part(&mut self, read: &Read) -> Result<Part, ReadError> {
        self.check_files()?;
        let head = self.newest();
        // Each part is of one moment, however many queries it takes.
        let transaction = self.db.transaction()?;
        let floor = schema::floor(&transaction)?;
        let snapshot = Snapshot { db: &transaction, sums: self.sums, floor, tell: &|seq| self.told.of(seq) };
        match *read {
            Read::Events { first, last } => {
                let (first, end) = (first.max(floor), last.min(head));
                let events = snapshot.forward(first, end, PAGE_BYTES)?;
                let read = events.last().map_or(first.previous(), Event::seq);
                Ok(Part { events, more_before: false, more_after: read < end, last })
            }
            Read::Cheeps { pivot, back, forth, last } => {
                let (pivot, end) = (pivot.min(head), last.min(head));
                let (mut events, is_beginning) = snapshot.cheeps_back(pivot, back)?;
                events.reverse();
                // What comes first in a log is a cheep: there is nothing to change before it. If it is damaged, nobody is to
                // ask for it again and again.
                let before = events.first().map_or(pivot, |event| event.seq().previous());
                let more_before = !is_beginning && before >= floor;
                let (newer, is_end) = snapshot.cheeps_forth(pivot.next(), end, forth)?;
                events.extend(newer);
                let after = events.last().map_or(pivot, Event::seq).max(pivot);
                let more_after = !is_end && snapshot.has_cheep(after.next(), end)?;
                Ok(Part { events, more_before, more_after, last })
            }
            Read::Thread { thread, last } => snapshot.thread(thread, last.min(head), last),
            Read::Search { .. } => Err(ReadError::Sqlite(rusqlite::Error::InvalidQuery)),
        }
    }
}
