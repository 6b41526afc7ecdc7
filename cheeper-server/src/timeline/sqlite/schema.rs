//! The tables, their versions, and the checks a file must pass before anything is written to it.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};

use super::OpenError;

/// "Chee", so that another program's database is never taken for ours.
const APPLICATION_ID: i32 = 0x4368_6565;

const MIGRATIONS: &[M] = &[M::up(
    "CREATE TABLE meta (
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
    ) STRICT, WITHOUT ROWID;",
)];

/// Looks at an existing file without changing it.
pub(super) fn check(path: &Path) -> Result<(), OpenError> {
    let not_ours = |_| OpenError::Damaged { path: path.to_owned(), what: "it is not a Cheeper store".to_owned() };
    let db = look_into(path).map_err(|error| OpenError::unusable(path, &error))?;
    let number = |query: &str| db.query_row(query, [], |row| row.get::<_, i64>(0));
    let application = number("PRAGMA application_id").map_err(not_ours)?;
    let version = number("PRAGMA user_version").map_err(not_ours)?;
    let is_new = number("SELECT count(*) FROM sqlite_schema").map_err(not_ours)? == 0 && version == 0;
    if is_new {
        return Ok(());
    }
    let damaged = |what: String| OpenError::Damaged { path: path.to_owned(), what };
    if application != i64::from(APPLICATION_ID) {
        return Err(damaged("it belongs to another program".to_owned()));
    }
    if usize::try_from(version).map_or(true, |version| version > MIGRATIONS.len()) {
        return Err(OpenError::TooNew { path: path.to_owned() });
    }
    let verdict: String =
        db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|error| damaged(error.to_string()))?;
    if verdict != "ok" {
        // SQLite's report has several lines.
        return Err(damaged(verdict.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    let dense = db
        .query_row("SELECT count(*) = coalesce(max(seq), 0) AND coalesce(min(seq), 1) = 1 FROM cheeps", [], |row| {
            row.get(0)
        })
        .map_err(|error| damaged(error.to_string()))?;
    if dense { Ok(()) } else { Err(damaged("cheeps are missing from it".to_owned())) }
}

/// Even a reader makes files beside a database in WAL mode, unless it is told that nobody writes. Our lock sees to that;
/// only a log that a killed server left has to be read with the rest.
fn look_into(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    match path.to_str().filter(|_| !Path::new(&log).exists()) {
        None => Connection::open_with_flags(path, flags),
        Some(path) => {
            let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
            Connection::open_with_flags(format!("file:{path}?immutable=1"), flags | OpenFlags::SQLITE_OPEN_URI)
        }
    }
}

/// Brings the tables to the version this program writes.
pub(super) fn migrate(db: &mut Connection) -> Result<(), rusqlite_migration::Error> {
    db.pragma_update(None, "application_id", APPLICATION_ID)?;
    Migrations::from_slice(MIGRATIONS).to_latest(db)
}
