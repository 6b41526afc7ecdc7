//! What stands in the tables at one moment, read as events.

use std::mem;

use cheeper_protocol::{
    Cheep, Event, Seq, Thread,
    limits::{PAGE, PAGE_BYTES, THREAD_ANCESTORS},
};
use rusqlite::{Connection, OptionalExtension as _, Row, Rows};

use super::{
    files::Loss,
    row::{Sums, present},
};
use crate::timeline::{Part, bytes_of};

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// It is missing, or not as it was written.
    #[error("event {0} is damaged")]
    Damaged(u64),
    /// Nobody can ask for what there is not.
    #[error("there is no cheep {0}")]
    NoCheep(Seq),
    #[error(transparent)]
    Lost(Loss),
}

/// A connection within a transaction: queries in a row see the same.
#[derive(Clone, Copy)]
pub(super) struct Snapshot<'a> {
    pub(super) db: &'a Connection,
    pub(super) sums: Sums,
}

impl Snapshot<'_> {
    /// All events from `first` on, up to `last` or until they have `bytes`.
    pub(super) fn forward(self, first: Seq, last: Seq, bytes: usize) -> Result<Vec<Event>, ReadError> {
        let cheeps = present!("WHERE c.seq BETWEEN ? AND ? ORDER BY c.seq");
        let changes = "SELECT * FROM changes WHERE seq BETWEEN ? AND ? ORDER BY seq";
        self.dense([cheeps, changes], first, last, first.get()..=last.get(), bytes)
    }

    /// All events from `last` back, down to `first` or until they have `bytes`.
    pub(super) fn backward(self, first: Seq, last: Seq, bytes: usize) -> Result<Vec<Event>, ReadError> {
        let cheeps = present!("WHERE c.seq BETWEEN ? AND ? ORDER BY c.seq DESC");
        let changes = "SELECT * FROM changes WHERE seq BETWEEN ? AND ? ORDER BY seq DESC";
        self.dense([cheeps, changes], first, last, (first.get()..=last.get()).rev(), bytes)
    }

    /// The events of these seqs, until they have `bytes`. The log is dense, so each of them is a cheep or a change, or it is
    /// damaged.
    fn dense(
        self,
        [cheeps, changes]: [&str; 2],
        first: Seq,
        last: Seq,
        seqs: impl Iterator<Item = u64>,
        bytes: usize,
    ) -> Result<Vec<Event>, ReadError> {
        let mut cheeps = self.db.prepare_cached(cheeps)?;
        let mut changes = self.db.prepare_cached(changes)?;
        let span = [first.get(), last.get()];
        let mut cheeps = Ahead::new(cheeps.query(span)?, |row| Ok(self.sums.present(row)?.map(Event::Cheep)))?;
        let change = |row: &Row| Ok(self.sums.change(row, 0)?.map(|change| change.event));
        let mut changes = Ahead::new(changes.query(span)?, change)?;
        let (mut events, mut read) = (Vec::new(), 0);
        for seq in seqs {
            if read >= bytes {
                break;
            }
            let next = if cheeps.is_at(seq) { cheeps.take()? } else { changes.take()? };
            let event = next.filter(|event| event.seq().get() == seq).ok_or(ReadError::Damaged(seq))?;
            read += bytes_of(&event);
            events.push(event);
        }
        Ok(events)
    }

    /// Cheeps from `last` back: `count` of them, or fewer once they fill a page.
    pub(super) fn cheeps_back(self, last: Seq, count: usize) -> Result<Vec<Event>, ReadError> {
        let mut statement = self.db.prepare_cached(present!("WHERE c.seq <= ? ORDER BY c.seq DESC LIMIT ?"))?;
        let events = self.cheeps(statement.query((last.get(), limit(count)))?)?;
        if let Some(first) = events.last() {
            self.check_span(first.seq(), last, events.len())?;
        }
        Ok(events)
    }

    /// Cheeps from `first` on, up to `last`: `count` of them, or fewer once they fill a page.
    pub(super) fn cheeps_forth(self, first: Seq, last: Seq, count: usize) -> Result<Vec<Event>, ReadError> {
        let mut statement = self.db.prepare_cached(present!("WHERE c.seq BETWEEN ? AND ? ORDER BY c.seq LIMIT ?"))?;
        let events = self.cheeps(statement.query((first.get(), last.get(), limit(count)))?)?;
        if let Some(last) = events.last() {
            self.check_span(first, last.seq(), events.len())?;
        }
        Ok(events)
    }

    fn cheeps(self, mut rows: Rows) -> Result<Vec<Event>, ReadError> {
        let (mut events, mut read) = (Vec::new(), 0);
        while let Some(row) = if read < PAGE_BYTES { rows.next()? } else { None } {
            let cheep = self.sums.present(row)?;
            let event = Event::Cheep(cheep.ok_or_else(|| ReadError::Damaged(row.get(0).unwrap_or_default()))?);
            read += bytes_of(&event);
            events.push(event);
        }
        Ok(events)
    }

    /// Whether what is between some cheeps, and is none of them, is changes: else there is a hole.
    fn check_span(self, first: Seq, last: Seq, cheeps: usize) -> Result<(), ReadError> {
        let mut statement = self.db.prepare_cached("SELECT count(*) FROM changes WHERE seq BETWEEN ? AND ?")?;
        let changes: u64 = statement.query_row([first.get(), last.get()], |row| row.get(0))?;
        let events = last.get() + 1 - first.get();
        if events == changes + cheeps as u64 { Ok(()) } else { Err(ReadError::Damaged(first.get())) }
    }

    /// Whether any of these events is a cheep.
    pub(super) fn has_cheep(self, first: Seq, last: Seq) -> Result<bool, ReadError> {
        let query = "SELECT EXISTS (SELECT * FROM cheeps WHERE seq BETWEEN ? AND ?)";
        Ok(self.db.prepare_cached(query)?.query_row([first.get(), last.get()], |row| row.get(0))?)
    }

    /// The cheep at this place, as it is now.
    pub(super) fn cheep(self, seq: Seq) -> Result<Option<Cheep>, ReadError> {
        let mut statement = self.db.prepare_cached(present!("WHERE c.seq = ?"))?;
        let cheep = statement.query_row([seq.get()], |row| self.sums.present(row)).optional()?;
        cheep.map(|cheep| cheep.ok_or(ReadError::Damaged(seq.get()))).transpose()
    }

    /// A thread among the events up to `end`, for somebody who has asked for it up to `asked`.
    pub(super) fn thread(self, thread: Thread, end: Seq, asked: Seq) -> Result<Part, ReadError> {
        let Thread { seq, after } = thread;
        let after = after.unwrap_or(Seq::ZERO);
        let cheep = if seq <= end { self.cheep(seq)? } else { None };
        let cheep = cheep.ok_or(ReadError::NoCheep(seq))?;
        let mut lineage = vec![cheep];
        while let Some(parent) =
            lineage.last().and_then(|cheep| cheep.reply_to).filter(|_| lineage.len() <= THREAD_ANCESTORS)
        {
            lineage.push(self.cheep(parent)?.ok_or(ReadError::Damaged(parent.get()))?);
        }
        // One more than there can be in a page tells whether there are more.
        let below = self.answers_below(seq, after, end, PAGE + 1)?;
        let lineage = lineage.into_iter().rev().filter(|cheep| cheep.seq > after).map(Ok);
        let below = below.into_iter().map(|seq| self.cheep(seq)?.ok_or(ReadError::Damaged(seq.get())));
        let mut cheeps = lineage.chain(below);
        let (mut events, mut read) = (Vec::new(), 0);
        while let Some(cheep) = if read < PAGE_BYTES && events.len() < PAGE { cheeps.next() } else { None } {
            let event = Event::Cheep(cheep?);
            read += bytes_of(&event);
            events.push(event);
        }
        let more_after = cheeps.next().is_some();
        Ok(Part { events, more_before: false, more_after, last: asked })
    }

    /// The answers to a cheep, the answers to those and so on: the first `count` after `after`, ascending. What is answered
    /// comes before its answers, so that a queue in order of seq finds them so. Of each cheep's answers only those go into
    /// it that are wanted or are answered themselves: in a long thread most are neither.
    fn answers_below(self, seq: Seq, after: Seq, last: Seq, count: usize) -> Result<Vec<Seq>, ReadError> {
        let query = "WITH RECURSIVE below (seq) AS (
                SELECT ?1
                UNION ALL
                SELECT a.seq FROM below JOIN answers a ON a.parent = below.seq
                    WHERE a.seq <= ?2 AND a.seq <= ?3 AND EXISTS (SELECT * FROM answers WHERE parent = a.seq)
                UNION ALL
                SELECT a.seq FROM below JOIN answers a ON a.parent = below.seq AND a.seq IN (
                    SELECT seq FROM answers WHERE parent = below.seq AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4)
                ORDER BY 1
            ) SELECT seq FROM below WHERE seq > ?1 AND seq > ?2 LIMIT ?4";
        let mut statement = self.db.prepare_cached(query)?;
        let seqs = statement.query_map((seq.get(), after.get(), last.get(), count), |row| row.get(0))?;
        seqs.map(|seq| Ok(Seq::new(seq?).unwrap_or_default())).collect()
    }
}

/// A count as SQLite takes it.
fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A query of events of which the next one is known already.
struct Ahead<'a, F> {
    rows: Rows<'a>,
    read: F,
    next: Option<(u64, Option<Event>)>,
}

impl<'a, F: Fn(&Row) -> rusqlite::Result<Option<Event>>> Ahead<'a, F> {
    fn new(rows: Rows<'a>, read: F) -> rusqlite::Result<Self> {
        let mut ahead = Self { rows, read, next: None };
        ahead.take()?;
        Ok(ahead)
    }

    /// Where the next event stands.
    fn is_at(&self, seq: u64) -> bool {
        self.next.as_ref().is_some_and(|(next, _)| *next == seq)
    }

    /// The next event; none if there is none, or it is damaged.
    fn take(&mut self) -> rusqlite::Result<Option<Event>> {
        let read = |row: &Row| Ok::<_, rusqlite::Error>((row.get(0)?, (self.read)(row)?));
        let next = self.rows.next()?.map(read).transpose()?;
        Ok(mem::replace(&mut self.next, next).and_then(|(_, event)| event))
    }
}
