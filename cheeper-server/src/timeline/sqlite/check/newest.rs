//! The newest rows of a store: what clients are given first, and where the next events go on from.

use cheeper_protocol::{Event, Seq};
use rusqlite::{Connection, ErrorCode};

use super::{
    super::{
        retention::is_sound_floor,
        row::{CHEEPS, CLAIMS, Sums},
        schema,
        snapshot::{ReadError, Snapshot},
    },
    thorough::damaged_structure,
};

/// Rows of a table that a start looks at. A small store is looked at whole, except by tests of what a start does
/// not see.
const ROWS: i64 = if cfg!(test) { 4 } else { 1000 };

/// What is wrong with the newest events and the first claims, if anything is.
pub(super) fn look_at(db: &Connection, sums: Sums) -> rusqlite::Result<Option<String>> {
    let version: u8 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let events = if version == 1 { first_events(db, sums) } else { events(db, sums) };
    match events.and_then(|wrong| if wrong.is_some() { Ok(wrong) } else { claims(db, sums) }) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            Ok(Some(damaged_structure(&error.to_string())))
        }
        looked => looked,
    }
}

fn events(db: &Connection, sums: Sums) -> rusqlite::Result<Option<String>> {
    let version: u8 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let (head, floor) = (schema::head(db, version)?, schema::floor_of(db, version)?);
    if version > 2 && !is_sound_floor(db, sums)? {
        return Ok(Some("the place from which on it is kept is damaged".to_owned()));
    }
    let first = (head - ROWS + 1).max(floor.get().cast_signed());
    let (Ok(first), Ok(last)) = (u64::try_from(first), u64::try_from(head)) else {
        return Ok((head < 0).then(|| "its last event has no place".to_owned()));
    };
    let (first, last) = (Seq::new(first).unwrap_or_default(), Seq::new(last).unwrap_or_default());
    let snapshot = Snapshot { db, sums, floor, tell: &|_| () };
    match snapshot.backward(first, last, usize::MAX) {
        Ok(events) => {
            let damaged = events.iter().find(|event| matches!(event, Event::Unknown { .. }));
            Ok(damaged.map(|event| format!("event {} is damaged", event.seq())))
        }
        Err(ReadError::Sqlite(error)) => Err(error),
        Err(error) => Ok(Some(error.to_string())),
    }
}

/// The same of a store of version 1, which had cheeps alone.
fn first_events(db: &Connection, sums: Sums) -> rusqlite::Result<Option<String>> {
    let mut statement = db.prepare("SELECT * FROM cheeps ORDER BY seq DESC LIMIT ?")?;
    let (mut rows, mut expected, mut count) = (statement.query([ROWS])?, None, 0);
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        // The log is dense, so the one before is known.
        if let Some(expected) = expected.filter(|expected| *expected != seq) {
            return Ok(Some(format!("cheep {expected} is missing from it")));
        }
        if !sums.hold(&CHEEPS, row)? {
            return Ok(Some(format!("cheep {seq} is damaged")));
        }
        expected = Some(seq - 1);
        count += 1;
    }
    let is_short = count < ROWS && expected.is_some_and(|before| before != 0);
    Ok(is_short.then(|| "its first cheep is missing from it".to_owned()))
}

fn claims(db: &Connection, sums: Sums) -> rusqlite::Result<Option<String>> {
    let mut statement = db.prepare("SELECT * FROM claims LIMIT ?")?;
    let mut rows = statement.query([ROWS])?;
    while let Some(row) = rows.next()? {
        if !sums.hold(&CLAIMS, row)? {
            return Ok(Some("a claim of a name is damaged".to_owned()));
        }
    }
    Ok(None)
}
