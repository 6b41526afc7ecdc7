//! What a store must pass before anything is written to it. Nothing here changes a byte of any of its files.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read as _},
    os::unix::ffi::OsStrExt as _,
};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, types::ValueRef};

use super::{
    error::OpenError,
    lock::{INDEX, JOURNAL, LOG, StoreLock, beside},
    row::{CHEEPS, CLAIMS, Sums},
    schema::{self, APPLICATION_ID, Identity, VERSION},
    wal::{self, Log, LogError},
};

/// Bytes of a database's head.
const HEAD_BYTES: usize = 100;
/// What would not stand for itself in the path of a `file:` address.
const NOT_IN_A_PATH: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// What lies in the place of a store.
pub(super) enum Found {
    /// Nothing, or a file that certainly holds nothing.
    Nothing,
    Store(Head),
}

/// What the database says of itself at its beginning.
#[derive(Clone, Copy)]
pub(super) struct Head {
    page_bytes: usize,
    cookie: u32,
    /// A new store and a copy that SQLite made by VACUUM have none until they are opened.
    pub(super) has_log: bool,
}

impl Head {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let is_database = bytes.len() == HEAD_BYTES && bytes.starts_with(b"SQLite format 3\0");
        // 1 stands for 65536, which fits no 16 bits.
        is_database.then(|| Self {
            page_bytes: match u16::from_be_bytes([bytes[16], bytes[17]]) {
                1 => 65536,
                bytes => bytes.into(),
            },
            cookie: number(40),
            has_log: bytes[18] == 2,
        })
    }
}

/// Looks at everything in the place.
pub(super) fn look(lock: &StoreLock) -> Result<Found, OpenError> {
    let path = &lock.path;
    let damaged = |what: &str| OpenError::damaged(path, what);
    let bytes = lock.first_bytes::<HEAD_BYTES>()?;
    // SQLite would carry it over into the database without asking. We never leave one.
    if length(lock, JOURNAL)? > 0 {
        return Err(OpenError::Journal { path: path.clone() });
    }
    if bytes.is_empty() {
        return if length(lock, LOG)? > 0 {
            Err(OpenError::OnlyLog { path: path.clone() })
        } else {
            Ok(Found::Nothing)
        };
    }
    let head = Head::parse(&bytes).ok_or_else(|| damaged("it is not a Cheeper store"))?;
    let log = read_log(lock, head)?;
    // A log always has page 1 in it, as the writer sees to, and with it the cookie of the database that it belongs to.
    if !log.cookies.is_empty() && !log.cookies.contains(&head.cookie) {
        return Err(OpenError::ForeignLog { path: path.clone() });
    }
    if look_into(lock)? { Ok(Found::Store(head)) } else { Ok(Found::Nothing) }
}

