//! The tables, their versions, and what a new store begins with.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, types::ValueRef};
use rusqlite_migration::{M, Migrations};

use super::{
    error::OpenError,
    row::{META, Sums, text},
};

/// "Chee", so that another program's database is never taken for ours.
pub(super) const APPLICATION_ID: i32 = 0x4368_6565;

/// What this program writes: as many migrations as there are.
pub(super) const VERSION: u8 = 1;

/// The last column of each table is the row's sum.
const MIGRATIONS: &[M] = &[M::up(
    "PRAGMA application_id = 0x43686565;
    CREATE TABLE meta (
        timeline TEXT NOT NULL,
        secret_key BLOB NOT NULL,
        sum INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE cheeps (
        seq INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        name TEXT NOT NULL,
        folded_name TEXT NOT NULL,
        cheep TEXT NOT NULL,
        verified INTEGER NOT NULL,
        reply_to INTEGER,
        id TEXT,
        sum INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX cheeps_by_author_and_id ON cheeps (folded_name, id) WHERE id IS NOT NULL;
    CREATE TABLE claims (
        folded_name TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        secret_hash BLOB NOT NULL,
        sum INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;",
)];

/// What a store is known by, and the key of its secrets.
pub(super) struct Identity {
    pub(super) timeline: String,
    pub(super) secret_key: [u8; 32],
}

impl Identity {
    /// None if it is damaged.
    pub(super) fn read(db: &Connection) -> rusqlite::Result<Option<Self>> {
        let sound = |row: &Row| {
            let (Ok(timeline), Ok(secret_key)) = (row.get(0), row.get(1)) else { return Ok(None) };
            let identity = Self { timeline, secret_key };
            Ok(identity.sums().hold(&META, row)?.then_some(identity))
        };
        let identity = db.query_row("SELECT * FROM meta", [], sound).optional()?;
        Ok(identity.flatten())
    }

    pub(super) fn sums(&self) -> Sums {
        Sums::new(&self.secret_key)
    }
}

/// Makes the tables of the store at `path` and draws its identity, in a new file that is not in its place yet. What is
/// written is in that file alone: nothing of it can be left in a log for which there is no room, and if it is cut off
/// the file goes with the next start.
pub(super) fn create(new: &Path, path: &Path) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| OpenError::sqlite(path, &error);
    let mut db = Connection::open(new).map_err(failed)?;
    db.pragma_update(None, "journal_mode", "MEMORY").map_err(failed)?;
    migrate(&mut db, path)?;
    let draw = "SELECT lower(hex(randomblob(8))), randomblob(32)";
    let draw = db.query_row(draw, [], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
    let (timeline, secret_key): (String, [u8; 32]) = draw.map_err(failed)?;
    let meta = [text(&timeline), ValueRef::Blob(&secret_key)];
    Sums::new(&secret_key).insert(&db, &META, &meta).map_err(failed)?;
    db.close().map_err(|(_, error)| failed(error))
}

/// Brings the tables to the version this program writes. Tables that are there already are not touched, so that a store
/// can be opened on a full disk.
pub(super) fn migrate(db: &mut Connection, path: &Path) -> Result<(), OpenError> {
    Migrations::from_slice(MIGRATIONS).to_latest(db).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => OpenError::sqlite(path, &err),
        other => OpenError::unusable(path, other.to_string()),
    })
}

/// Whether the tables and the index are as this version makes them. What is said of them is stored in the file as well,
/// where a flipped bit would make another index of one.
pub(super) fn is_ours(db: &Connection) -> rusqlite::Result<bool> {
    let objects = |db: &Connection| {
        let query = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'";
        let mut statement = db.prepare(query)?;
        let object = |row: &Row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?]);
        statement.query_map([], object)?.collect::<rusqlite::Result<Vec<_>>>()
    };
    let mut pattern = Connection::open_in_memory()?;
    // What cannot be made in memory is no fault of the file's.
    Migrations::from_slice(MIGRATIONS).to_latest(&mut pattern).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err,
        _ => rusqlite::Error::InvalidQuery,
    })?;
    let found = objects(db)?;
    Ok(objects(&pattern)?.iter().all(|object| found.contains(object)))
}

/// Writes the mark that the file has already: page 1, the smallest write there is.
pub(super) fn mark(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "application_id", APPLICATION_ID)
}
