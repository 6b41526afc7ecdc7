//! What stands in the tables at one moment, read as events.
//!
//! What is damaged or missing hinders nobody: among all events it keeps its place as [`Event::Unknown`], which readers move on
//! past, and where only cheeps are wanted it is left out. Only who asks for it by itself is refused.

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
    /// The first event that is kept.
    pub(super) floor: Seq,
    /// Told of the place of each event that is passed over, as often as it is.
    pub(super) tell: &'a dyn Fn(u64),
}

impl Snapshot<'_> {
    /// All events from `first` on, up to `last` or until they have `bytes`.
    pub(super) fn forward(self, first: Seq, last: Seq, bytes: usize) -> Result<Vec<Event>, ReadError> {
        let cheeps = present!("WHERE c.seq BETWEEN ? AND ? ORDER BY c.seq");
        let changes = "SELECT * FROM changes WHERE seq BETWEEN ? AND ? ORDER BY seq";
        self.dense([cheeps, changes], [first, last], (first.get()..=last.get(), u64::lt), bytes)
    }

    /// All events from `last` back, down to `first` or until they have `bytes`.
    pub(super) fn backward(self, first: Seq, last: Seq, bytes: usize) -> Result<Vec<Event>, ReadError> {
        let cheeps = present!("WHERE c.seq BETWEEN ? AND ? ORDER BY c.seq DESC");
        let changes = "SELECT * FROM changes WHERE seq BETWEEN ? AND ? ORDER BY seq DESC";
        self.dense([cheeps, changes], [first, last], ((first.get()..=last.get()).rev(), u64::gt), bytes)
    }

    /// The events of these seqs, until they have `bytes`. The log is dense, so each of them is a cheep or a change, or it is
    /// damaged. `is_passed` says of a place, and of one of the seqs, whether it would have come earlier.
    fn dense(
        self,
        [cheeps, changes]: [&str; 2],
        span: [Seq; 2],
        (seqs, is_passed): (impl Iterator<Item = u64>, fn(&u64, &u64) -> bool),
        bytes: usize,
    ) -> Result<Vec<Event>, ReadError> {
        let mut cheeps = self.db.prepare_cached(cheeps)?;
        let mut changes = self.db.prepare_cached(changes)?;
        let span = span.map(Seq::get);
        let cheep = |row: &Row| Ok(self.sums.present(row)?.map(Event::Cheep));
        let mut cheeps = Ahead::new(cheeps.query(span)?, is_passed, cheep)?;
        let change = |row: &Row| Ok(self.sums.change(row, 0)?.map(|change| change.event));
        let mut changes = Ahead::new(changes.query(span)?, is_passed, change)?;
        let (mut events, mut read) = (Vec::new(), 0);
        for seq in seqs {
            if read >= bytes {
                break;
            }
            let event = match cheeps.take(seq)? {
                None => changes.take(seq)?,
                cheep => cheep,
            };
            let event = match event {
                None => self.event(seq)?,
                Some(event) => event,
            };
            read += bytes_of(&event);
            events.push(event);
        }
        Ok(events)
    }

    /// The event at a place that a query of many did not give: where the places are out of order, it may be sound.
    fn event(self, seq: u64) -> Result<Event, ReadError> {
        let place = Seq::new(seq).unwrap_or_default();
        match self.cheep(place) {
            Ok(Some(cheep)) => return Ok(Event::Cheep(cheep)),
            Ok(None) | Err(ReadError::Damaged(_)) => {}
            Err(error) => return Err(error),
        }
        let mut statement = self.db.prepare_cached("SELECT * FROM changes WHERE seq = ?")?;
        let change = statement.query_row([seq], |row| self.sums.change(row, 0)).optional()?.flatten();
        Ok(change.map_or_else(
            || {
                (self.tell)(seq);
                Event::Unknown { seq: place }
            },
            |change| change.event,
        ))
    }

    /// Cheeps from `last` back: `count` of them, or fewer once they fill a page; and whether there are no more.
    pub(super) fn cheeps_back(self, last: Seq, count: usize) -> Result<(Vec<Event>, bool), ReadError> {
        let mut statement = self.db.prepare_cached(present!("WHERE c.seq <= ? ORDER BY c.seq DESC"))?;
        self.cheeps(statement.query([last.get()])?, count)
    }

    /// Cheeps from `first` on, up to `last`: `count` of them, or fewer once they fill a page; and whether there are no more.
    pub(super) fn cheeps_forth(self, first: Seq, last: Seq, count: usize) -> Result<(Vec<Event>, bool), ReadError> {
        let mut statement = self.db.prepare_cached(present!("WHERE c.seq BETWEEN ? AND ? ORDER BY c.seq"))?;
        self.cheeps(statement.query([first.get(), last.get()])?, count)
    }

    /// Those that are sound. They alone are counted: a page of damaged ones would be empty, and whoever reads on from it
    /// would ask for the same again.
    fn cheeps(self, mut rows: Rows, count: usize) -> Result<(Vec<Event>, bool), ReadError> {
        let (mut events, mut read) = (Vec::new(), 0);
        while events.len() < count && read < PAGE_BYTES {
            let Some(row) = rows.next()? else { return Ok((events, true)) };
            let Some(cheep) = self.sums.present(row)? else {
                (self.tell)(row.get(0)?);
                continue;
            };
            let event = Event::Cheep(cheep);
            read += bytes_of(&event);
            events.push(event);
        }
        Ok((events, false))
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
        // Where one is damaged it ends: what that one answers is not known for certain.
        while let Some(parent) =
            lineage.last().and_then(|cheep| cheep.reply_to).filter(|_| lineage.len() <= THREAD_ANCESTORS)
            && let Some(parent) = self.sound(parent)?
        {
            lineage.push(parent);
        }
        // One more than there can be in a page tells whether there are more.
        let below = self.answers_below(seq, after, end, PAGE + 1)?;
        let may_have_more = below.len() > PAGE;
        let lineage = lineage.into_iter().rev().filter(|cheep| cheep.seq > after).map(Ok);
        let below = below.into_iter().filter_map(|seq| self.sound(seq).transpose());
        let mut cheeps = lineage.chain(below);
        let (mut events, mut read) = (Vec::new(), 0);
        while let Some(cheep) = if read < PAGE_BYTES && events.len() < PAGE { cheeps.next() } else { None } {
            let event = Event::Cheep(cheep?);
            read += bytes_of(&event);
            events.push(event);
        }
        // Those of the answers that are damaged leave room for others that were not looked for.
        let more_after = may_have_more || cheeps.next().is_some();
        Ok(Part { events, more_before: false, more_after, last: asked })
    }

    /// The cheep at this place, unless it is damaged, missing or not kept any longer.
    fn sound(self, seq: Seq) -> Result<Option<Cheep>, ReadError> {
        if seq < self.floor {
            return Ok(None);
        }
        let cheep = match self.cheep(seq) {
            Err(ReadError::Damaged(_)) => None,
            cheep => cheep?,
        };
        if cheep.is_none() {
            (self.tell)(seq.get());
        }
        Ok(cheep)
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

/// A query of events of which the next one is known already.
struct Ahead<'a, F> {
    rows: Rows<'a>,
    is_passed: fn(&u64, &u64) -> bool,
    read: F,
    next: Option<(u64, Option<Event>)>,
}

impl<'a, F: Fn(&Row) -> rusqlite::Result<Option<Event>>> Ahead<'a, F> {
    fn new(rows: Rows<'a>, is_passed: fn(&u64, &u64) -> bool, read: F) -> rusqlite::Result<Self> {
        let mut ahead = Self { rows, is_passed, read, next: None };
        ahead.step()?;
        Ok(ahead)
    }

    /// The event at this place; none if it is not here, or damaged. What is out of order is passed over, so that it does not
    /// hold up what comes after it.
    fn take(&mut self, seq: u64) -> rusqlite::Result<Option<Event>> {
        while self.next.as_ref().is_some_and(|(next, _)| (self.is_passed)(next, &seq)) {
            self.step()?;
        }
        if self.next.as_ref().is_some_and(|(next, _)| *next == seq) { self.step() } else { Ok(None) }
    }

    /// Goes on to the one after the next, and gives the next if it is sound.
    fn step(&mut self) -> rusqlite::Result<Option<Event>> {
        let read = |row: &Row| Ok::<_, rusqlite::Error>((row.get(0)?, (self.read)(row)?));
        let next = self.rows.next()?.map(read).transpose()?;
        Ok(mem::replace(&mut self.next, next).and_then(|(_, event)| event))
    }
}
