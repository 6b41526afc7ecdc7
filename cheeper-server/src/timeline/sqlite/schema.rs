//! The tables, their versions, and the checks a file must pass before anything is written to it.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{M, Migrations};

use super::{OpenError, place::beside};

/// "Chee", so that another program's database is never taken for ours.
const APPLICATION_ID: i32 = 0x4368_6565;

/// Each is one transaction, so that a store is made with its mark, its id and its key, or not at all.
const MIGRATIONS: &[M] = &[M::up(
    "PRAGMA application_id = 0x43686565;
    CREATE TABLE meta (
        timeline TEXT NOT NULL,
        secret_key BLOB NOT NULL
    ) STRICT;
    CREATE TABLE cheeps (
        seq INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        name TEXT NOT NULL,
        folded_name TEXT NOT NULL,
        cheep TEXT NOT NULL,
        verified INTEGER NOT NULL,
        reply_to INTEGER,
        id TEXT
    ) STRICT;
    CREATE UNIQUE INDEX cheeps_by_author_and_id ON cheeps (folded_name, id) WHERE id IS NOT NULL;
    CREATE TABLE claims (
        folded_name TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        secret_hash BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO meta VALUES (lower(hex(randomblob(8))), randomblob(32));",
)];

/// Looks at an existing file without changing it.
pub(super) fn check(path: &Path) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::damaged(path, "it is not a Cheeper store"),
        _ => OpenError::sqlite(path, &error),
    };
    let db = look_into(path).map_err(failed)?;
    let number = |query: &str| db.query_row(query, [], |row| row.get::<_, i64>(0)).map_err(failed);
    let (application, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    let is_new = version == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0;
    if is_new {
        return Ok(());
    }
    if application != i64::from(APPLICATION_ID) {
        return Err(OpenError::damaged(path, "it belongs to another program"));
    }
    if usize::try_from(version).map_or(true, |version| version > MIGRATIONS.len()) {
        return Err(OpenError::TooNew { path: path.to_owned() });
    }
    let verdict: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        // SQLite's report has several lines.
        return Err(OpenError::damaged(path, verdict.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    let dense = number("SELECT count(*) = coalesce(max(seq), 0) AND coalesce(min(seq), 1) = 1 FROM cheeps")?;
    if dense == 1 { Ok(()) } else { Err(OpenError::damaged(path, "cheeps are missing from it")) }
}

/// Even a reader makes files beside a database in WAL mode, unless it is told that nobody writes. Our lock sees to that;
/// only a log that a killed server left has to be read with the rest.
fn look_into(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match path.to_str().filter(|_| !beside(path, "-wal").exists()) {
        None => Connection::open_with_flags(path, flags),
        Some(path) => {
            let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
            Connection::open_with_flags(format!("file:{path}?immutable=1"), flags | OpenFlags::SQLITE_OPEN_URI)
        }
    }
}

/// Brings the tables to the version this program writes. Tables that are there already are not touched, so that a store
/// can be opened on a full disk.
pub(super) fn migrate(db: &mut Connection, path: &Path) -> Result<(), OpenError> {
    Migrations::from_slice(MIGRATIONS).to_latest(db).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => OpenError::sqlite(path, &err),
        other => OpenError::unusable(path, other.to_string()),
    })
}

/// Writes the mark that the file has already: the smallest write there is, to see whether the disk takes one.
pub(super) fn mark(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "application_id", APPLICATION_ID)
}