fn length(lock: &StoreLock, suffix: &str) -> Result<u64, OpenError> {
    match fs::metadata(beside(&lock.path, suffix)) {
        Ok(file) => Ok(file.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(OpenError::io(&lock.path, &error)),
    }
}

fn read_log(lock: &StoreLock, head: Head) -> Result<Log, OpenError> {
    let failed = |error: io::Error| OpenError::io(&lock.path, &error);
    if length(lock, LOG)? == 0 {
        return Ok(Log::default());
    }
    let witness = match File::open(beside(&lock.path, INDEX)) {
        Ok(index) => {
            let mut bytes = Vec::new();
            index.take(4096).read_to_end(&mut bytes).map_err(failed)?;
            wal::witness(&bytes)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    let log = BufReader::new(File::open(beside(&lock.path, LOG)).map_err(failed)?);
    wal::read(log, head.page_bytes, witness).map_err(|error| match error {
        LogError::Io(error) => failed(error),
        LogError::Damaged => OpenError::DamagedLog { path: lock.path.clone() },
    })
}

/// Checks the tables, and tells whether there are any.
fn look_into(lock: &StoreLock) -> Result<bool, OpenError> {
    let path = &lock.path;
    let damaged = |what: &str| OpenError::damaged(path, what);
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => damaged("it is not a Cheeper store"),
        _ => OpenError::sqlite(path, &error),
    };
    let db = open(lock).map_err(failed)?;
    let number = |query: &str| db.query_row(query, [], |row| row.get::<_, i64>(0)).map_err(failed);
    let (application, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if (application, version, tables) == (0, 0, 0) {
        return Ok(false);
    }
    if application != i64::from(APPLICATION_ID) {
        return Err(damaged("it belongs to another program"));
    }
    match version {
        _ if version == i64::from(VERSION) => {}
        _ if version > i64::from(VERSION) => return Err(OpenError::TooNew { path: path.clone() }),
        _ => return Err(damaged("its version number is damaged")),
    }
    if !schema::is_ours(&db).map_err(failed)? {
        return Err(damaged("its tables are not as they were made"));
    }
    let verdict: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        // SQLite's report has several lines.
        return Err(damaged(&verdict.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    let identity = Identity::read(&db).map_err(failed)?.ok_or_else(|| damaged("its key is damaged"))?;
    look_at_rows(&db, identity.sums()).map_err(failed)?.map_or(Ok(true), |what| Err(damaged(&what)))
}

/// What is wrong with the rows, if anything is. Each table is read once from its beginning to its end, so that a large
/// store takes seconds and not minutes: SQLite's own check of an index would look up each of its rows.
fn look_at_rows(db: &Connection, sums: Sums) -> rusqlite::Result<Option<String>> {
    // What the index must hold. Sums that are added up are equal if they are of the same rows, in whatever order.
    let mut indexed = 0_i64;
    let entry = |row: &Row, [name, id, seq]: [usize; 3]| -> rusqlite::Result<i64> {
        Ok(sums.of("index", [row.get_ref(name)?, row.get_ref(id)?, row.get_ref(seq)?]))
    };
    let mut statement = db.prepare("SELECT * FROM cheeps ORDER BY seq")?;
    let (mut rows, mut seqs) = (statement.query([])?, 1_i64..);
    while let (Some(row), Some(expected)) = (rows.next()?, seqs.next()) {
        if row.get_ref(0)?.as_i64() != Ok(expected) {
            return Ok(Some(format!("cheep {expected} is missing from it")));
        }
        if !sums.hold(&CHEEPS, row)? {
            return Ok(Some(format!("cheep {expected} is damaged")));
        }
        if row.get_ref(7)? != ValueRef::Null {
            indexed = indexed.wrapping_add(entry(row, [3, 7, 0])?);
        }
    }
    let query = "SELECT folded_name, id, seq FROM cheeps INDEXED BY cheeps_by_author_and_id WHERE id IS NOT NULL";
    let mut statement = db.prepare(query)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        indexed = indexed.wrapping_sub(entry(row, [0, 1, 2])?);
    }
    if indexed != 0 {
        return Ok(Some("the index of its cheeps is damaged".to_owned()));
    }
    let mut statement = db.prepare("SELECT * FROM claims")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if !sums.hold(&CLAIMS, row)? {
            return Ok(Some("a claim of a name is damaged".to_owned()));
        }
    }
    Ok(None)
}

/// A connection that makes no files and changes none. SQLite reads a log with the rest, but would share its index in a
/// file; one that has the database to itself keeps that in memory. It cannot lock what it may not write, and need not:
/// our own locks keep all other servers away. Without a log it has to be told that nobody writes, or would make one.
fn open(lock: &StoreLock) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let path = percent_encode(lock.path.as_os_str().as_bytes(), NOT_IN_A_PATH);
    let how = if beside(&lock.path, LOG).exists() { "vfs=unix-none" } else { "immutable=1" };
    let db = Connection::open_with_flags(format!("file:{path}?{how}"), flags)?;
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    Ok(db)
}
