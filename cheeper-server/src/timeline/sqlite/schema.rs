//! The tables, their versions, and what a new store begins with.

use std::path::Path;

use cheeper_protocol::{CheepState, Seq};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, types::ValueRef};
use rusqlite_migration::{HookResult, M, Migrations};

use super::{
    checkpoint,
    error::OpenError,
    mark,
    row::{META, StateRow, Sums, text},
};
use crate::timeline::command::skeletons;

/// What this program writes: as many migrations as there are.
pub(super) const VERSION: u8 = 3;

/// The last column of each table is the row's sum.
pub(super) const FIRST: &str = "PRAGMA application_id = 0x43686565;
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
    ) STRICT, WITHOUT ROWID;";

/// Changes of cheeps. The rows of cheeps stay as they were posted, so that an old store needs none of them written anew: what
/// has become of a cheep stands beside it, in `states`, and only if something has. `answers` is the index by which threads are
/// read, and says how many the parent had then.
const CHANGES: &str = "CREATE TABLE answers (
        parent INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        parent_replies INTEGER NOT NULL,
        sum INTEGER NOT NULL,
        PRIMARY KEY (parent, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE states (
        seq INTEGER PRIMARY KEY,
        rev INTEGER NOT NULL,
        edited_at_ms INTEGER,
        last_edit INTEGER,
        deleted_by TEXT,
        deletion INTEGER,
        replies INTEGER NOT NULL,
        reactions TEXT,
        fingerprint BLOB,
        sum INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE changes (
        seq INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        kind TEXT NOT NULL,
        is_void INTEGER NOT NULL,
        target INTEGER NOT NULL,
        folded_name TEXT,
        id TEXT,
        fingerprint BLOB,
        content TEXT NOT NULL,
        sum INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX changes_by_target ON changes (target);
    CREATE UNIQUE INDEX changes_by_author_and_id ON changes (folded_name, id) WHERE id IS NOT NULL;
    CREATE TABLE reactions (
        target INTEGER NOT NULL,
        emoji TEXT NOT NULL,
        folded_name TEXT NOT NULL,
        name TEXT NOT NULL,
        seq INTEGER NOT NULL,
        sum INTEGER NOT NULL,
        PRIMARY KEY (target, emoji, folded_name)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX reactions_by_seq ON reactions (target, emoji, seq);";

/// Who may come in and who may write, and the audit. None of these tables needs an index beside its key. Names that look alike
/// have a skeleton in common; those of a name that is released go. A mute stands under a folded name, a text, or a
/// person, an integer. The floor is the last place of which nothing is kept; without a row all is.
const MODERATION: &str = "CREATE TABLE lookalikes (
        skeleton TEXT NOT NULL,
        folded_name TEXT NOT NULL,
        sum INTEGER NOT NULL,
        PRIMARY KEY (skeleton, folded_name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE releases (
        folded_name TEXT NOT NULL,
        up_to INTEGER NOT NULL,
        entry INTEGER NOT NULL,
        name TEXT NOT NULL,
        secret_hash BLOB NOT NULL,
        sum INTEGER NOT NULL,
        PRIMARY KEY (folded_name, up_to, entry)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE mutes (
        who ANY NOT NULL,
        entry INTEGER NOT NULL,
        until_ms INTEGER,
        sum INTEGER NOT NULL,
        PRIMARY KEY (who, entry)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE links (
        link INTEGER PRIMARY KEY,
        role TEXT NOT NULL,
        token_hash BLOB NOT NULL,
        ends_at_ms INTEGER,
        sessions INTEGER NOT NULL,
        is_ended INTEGER NOT NULL,
        sum INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE sessions (
        link INTEGER NOT NULL,
        entry INTEGER NOT NULL,
        session_hash BLOB NOT NULL,
        person INTEGER NOT NULL,
        sum INTEGER NOT NULL,
        PRIMARY KEY (link, entry)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE audit (
        entry INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        by_link INTEGER,
        is_arrival INTEGER NOT NULL,
        action TEXT NOT NULL,
        undone_by INTEGER,
        sum INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE floor (
        seq INTEGER NOT NULL,
        sum INTEGER NOT NULL
    ) STRICT;";

fn migrations() -> Migrations<'static> {
    let steps = [M::up(FIRST), M::up_with_hook(CHANGES, count_answers), M::up_with_hook(MODERATION, note_lookalikes)];
    Migrations::from_iter(steps)
}

/// Names that were claimed before it was seen to what looks like them.
fn note_lookalikes(transaction: &Transaction) -> HookResult {
    let Some(identity) = Identity::read(transaction)? else { return Ok(()) };
    let sums = identity.sums();
    let mut statement = transaction.prepare("SELECT * FROM claims")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        // One that is damaged is nobody's until somebody looks at it.
        if let Some((folded, holder)) = sums.claim(row)? {
            sums.insert_lookalikes(transaction, &folded, &skeletons(&holder.name))?;
        }
    }
    Ok(())
}

/// Answers of a store of version 1, in which nothing else could change a cheep.
fn count_answers(transaction: &Transaction) -> HookResult {
    // A new store has no key yet, and no answers.
    let Some(identity) = Identity::read(transaction)? else { return Ok(()) };
    let sums = identity.sums();
    let mut last: Option<(Seq, CheepState)> = None;
    let put = |last: Option<(Seq, CheepState)>| match last {
        Some((parent, state)) => sums.put_state_of(transaction, parent, &state, &StateRow::default()),
        None => Ok(()),
    };
    let query = "SELECT reply_to, seq FROM cheeps WHERE reply_to IS NOT NULL ORDER BY reply_to, seq";
    let mut statement = transaction.prepare(query)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let seq = |column| Ok::<_, rusqlite::Error>(Seq::new(row.get(column)?).unwrap_or_default());
        let (parent, answer) = (seq(0)?, seq(1)?);
        let replies = match &last {
            Some((known, state)) if *known == parent => state.replies + 1,
            _ => {
                put(last.take())?;
                1
            }
        };
        sums.insert_answer(transaction, parent, answer, replies)?;
        last = Some((parent, CheepState { rev: Some(answer), replies, ..CheepState::default() }));
    }
    Ok(put(last)?)
}

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
    // It has to be said before there is a table: then the file can become shorter again.
    db.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(failed)?;
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
/// can be opened on a full disk. It is done whole or not at all: cut off, the next start begins it anew.
pub(super) fn migrate(db: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| OpenError::sqlite(path, &error);
    let version: u8 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    let is_old = version > 0 && version < VERSION;
    if is_old {
        tracing::info!(from = version, to = VERSION, "bringing the store to the tables of this version");
        // New tables give the database another schema cookie, and a log says by its cookies whose it is: it begins with
        // the one that the database has until the log is carried over.
        mark::mark(db).map_err(failed)?;
    }
    migrations().to_latest(db).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => failed(err),
        other => OpenError::unusable(path, other.to_string()),
    })?;
    if is_old {
        // It may be as long as the database.
        checkpoint::finish(db);
    }
    Ok(())
}

/// Whether the tables and the indexes are as that version makes them. What is said of them is stored in the file as well,
/// where a flipped bit would make another index of one.
pub(super) fn is_ours(db: &Connection, version: u8) -> rusqlite::Result<bool> {
    let objects = |db: &Connection| {
        let query = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'";
        let mut statement = db.prepare(query)?;
        let object = |row: &Row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?]);
        statement.query_map([], object)?.collect::<rusqlite::Result<Vec<_>>>()
    };
    let mut pattern = Connection::open_in_memory()?;
    // What cannot be made in memory is no fault of the file's.
    migrations().to_version(&mut pattern, version.into()).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err,
        _ => rusqlite::Error::InvalidQuery,
    })?;
    let found = objects(db)?;
    Ok(objects(&pattern)?.iter().all(|object| found.contains(object)))
}

/// The place of the newest event, as an expression over the tables of a version.
pub(super) fn newest(version: u8) -> &'static str {
    match version {
        1 => "SELECT coalesce(max(seq), 0) FROM cheeps",
        2 => "SELECT max((SELECT coalesce(max(seq), 0) FROM cheeps), (SELECT coalesce(max(seq), 0) FROM changes))",
        // All may be gone, and no place is given twice.
        _ => {
            "SELECT max((SELECT coalesce(max(seq), 0) FROM cheeps), (SELECT coalesce(max(seq), 0) FROM changes),
                (SELECT coalesce(max(seq), 0) FROM floor))"
        }
    }
}

/// The place of the first event that is still kept.
pub(super) fn floor(db: &Connection) -> rusqlite::Result<Seq> {
    let last: Option<u64> = db.prepare_cached("SELECT seq FROM floor")?.query_row([], |row| row.get(0)).optional()?;
    Ok(last.and_then(Seq::new).unwrap_or_default().next())
}

/// The same, of tables of a version.
pub(super) fn floor_of(db: &Connection, version: u8) -> rusqlite::Result<Seq> {
    if version < 3 { Ok(Seq::ZERO.next()) } else { floor(db) }
}

/// The place of the newest event.
pub(super) fn head(db: &Connection, version: u8) -> rusqlite::Result<i64> {
    db.query_row(newest(version), [], |row| row.get(0))
}
