//! The look, from one span of the log to the next.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use cheeper_protocol::Seq;
use rusqlite::{Connection, ErrorCode};

use super::{
    super::super::{
        row::{CLAIMS, Sums},
        schema,
    },
    finding::{Find, Finding, ROWS, damaged_structure},
    index::{CHANGES_BY_ID, CHEEPS_BY_ID, Entries},
    order,
    step::Step,
};

/// Instructions of SQLite's between two looks at whether to go on.
const INSTRUCTIONS: i32 = 10_000;

/// The look, over a connection of its own.
pub(in super::super) struct Thorough<'a> {
    db: &'a Connection,
    sums: Sums,
    stop: Arc<AtomicBool>,
    /// Asked before each step.
    may_go_on: Box<dyn FnMut() -> bool + 'a>,
}

impl<'a> Thorough<'a> {
    pub(in super::super) fn new(db: &'a Connection, sums: Sums) -> Self {
        Self { db, sums, stop: Arc::default(), may_go_on: Box::new(|| true) }
    }

    /// Ends early when `stop` is set, or something that is asked before each step says so.
    pub(in super::super) fn until(self, stop: Arc<AtomicBool>, may_go_on: impl FnMut() -> bool + 'a) -> Self {
        Self { stop, may_go_on: Box::new(may_go_on), ..self }
    }

    /// Looks at everything, and tells `find` of what is wrong as soon as it is found. True if it came to the end.
    pub(in super::super) fn run(mut self, find: Find) -> rusqlite::Result<bool> {
        let looked = self.events(find);
        let is_readable = settle(looked, find)?;
        let looked = self.claims(find);
        let is_readable = settle(looked, find)? && is_readable;
        let looked = self.order(find);
        let is_readable = settle(looked, find)? && is_readable;
        // Damage of the structure shows wherever it is come upon, and is told of once.
        if is_readable {
            let looked = self.structure(find);
            settle(looked, find)?;
        }
        Ok(self.goes_on())
    }

    fn goes_on(&mut self) -> bool {
        !self.stop.load(Ordering::Relaxed) && (self.may_go_on)()
    }

    /// Each event, what has become of each cheep, and the indexes by which they are found.
    fn events(&mut self, find: Find) -> rusqlite::Result<()> {
        let version: u8 = self.db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let head = schema::head(self.db, version)?;
        let mut entries = Entries::default();
        let floor = schema::floor_of(self.db, version)?.get().cast_signed();
        if floor > 1 {
            // What is kept may name what is not.
            let transaction = self.db.unchecked_transaction()?;
            let mut step = Step { db: &transaction, sums: self.sums, first: 1, last: floor - 1, find: &mut *find };
            step.targets(head, &mut entries)?;
            step.answers(head, &mut entries)?;
        }
        let mut expected = floor;
        while expected <= head {
            if !self.goes_on() {
                return Ok(());
            }
            let last = head.min(expected + ROWS - 1);
            // One view for all tables: what has become of a cheep changes while we look.
            let transaction = self.db.unchecked_transaction()?;
            let mut step = Step { db: &transaction, sums: self.sums, first: expected, last, find: &mut *find };
            step.events(version, &mut entries)?;
            if version > 1 {
                step.states()?;
                step.reactions()?;
                step.targets(head, &mut entries)?;
                step.answers(head, &mut entries)?;
            }
            expected = last + 1;
        }
        self.strays(version, find)?;
        let expected = entries.cheeps_by_id;
        CHEEPS_BY_ID.compare(self.db, self.sums, (head, expected), &mut || self.goes_on(), find)?;
        if version > 1 {
            let expected = entries.changes_by_id;
            CHANGES_BY_ID.compare(self.db, self.sums, (head, expected), &mut || self.goes_on(), find)?;
            entries.compare(find);
        }
        Ok(())
    }

    /// Rows where there can be none: before the first event, or of one that is not there yet.
    fn strays(&self, version: u8, find: Find) -> rusqlite::Result<()> {
        let head = schema::newest(version);
        let floor = schema::floor_of(self.db, version)?;
        let mut look = |table: &str, column: &str, first: Seq| {
            let query =
                format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {column} < {first} OR {column} > ({head}))");
            if self.db.query_row(&query, [], |row| row.get(0))? {
                find(Finding::of_row(format!("the table {table} has a row of an event that is not there")));
            }
            Ok::<_, rusqlite::Error>(())
        };
        look("cheeps", "seq", floor)?;
        if version > 1 {
            // What is kept may name what is not; and who reacted to that goes a little later.
            let first = Seq::ZERO.next();
            look("changes", "seq", floor)?;
            look("changes", "target", first)?;
            look("states", "seq", floor)?;
            look("answers", "parent", first)?;
            look("reactions", "target", first)?;
        }
        Ok(())
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

    /// Who may come in and who may write, and the audit.
    fn order(&mut self, find: Find) -> rusqlite::Result<()> {
        let version: u8 = self.db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version < 3 {
            return Ok(());
        }
        let (db, sums) = (self.db, self.sums);
        let transaction = db.unchecked_transaction()?;
        order::look(&transaction, sums, &mut || self.goes_on(), find)
    }

    /// How the pages hang together. This is one step, as SQLite knows no smaller one; it reads what was read just now.
    fn structure(&mut self, find: Find) -> rusqlite::Result<()> {
        if !self.goes_on() {
            return Ok(());
        }
        let stop = self.stop.clone();
        self.db.progress_handler(INSTRUCTIONS, Some(move || stop.load(Ordering::Relaxed)))?;
        let mut statement = self.db.prepare("PRAGMA quick_check(1)")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let verdict: String = row.get(0)?;
            if verdict != "ok" {
                find(Finding::of_structure(damaged_structure(&verdict)));
            }
        }
        Ok(())
    }
}

/// Tells of what could not be read because of what is wrong with it, and says whether all could be. What else could not be read
/// is an error.
fn settle(looked: rusqlite::Result<()>, find: Find) -> rusqlite::Result<bool> {
    match looked {
        Err(error) => match error.sqlite_error_code() {
            // What is no error of SQLite's is one of a value that is none of its column's.
            Some(ErrorCode::DatabaseCorrupt) | None => {
                find(Finding::of_structure(damaged_structure(&error.to_string())));
                Ok(false)
            }
            // It was told to stop.
            Some(ErrorCode::OperationInterrupted) => Ok(true),
            Some(_) => Err(error),
        },
        Ok(()) => Ok(true),
    }
}
