//! A backup: the store as it is at one moment, page by page, while a server goes on writing to it or not.
//!
//! SQLite copies what one transaction sees, which holds up no writer: they write to the log, and the log is all that grows
//! meanwhile. Pages are copied as they stand, and a text that was taken back stands in none of them any more, whatever the
//! log still has; so a backup has less of what is gone than the files that it is made of.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rusqlite::{
    Connection,
    backup::{self, StepResult},
};

use super::{
    super::{
        check,
        error::OpenError,
        lock::{LOG, OWNER_ONLY, beside, sync_folder},
        schema::{self, VERSION},
    },
    error::CopyError,
    source::{Source, is_same_file},
};
use crate::worker;

/// A copy that is not whole yet.
const PART: &str = ".part";
/// Pages at once: some milliseconds, after which whoever waits for the processor has a turn.
const STEP: i32 = 256;

/// A backup that is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The last event in it; 0 if there is none.
    pub head: u64,
    /// How long the file is.
    pub bytes: u64,
    /// What is wrong with the store, and so with this: sentences without their full stops.
    pub damages: Vec<String>,
}

/// Copies the store at `path` to a file of its own, which its owner alone can read. What lies there already is written over only
/// if `force` says so, and then whole or not at all.
pub fn back_up(path: &Path, to: &Path, force: bool) -> Result<Backup, CopyError> {
    // A server on the same machine has more to do.
    worker::step_back();
    if is_same_file(path, to) || beside(to, LOG).exists() {
        return Err(CopyError::InUse(to.to_owned()));
    }
    if to.exists() && !force {
        return Err(CopyError::Exists(to.to_owned()));
    }
    let source = Source::open(path)?;
    let part = beside(to, PART);
    let made = make(&source.db, path, &part).and_then(|backup| {
        let write = |error: io::Error| CopyError::write(to, error.to_string());
        match backup.damages.first() {
            Some(what) if to.exists() => Err(CopyError::Worse { path: to.to_owned(), what: what.clone() }),
            _ => {
                File::open(&part).and_then(|file| file.sync_all()).map_err(write)?;
                put(&part, to, force).map_err(write)?;
                Ok(backup)
            }
        }
    });
    if made.is_err() {
        // Half a copy is of no use. If it cannot be removed, the next one is written over it.
        drop(fs::remove_file(&part));
    }
    made
}

/// Moves the copy to its place. Without leave to write over something it is linked there, which fails if somebody was faster.
fn put(part: &Path, to: &Path, force: bool) -> io::Result<()> {
    if force {
        fs::rename(part, to)?;
    } else if fs::hard_link(part, to).is_ok() {
        fs::remove_file(part)?;
    } else if to.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    } else {
        // Not every file system knows links.
        fs::rename(part, to)?;
    }
    sync_folder(to)
}

fn make(source: &Connection, path: &Path, part: &Path) -> Result<Backup, CopyError> {
    let write = |error: io::Error| CopyError::write(part, error.to_string());
    if let Err(error) = fs::remove_file(part)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(write(error));
    }
    File::options().write(true).create_new(true).mode(OWNER_ONLY).open(part).map_err(write)?;
    copy(source, part).map_err(|error| match OpenError::sqlite(path, &error) {
        OpenError::Full { .. } => CopyError::write(part, "the disk is full"),
        error => error.into(),
    })?;
    let failed = |error: rusqlite::Error| CopyError::from(OpenError::sqlite(path, &error));
    let db = check::open(part).map_err(failed)?;
    let sums = check::look_at_tables(part, &db)?.ok_or_else(|| OpenError::damaged(path, "it is empty"))?;
    let damages = check::damages(&db, sums).map_err(failed)?;
    let version = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    let head = schema::head(&db, VERSION.min(version)).map_err(failed)?.try_into().unwrap_or_default();
    Ok(Backup { head, bytes: fs::metadata(part).map_err(write)?.len(), damages })
}

/// One transaction of the source for all steps: else the copy would begin anew with every post.
fn copy(source: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut db = Connection::open(to)?;
    // It is thrown away if it does not come to its end, and flushed when it has.
    db.pragma_update(None, "journal_mode", "OFF")?;
    db.pragma_update(None, "synchronous", "OFF")?;
    let view = source.unchecked_transaction()?;
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let copy = backup::Backup::new(source, &mut db)?;
    while copy.step(STEP)? != StepResult::Done {
        std::thread::yield_now();
    }
    drop(copy);
    view.finish()
}
