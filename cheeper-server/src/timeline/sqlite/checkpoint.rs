//! SQLite's write-ahead log, from its first page to the last one that is carried over into the database. Left alone,
//! SQLite does that within the commit that fills the log, while everybody waits for that commit's cheeps; so we do it,
//! when they are out.
//!
//! SQLite does not know whether a log belongs to the database that it lies beside: after a backup was copied over a
//! store that a killed server had left, it would mix the two. We tell by the schema cookie, a number in page 1
//! with which SQLite tells its connections that the tables are others. It takes any new number, and gives a copy that it
//! makes itself (a backup, VACUUM) one of its own. So:
//!
//! * before the first commit of a run the database gets a new random cookie, so that no copy that was made while the
//!   server was stopped has the same;
//! * each log has page 1 in it, beginning with its first commit, and so says to which cookie it belongs.
//!
//! The old cookie goes into the log just before the new one: wherever that is cut off, by a kill or a power cut, the
//! database has one of the two.

use std::{cell::Cell, time::Duration};

use rusqlite::{Connection, config::DbConfig};

use super::schema;

/// Pages in the log at which it is carried over and begins anew.
pub(super) const PAGES: i32 = 400;
/// How long the last one waits for readers of other programs; the server has to be gone soon.
const PATIENCE: Duration = Duration::from_secs(1);

thread_local! {
    /// Pages in the log after this thread's last commit.
    static WRITTEN: Cell<i32> = const { Cell::new(0) };
}

/// The log of the connection that writes, used by its thread alone.
#[derive(Default)]
pub(super) struct Log {
    /// The database has a cookie of this run.
    pub(super) is_known: bool,
    /// This round of the log has page 1 in it.
    pub(super) is_marked: bool,
    /// Pages in it that may have to be carried over.
    pages: i32,
}

impl Log {
    /// Leaves it to us what `db` writes.
    pub(super) fn of(db: &Connection) -> Self {
        db.wal_hook(Some(|_, pages| {
            WRITTEN.set(pages);
            Ok(())
        }));
        Self::default()
    }

    /// Makes this run's log one that can be told from all others.
    pub(super) fn make_known(&mut self, db: &Connection) -> rusqlite::Result<()> {
        schema::mark(db)?;
        // Far from the small numbers that copies get.
        let cookie: i64 = db.query_row("SELECT (random() & 0x3fffffff) | 0x40000000", [], |row| row.get(0))?;
        db.pragma_update(None, "schema_version", cookie)?;
        self.is_known = true;
        self.checkpoint(db);
        Ok(())
    }

    /// After each commit: what it did to the log.
    pub(super) fn on_commit(&mut self, with_mark: bool) {
        let pages = WRITTEN.get();
        // Fewer pages than before: it has begun anew though we did not see to it, after another program did.
        self.is_marked = with_mark || (self.is_marked && pages > self.pages);
        self.pages = pages;
    }

    /// Empties the log if it is long.
    pub(super) fn checkpoint_if_long(&mut self, db: &Connection) {
        if self.pages >= PAGES {
            self.checkpoint(db);
        }
    }

    /// The next commit begins anew, unless somebody still reads. Should it fail, the log stays, and is tried again
    /// after the next commit.
    fn checkpoint(&mut self, db: &Connection) {
        (self.is_marked, self.pages) = (false, 0);
        if let Err(error) = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::debug!(%error, "the store's log could not be carried over");
        }
    }
}

/// Carries all over, so that the database needs no log; SQLite removes the log when the last connection is closed. What
/// cannot be done is left as it is, and the next start reads the log.
pub(super) fn finish(db: &Connection) {
    let truncated = db.busy_timeout(PATIENCE);
    let truncated = truncated.and_then(|()| db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
    if let Err(error) = truncated {
        tracing::debug!(%error, "the store's log could not be carried over");
    }
}

/// Closes a database whose files are not what they were, without touching them again.
pub(super) fn abandon(db: &Connection) {
    if let Err(error) = db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
        tracing::debug!(%error, "the store's log may be carried over");
    }
}
