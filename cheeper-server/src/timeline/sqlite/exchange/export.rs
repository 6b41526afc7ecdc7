//! Writes a timeline as lines, as it is at one moment.

use std::{
    io::{self, Write},
    path::Path,
};

use cheeper_protocol::{Event, Seq};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    super::{
        copy::Source,
        error::OpenError,
        row::Sums,
        schema::{self, Identity, VERSION},
        snapshot::{ReadError, Snapshot},
    },
    error::ExchangeError,
    line::{Header, Void, What, void_line},
};

/// Events that are in memory at once.
const STEP: u64 = 1000;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Lines after the first.
    pub lines: u64,
    /// Events that are damaged: their lines say so, and an import refuses them.
    pub damaged: u64,
}

/// Writes the timeline in the store at `path`. All of it is of one moment, so a log beside it cannot be emptied meanwhile.
pub fn export(path: &Path, what: What, to: &mut dyn Write) -> Result<Exported, ExchangeError> {
    let source = Source::open(path)?;
    let failed = |error: rusqlite::Error| ExchangeError::sqlite(path, &error);
    let db = source.db.unchecked_transaction().map_err(failed)?;
    let version: u8 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    if version != VERSION {
        return Err(ExchangeError::Old(path.to_owned()));
    }
    let identity = Identity::read(&db).map_err(failed)?;
    let identity = identity.ok_or_else(|| OpenError::damaged(path, "its key is damaged"))?;
    let seq = |number: i64| u64::try_from(number).ok().and_then(Seq::new).unwrap_or_default();
    let floor = schema::floor(&db).map_err(failed)?;
    let head = seq(schema::head(&db, VERSION).map_err(failed)?);
    let sums = identity.sums();
    let mut lines = Lines { path, to, exported: Exported { lines: 0, damaged: 0 } };
    let header = Header::new(what, identity.timeline, floor, head);
    lines.put(&serde_json::to_string(&header).map_err(io::Error::other).map_err(ExchangeError::Write)?)?;
    let mut first = floor;
    while first <= head {
        let last = Seq::new(first.get() + STEP - 1).map_or(head, |last| last.min(head));
        let snapshot = Snapshot { db: &db, sums, floor, tell: &|_| () };
        let events = snapshot.forward(first, last, usize::MAX).map_err(|error| match error {
            ReadError::Sqlite(error) => failed(error),
            error => OpenError::damaged(path, error.to_string()).into(),
        })?;
        for event in &events {
            lines.event(event, what, &db, sums)?;
        }
        first = last.next();
    }
    let Lines { to, exported, .. } = lines;
    to.flush().map_err(ExchangeError::Write)?;
    Ok(exported)
}

struct Lines<'a> {
    path: &'a Path,
    to: &'a mut dyn Write,
    exported: Exported,
}

impl Lines<'_> {
    fn event(&mut self, event: &Event, what: What, db: &Connection, sums: Sums) -> Result<(), ExchangeError> {
        self.exported.damaged += u64::from(matches!(event, Event::Unknown { .. }));
        let line = match (what, event) {
            (What::Events, Event::Void { seq }) => {
                let void = void(db, sums, *seq).map_err(|error| ExchangeError::sqlite(self.path, &error))?;
                // It was read just now, in the same view.
                let Some(void) = void else { return Ok(()) };
                void_line(*seq, void).map_err(io::Error::other).map_err(ExchangeError::Write)?
            }
            (What::Events, event) => event.to_json(),
            (What::Cheeps, Event::Cheep(cheep)) if !cheep.is_deleted() => event.to_json(),
            (What::Cheeps, _) => return Ok(()),
        };
        self.exported.lines += 1;
        self.put(&line)
    }

    fn put(&mut self, line: &str) -> Result<(), ExchangeError> {
        writeln!(self.to, "{line}").map_err(ExchangeError::Write)
    }
}

fn void(db: &Connection, sums: Sums, seq: Seq) -> rusqlite::Result<Option<Void>> {
    let mut statement = db.prepare_cached("SELECT * FROM changes WHERE seq = ?")?;
    let change = statement.query_row([seq.get()], |row| sums.change(row, 0)).optional()?.flatten();
    Ok(change.map(|change| Void { at: change.at, target: change.target, was: change.kind.into() }))
}
