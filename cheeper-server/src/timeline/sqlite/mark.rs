//! What tells a store from another program's database, and the smallest write that there is.

use rusqlite::Connection;

/// "Chee", so that another program's database is never taken for ours.
pub(super) const APPLICATION_ID: i32 = 0x4368_6565;

/// Writes the mark that the file has already: page 1 alone.
pub(super) fn mark(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "application_id", APPLICATION_ID)
}
