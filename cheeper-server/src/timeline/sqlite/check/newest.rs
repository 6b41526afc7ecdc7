//! The newest rows of a store: what clients are given first, and where the next events go on from.

use rusqlite::{Connection, ErrorCode};

use super::super::row::{CHEEPS, CLAIMS, Sums};

/// Rows of a table that a start looks at. A small store is looked at whole, except by tests of what a start does
/// not see.
const ROWS: i64 = if cfg!(test) { 4 } else { 1000 };

/// What is wrong with the newest events and the first claims, if anything is.
pub(super) fn look_at(db: &Connection, sums: Sums) -> rusqlite::Result<Option<String>> {
    match events(db, sums).and_then(|wrong| if wrong.is_some() { Ok(wrong) } else { claims(db, sums) }) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => Ok(Some(error.to_string())),
        looked => looked,
    }
}

fn events(db: &Connection, sums: Sums) -> rusqlite::Result<Option<String>> {
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
