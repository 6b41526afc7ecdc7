//! Cheeps as rows of the store.

use std::error::Error;

use cheeper_protocol::{Cheep, CheepText, Name, RequestId, Seq, Timestamp};
use rusqlite::{Connection, Row, types::Type};

/// The columns that [`cheep`] reads, in its order.
pub(super) const COLUMNS: &str = "seq, at, name, cheep, verified, reply_to, id";

/// Why events could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the event {0} is missing from the store")]
    Missing(Seq),
}

/// The events from `first` to `last`, as far as there are.
pub(super) fn read(db: &Connection, first: Seq, last: Seq) -> Result<Vec<Cheep>, ReadError> {
    let last = last.min(head(db)?);
    let sql = const_format_columns();
    let mut select = db.prepare_cached(sql)?;
    let cheeps: Vec<Cheep> =
        select.query_map([number(first), number(last)], cheep)?.collect::<Result<_, _>>()?;
    let mut expected = first;
    for cheep in &cheeps {
        if cheep.seq != expected {
            return Err(ReadError::Missing(expected));
        }
        expected = expected.next();
    }
    if expected <= last { Err(ReadError::Missing(expected)) } else { Ok(cheeps) }
}
