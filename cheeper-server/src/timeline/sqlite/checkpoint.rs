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
//!
//! **What is left of a text that was deleted or corrected, and until when.** The transaction that does it overwrites the text
//! where it lies, so that the newest state of no page has it. The log still has the page as it was when the text came, and the
//! database may have it until the log is carried over. So after such a commit the log is carried over and emptied:
//!
//! * within [`EMPTY_AFTER`], if nobody reads an earlier state; else it is tried again as often, and a program that reads for
//!   long (a backup) keeps it as long;
//! * when the server stops;
//! * after a kill, within the same time from the next start.
//!
//! What the system leaves of a file that was cut off, and what a disk leaves of a block that was overwritten, is beyond us;
//! so are copies that were made before. Of reactions to a deleted cheep, and of the keyed fingerprint of a text that was
//! corrected, SQLite may leave a copy in the unused part of a page until something else takes its place.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use rusqlite::{Connection, config::DbConfig};

use super::{files::Files, mark};

/// Pages in the log at which it is carried over and begins anew.
pub(super) const PAGES: i32 = 400;
/// The longest that a log keeps what a commit took out of the store, if nobody reads an earlier state.
pub(super) const EMPTY_AFTER: Duration = Duration::from_secs(1);
/// How long others wait for that while somebody still reads.
const EMPTY_PATIENCE: Duration = Duration::from_millis(20);
/// How long a write waits for writers of other programs.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);
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
    /// It has something in it, or the file behind its end has, that is to be gone by then.
    empty_at: Option<Instant>,
    /// How long it may keep that.
    pub(super) empty_after: Duration,
}

impl Log {
    /// Leaves it to us what `db` writes.
    pub(super) fn of(db: &Connection) -> Self {
        db.wal_hook(Some(|_, pages| {
            WRITTEN.set(pages);
            Ok(())
        }));
        Self { empty_after: EMPTY_AFTER, ..Self::default() }
    }

    /// Makes this run's log one that can be told from all others.
    pub(super) fn make_known(&mut self, db: &Connection) -> rusqlite::Result<()> {
        mark::mark(db)?;
        // Far from the small numbers that copies get.
        let cookie: i64 = db.query_row("SELECT (random() & 0x3fffffff) | 0x40000000", [], |row| row.get(0))?;
        db.pragma_update(None, "schema_version", cookie)?;
        self.is_known = true;
        self.checkpoint(db);
        Ok(())
    }

    /// Something was taken out of the store that the log still has.
    pub(super) fn empty_soon(&mut self) {
        self.empty_at.get_or_insert_with(|| Instant::now() + self.empty_after);
    }

    /// How long until it is to be emptied.
    pub(super) fn due(&self) -> Option<Duration> {
        self.empty_at.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Carries all over and cuts the file off, if it is time.
    pub(super) fn empty_if_due(&mut self, db: &Connection, files: &Files) {
        if self.due().is_none_or(|due| !due.is_zero()) || files.check().is_err() {
            return;
        }
        // What takes long goes first: while the file is cut off, nobody can look at it.
        self.checkpoint(db);
        let empty = || {
            db.busy_timeout(EMPTY_PATIENCE)?;
            let is_busy = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
            db.busy_timeout(WRITE_PATIENCE)?;
            is_busy
        };
        self.empty_at = match files.while_emptying(empty) {
            Ok(false) => None,
            Ok(true) => Some(Instant::now() + self.empty_after),
            Err(error) => {
                tracing::debug!(%error, "the store's log could not be emptied");
                Some(Instant::now() + self.empty_after)
            }
        };
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
