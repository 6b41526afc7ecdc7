//! What a step takes away, within its transaction.
//!
//! A change that is kept may be of a cheep that goes. It keeps its place, as the log is dense, and is void from then on: it could
//! be applied to nothing, and its text goes with the cheep's. Its id is forgotten too, as is each that goes: somebody who
//! sends such a request once more after all that time is told that the cheep is not there.
//!
//! An answer that is kept may be to a cheep that goes. It stays one, and its row among the answers, which is a part of it, with it.

use cheeper_protocol::Seq;
use rusqlite::{Connection, Params, Transaction};

use super::super::{
    ledger::WriteError,
    row::{FLOOR, Sums, seq},
    schema,
};

/// Raises the floor towards `wanted` as far as about so many rows go with it. Where it is then, and whether that is all.
pub(super) fn cut(transaction: &Transaction, sums: Sums, wanted: Seq, rows: u64) -> Result<(Seq, bool), WriteError> {
    let floor = schema::floor(transaction)?;
    if wanted <= floor {
        return Ok((floor, true));
    }
    let next = Seq::new(floor.get() + rows).map_or(wanted, |next| next.min(wanted));
    // Many may react to one cheep. Their changes can be made void before it goes: nothing hangs on them.
    let early =
        "SELECT seq FROM changes WHERE target >= ? AND target < ? AND seq >= ? AND (is_void = 0 OR id IS NOT NULL)
        AND (is_void = 1 OR kind = 'reaction') LIMIT ?";
    let span = (floor.get(), next.get(), next.get());
    if forget(transaction, sums, early, (span.0, span.1, span.2, rows))? == rows {
        return Ok((floor, false));
    }
    let late =
        "SELECT seq FROM changes WHERE target >= ? AND target < ? AND seq >= ? AND (is_void = 0 OR id IS NOT NULL)";
    forget(transaction, sums, late, span)?;
    for delete in [
        "DELETE FROM answers WHERE (parent, seq) IN
            (SELECT reply_to, seq FROM cheeps WHERE seq >= ? AND seq < ? AND reply_to IS NOT NULL)",
        "DELETE FROM states WHERE seq >= ? AND seq < ?",
        "DELETE FROM changes WHERE seq >= ? AND seq < ?",
        "DELETE FROM cheeps WHERE seq >= ? AND seq < ?",
    ] {
        transaction.prepare_cached(delete)?.execute((floor.get(), next.get()))?;
    }
    transaction.execute("DELETE FROM floor", [])?;
    // The last place of which nothing is kept.
    sums.insert(transaction, &FLOOR, &[seq(next.previous())])?;
    Ok((next, next == wanted))
}

/// Makes the changes void that a query finds, and says how many there were.
fn forget(transaction: &Transaction, sums: Sums, query: &str, parameters: impl Params) -> rusqlite::Result<u64> {
    let mut statement = transaction.prepare_cached(query)?;
    let found: Vec<u64> = statement.query_map(parameters, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for change in &found {
        sums.forget_change(transaction, Seq::new(*change).unwrap_or_default())?;
    }
    Ok(found.len() as u64)
}

/// Takes away who reacted to cheeps that are gone: so many rows. True if there may be more.
pub(super) fn sweep(transaction: &Transaction, rows: u64) -> rusqlite::Result<bool> {
    let floor = schema::floor(transaction)?;
    let sweep = "DELETE FROM reactions WHERE (target, emoji, folded_name) IN
        (SELECT target, emoji, folded_name FROM reactions WHERE target < ? LIMIT ?)";
    let swept = transaction.prepare_cached(sweep)?.execute((floor.get(), rows))?;
    Ok(swept as u64 == rows)
}

/// What became of the file.
#[derive(Default)]
pub(super) struct Shrunk {
    /// It can be shorter still.
    pub(super) goes_on: bool,
    /// How many bytes it has once the log is carried over, if that is less than before.
    pub(super) length: Option<u64>,
}

/// Cuts free pages off the file, but for some that stay for what comes next. A store that an early version has made cannot do
/// that: there they are all used again, and the file stays as long as it is.
pub(super) fn shrink(transaction: &Transaction, pages: u64, (spare, share): (u64, u64)) -> rusqlite::Result<Shrunk> {
    let number = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    let is_incremental = number("auto_vacuum")? == 2;
    let (free, all) = (number("freelist_count")?, number("page_count")?);
    let spare = spare.max(all / share);
    let too_many = free.saturating_sub(spare);
    if !is_incremental || too_many == 0 {
        return Ok(Shrunk::default());
    }
    // Each is a step of its own for SQLite, and the statement has to come to its end.
    transaction.pragma(None, "incremental_vacuum", pages.min(too_many), |_| Ok(()))?;
    let (left, length) = (number("page_count")?, number("page_size")?);
    Ok(Shrunk { goes_on: left < all && too_many > pages, length: (left < all).then_some(left * length) })
}

/// Whether the place from which on the log is kept is as it was written.
pub(in super::super) fn is_sound_floor(db: &Connection, sums: Sums) -> rusqlite::Result<bool> {
    let mut statement = db.prepare("SELECT * FROM floor LIMIT 2")?;
    let rows = statement.query_map([], |row| sums.hold(&FLOOR, row))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(matches!(rows.as_slice(), [] | [true]))
}
