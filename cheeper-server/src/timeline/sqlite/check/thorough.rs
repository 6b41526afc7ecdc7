//! A look at each row of a store, its index, and how its pages hang together.
//!
//! It goes in small steps, each with a view of its own: as long as somebody looks at one state of the store, SQLite's log
//! cannot begin anew. What is written meanwhile is left out, as it was not there when the look began.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rusqlite::{Connection, ErrorCode, Row};

use super::super::row::{CHEEPS, CLAIMS, Sums};

/// Rows in one step.
const ROWS: i64 = if cfg!(test) { 4 } else { 1000 };
/// Instructions of SQLite's between two looks at whether to go on.
const INSTRUCTIONS: i32 = 10_000;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// One sentence without its full stop, for the host.
    pub(super) what: String,
    /// What is found by, or written beside it, cannot be trusted: not one row alone is at fault.
    pub(super) is_of_structure: bool,
}

impl Finding {
    fn of_row(what: impl Into<String>) -> Self {
        Self { what: what.into(), is_of_structure: false }
    }

    fn of_structure(what: impl Into<String>) -> Self {
        Self { what: what.into(), is_of_structure: true }
    }
}

type Find<'a> = &'a mut dyn FnMut(Finding);

/// The look, over a connection of its own.
pub(super) struct Thorough<'a> {
    db: &'a Connection,
    sums: Sums,
    stop: Arc<AtomicBool>,
    /// Asked before each step.
    may_go_on: Box<dyn FnMut() -> bool + 'a>,
}

impl<'a> Thorough<'a> {
    pub(super) fn new(db: &'a Connection, sums: Sums) -> Self {
        Self { db, sums, stop: Arc::default(), may_go_on: Box::new(|| true) }
    }

    /// Ends early when `stop` is set, or something that is asked before each step says so.
    pub(super) fn until(self, stop: Arc<AtomicBool>, may_go_on: impl FnMut() -> bool + 'a) -> Self {
        Self { stop, may_go_on: Box::new(may_go_on), ..self }
    }

    /// Looks at everything, and tells `find` of what is wrong as soon as it is found. True if it came to the end.
    pub(super) fn run(mut self, find: Find) -> rusqlite::Result<bool> {
        let head = self.db.query_row("SELECT coalesce(max(seq), 0) FROM cheeps", [], |row| row.get(0))?;
        let looked = self.cheeps(head, find);
        settle(looked, find)?;
        let looked = self.claims(find);
        settle(looked, find)?;
        let looked = self.structure(find);
        settle(looked, find)?;
        Ok(self.goes_on())
    }

    fn goes_on(&mut self) -> bool {
        !self.stop.load(Ordering::Relaxed) && (self.may_go_on)()
    }

    /// Each cheep, and the index by which they are found. SQLite's own check of an index would look up each of its entries,
    /// in minutes. Sums that are added up are equal if they are of the same entries, in whatever order.
    fn cheeps(&mut self, head: i64, find: Find) -> rusqlite::Result<()> {
        let mut indexed = 0_i64;
        let mut statement = self.db.prepare("SELECT * FROM cheeps WHERE seq BETWEEN ? AND ? ORDER BY seq")?;
        let mut expected = 1;
        while expected <= head {
            if !self.goes_on() {
                return Ok(());
            }
            let last = head.min(expected + ROWS - 1);
            let mut rows = statement.query([expected, last])?;
            while let Some(row) = rows.next()? {
                let seq: i64 = row.get(0)?;
                missing(expected, seq - 1, find);
                expected = seq + 1;
                if !self.sums.hold(&CHEEPS, row)? {
                    find(Finding::of_row(format!("cheep {seq} is damaged")));
                }
                if row.get_ref(7)?.as_str_or_null().is_ok_and(|id| id.is_some()) {
                    indexed = indexed.wrapping_add(self.entry(row, [3, 7, 0])?);
                }
            }
            missing(expected, last, find);
            expected = last + 1;
        }
        let strays = "SELECT EXISTS (SELECT 1 FROM cheeps WHERE seq < 1)";
        if self.db.query_row(strays, [], |row| row.get(0))? {
            find(Finding::of_row("there is a cheep before the first"));
        }
        let in_index = self.index(head, find)?;
        if in_index.is_some_and(|in_index| in_index != indexed) {
            find(Finding::of_structure("the index of the cheeps is damaged"));
        }
        Ok(())
    }

