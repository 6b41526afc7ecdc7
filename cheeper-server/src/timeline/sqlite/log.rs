//! SQLite's write-ahead log. Left alone, SQLite carries it over into the database within the commit that fills it, while
//! everybody waits for that commit's cheeps; so we do it, when they are out.

use std::cell::Cell;

use rusqlite::Connection;

/// Pages in the log at which it is carried over and begins anew.
pub(super) const PAGES: i32 = 400;

thread_local! {
    /// Pages in the log after this thread's last commit.
    static WRITTEN: Cell<i32> = const { Cell::new(0) };
}

/// Leaves it to [`carry_over`] what `db` writes.
pub(super) fn take_charge(db: &Connection) {
    db.wal_hook(Some(|_, pages| {
        WRITTEN.set(pages);
        Ok(())
    }));
}

/// Empties the log if it is long; to be called by the thread that commits. Should it fail, the log stays, and is tried
/// again after the next commit.
pub(super) fn carry_over(db: &Connection) {
    if WRITTEN.get() < PAGES {
        return;
    }
    WRITTEN.set(0);
    if let Err(error) = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::debug!(%error, "the store's log could not be carried over");
    }
}
