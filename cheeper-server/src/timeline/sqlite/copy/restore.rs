//! A store made of a backup, in the place of another one or where there was none.
//!
//! It is another timeline from then on: clients may know events that came after the backup, and the seqs of those will be
//! given to others. So it gets an id of its own, by which they know that they have to start afresh. Its key stays, and with it
//! the claims of names, the links and the sums of the rows.
//!
//! It is made beside its place and checked there, and only then moved, so that it is there whole or not at all. What was in the
//! place keeps another name. Its log goes last: cut off before that, the log is of another store than the one in the
//! place, which a start refuses with a sentence about just that.

use std::{
    fs, io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use cheeper_protocol::Timestamp;
use rusqlite::{
    Connection,
    types::{ToSqlOutput, ValueRef},
};

use super::{
    super::{
        check,
        error::OpenError,
        lock::{INDEX, JOURNAL, LOG, StoreLock, beside},
        row::{META, text},
        schema::{self, Identity, VERSION},
    },
    error::CopyError,
    source::is_same_file,
};

/// What a restored store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Its last event; 0 if there is none.
    pub head: u64,
    /// Its new id.
    pub timeline: String,
    /// Where the store is now that was in its place.
    pub aside: Option<PathBuf>,
}

/// Puts the backup `from` in the place of the store at `path`, which nobody may be using.
pub fn restore(from: &Path, path: &Path) -> Result<Restored, CopyError> {
    if !from.exists() {
        return Err(CopyError::unsound(from, "there is no such file"));
    }
    if is_same_file(from, path) {
        return Err(CopyError::InUse(from.to_owned()));
    }
    if fs::metadata(beside(from, LOG)).is_ok_and(|log| log.len() > 0) {
        return Err(CopyError::WithLog(from.to_owned()));
    }
    check::begins_as_a_store(from).map_err(|error| of_backup(from, error))?;
    let mut lock = StoreLock::take(path)?;
    let place = lock.path.clone();
    let mut made = Err(CopyError::unsound(from, "it could not be read"));
    let put = lock.put_new(|new, path| {
        made = make(from, new, path);
        match &mut made {
            Ok(restored) => {
                restored.aside = keep_aside(path).map_err(|error| OpenError::io(path, &error))?;
                Ok(())
            }
            // It is told below, in its own words.
            Err(_) => Err(OpenError::unusable(path, "no store was made")),
        }
    });
    let restored = made?;
    put?;
    for file in [LOG, INDEX, JOURNAL].map(|suffix| beside(&place, suffix)) {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(CopyError::write(&file, error.to_string()));
            }
            _ => {}
        }
    }
    Ok(restored)
}

/// What is wrong with a backup, without the advice that a store's own sentence has.
fn of_backup(from: &Path, error: OpenError) -> CopyError {
    match error {
        OpenError::Damaged { what, .. } | OpenError::Unusable { why: what, .. } => CopyError::unsound(from, what),
        OpenError::TooNew { .. } => CopyError::unsound(from, "it was written by a newer Cheeper"),
        error => CopyError::unsound(from, error.to_string()),
    }
}

/// Makes the new store and looks at all of it.
fn make(from: &Path, new: &Path, path: &Path) -> Result<Restored, CopyError> {
    let unsound = |error: rusqlite::Error| match OpenError::sqlite(path, &error) {
        error @ OpenError::Full { .. } => error.into(),
        _ => CopyError::unsound(from, error.to_string()),
    };
    let source = check::open(from).map_err(unsound)?;
    let sums = check::look_at_tables(from, &source).map_err(|error| of_backup(from, error))?;
    let sums = sums.ok_or_else(|| CopyError::unsound(from, "it is empty"))?;
    // It is written anew, without what is free in it, so that a store of an earlier version can give back its room from now on.
    let how: u8 = source.pragma_query_value(None, "auto_vacuum", |row| row.get(0)).map_err(unsound)?;
    if how == 0 {
        source.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(unsound)?;
    }
    let into = ToSqlOutput::Borrowed(ValueRef::Text(new.as_os_str().as_bytes()));
    source.execute("VACUUM INTO ?", [into]).map_err(unsound)?;
    drop(source);
    let db = Connection::open(new).map_err(unsound)?;
    db.pragma_update(None, "journal_mode", "MEMORY").map_err(unsound)?;
    if let Some(what) = check::damages(&db, sums).map_err(unsound)?.into_iter().next() {
        return Err(CopyError::unsound(from, what));
    }
    let timeline = rename(&db).map_err(unsound)?.ok_or_else(|| CopyError::unsound(from, "its key is damaged"))?;
    let version = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(unsound)?;
    let head = schema::head(&db, VERSION.min(version)).map_err(unsound)?.try_into().unwrap_or_default();
    db.close().map_err(|(_, error)| unsound(error))?;
    Ok(Restored { head, timeline, aside: None })
}

/// Gives the timeline another id, and says which; none if its key is damaged.
fn rename(db: &Connection) -> rusqlite::Result<Option<String>> {
    let Some(identity) = Identity::read(db)? else { return Ok(None) };
    let timeline: String = db.query_row("SELECT lower(hex(randomblob(8)))", [], |row| row.get(0))?;
    let transaction = db.unchecked_transaction()?;
    transaction.execute("DELETE FROM meta", [])?;
    let meta = [text(&timeline), ValueRef::Blob(&identity.secret_key)];
    identity.sums().insert(&transaction, &META, &meta)?;
    transaction.commit()?;
    Ok(Some(timeline))
}

/// Gives what lies in a store's place a second name, which it keeps when another takes the place. None if nothing is there.
fn keep_aside(path: &Path) -> io::Result<Option<PathBuf>> {
    if !path.exists() {
        return Ok(None);
    }
    let at = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let names = (0..).map(|nth: u32| if nth == 0 { at.clone() } else { format!("{at}-{nth}") });
    let free = |name: String| Some(beside(path, &format!(".replaced-{name}"))).filter(|aside| !aside.exists());
    let Some(aside) = names.map(free).take(100).flatten().next() else {
        return Err(io::ErrorKind::AlreadyExists.into());
    };
    for suffix in ["", LOG, JOURNAL] {
        let (file, second) = (beside(path, suffix), beside(&aside, suffix));
        if !file.exists() {
            continue;
        }
        // Not every file system knows second names.
        if fs::hard_link(&file, &second).is_err() {
            fs::copy(&file, &second)?;
        }
    }
    Ok(Some(aside))
}