    /// The sum of the index's entries up to `head`; none if it was not read to its end.
    fn index(&mut self, head: i64, find: Find) -> rusqlite::Result<Option<i64>> {
        let query = "SELECT folded_name, id, seq FROM cheeps INDEXED BY cheeps_by_author_and_id
            WHERE id IS NOT NULL AND (folded_name, id) > (?, ?) ORDER BY folded_name, id LIMIT ?";
        let mut statement = self.db.prepare(query)?;
        let (mut sum, mut last) = (0_i64, (String::new(), String::new()));
        loop {
            if !self.goes_on() {
                return Ok(None);
            }
            let mut rows = statement.query((&last.0, &last.1, ROWS))?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                let next = (row.get(0)?, row.get(1)?);
                // One that is out of order could lead in a circle.
                if next <= last {
                    find(Finding::of_structure("the index of the cheeps is out of order"));
                    return Ok(None);
                }
                (last, count) = (next, count + 1);
                if row.get::<_, i64>(2)? <= head {
                    sum = sum.wrapping_add(self.entry(row, [0, 1, 2])?);
                }
            }
            if count < ROWS {
                return Ok(Some(sum));
            }
        }
    }

    fn entry(&self, row: &Row, [name, id, seq]: [usize; 3]) -> rusqlite::Result<i64> {
        Ok(self.sums.of("index", [row.get_ref(name)?, row.get_ref(id)?, row.get_ref(seq)?]))
    }

    fn claims(&mut self, find: Find) -> rusqlite::Result<()> {
        let mut statement =
            self.db.prepare("SELECT * FROM claims WHERE folded_name > ? ORDER BY folded_name LIMIT ?")?;
        let mut last = String::new();
        while self.goes_on() {
            let mut rows = statement.query((&last, ROWS))?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                if !self.sums.hold(&CLAIMS, row)? {
                    find(Finding::of_row("the claim of a name is damaged"));
                }
                let next = row.get(0)?;
                if next <= last {
                    find(Finding::of_structure("the claims are out of order"));
                    return Ok(());
                }
                (last, count) = (next, count + 1);
            }
            if count < ROWS {
                return Ok(());
            }
        }
        Ok(())
    }

    /// How the pages hang together. This is one step, as SQLite knows no smaller one; it reads what was read just now.
    fn structure(&mut self, find: Find) -> rusqlite::Result<()> {
        if !self.goes_on() {
            return Ok(());
        }
        let stop = self.stop.clone();
        self.db.progress_handler(INSTRUCTIONS, Some(move || stop.load(Ordering::Relaxed)))?;
        let mut statement = self.db.prepare("PRAGMA quick_check(10)")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let verdict: String = row.get(0)?;
            if verdict != "ok" {
                // SQLite's report has several lines.
                find(Finding::of_structure(verdict.split_whitespace().collect::<Vec<_>>().join(" ")));
            }
        }
        Ok(())
    }
}

/// Tells of what could not be read because of what is wrong with it. What else could not be read is an error.
fn settle(looked: rusqlite::Result<()>, find: Find) -> rusqlite::Result<()> {
    match looked {
        Err(error) => match error.sqlite_error_code() {
            // What is no error of SQLite's is one of a value that is none of its column's.
            Some(ErrorCode::DatabaseCorrupt) | None => {
                find(Finding::of_structure(format!("a part of it cannot be read ({error})")));
                Ok(())
            }
            // It was told to stop.
            Some(ErrorCode::OperationInterrupted) => Ok(()),
            Some(_) => Err(error),
        },
        Ok(()) => Ok(()),
    }
}

/// Tells of a gap, if there is one.
fn missing(first: i64, last: i64, find: Find) {
    if first == last {
        find(Finding::of_row(format!("cheep {first} is missing")));
    } else if first < last {
        find(Finding::of_row(format!("the cheeps {first} to {last} are missing")));
    }
}
