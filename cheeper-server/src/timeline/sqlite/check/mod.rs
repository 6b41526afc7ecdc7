//! What a store must pass before anything is written to it. Nothing here changes a byte of any of its files.
//!
//! A start must not take longer the more people have written, so it looks at what a start and the next writes go by: the head
//! of the file, the log, the tables' definitions, the key, the free pages, and the newest rows ([`newest`]). All else is
//! [`thorough`]: behind the start, by a thread of its own ([`behind`]), and when the host asks for it ([`look_at_all`]).
//! What is damaged meanwhile is passed over where it is read, as each row has a sum.

pub(super) mod behind;
mod newest;
mod thorough;

use std::{
    fs::{self, File},
    io::{self, BufReader, Read as _},
    os::unix::ffi::OsStrExt as _,
    path::Path,
};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use self::thorough::{Thorough, damaged_structure};
use super::{
    error::OpenError,
    lock::{INDEX, JOURNAL, LOG, StoreLock, beside},
    mark::APPLICATION_ID,
    row::Sums,
    schema::{self, Identity, VERSION},
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
        let head = is_database.then(|| Self {
            page_bytes: match u16::from_be_bytes([bytes[16], bytes[17]]) {
                1 => 65536,
                bytes => bytes.into(),
            },
            cookie: number(40),
            has_log: bytes[18] == 2,
        });
        // The log is read by the size of a page. To what is of a later kind than 2, with a log, SQLite would not write.
        let is_of_a_kind = |head: &Self| bytes[18] == bytes[19] && matches!(bytes[18], 1 | 2) && head.page_bytes >= 512;
        head.filter(|head| head.page_bytes.is_power_of_two() && is_of_a_kind(head))
    }
}

/// Looks at what is in the place, as far as a start goes by it.
pub(super) fn look(lock: &StoreLock) -> Result<Found, OpenError> {
    let Some(head) = look_at_files(lock)? else { return Ok(Found::Nothing) };
    let failed = |error| failed(&lock.path, &error);
    let db = open(&lock.path).map_err(failed)?;
    let Some(sums) = look_at_tables(&lock.path, &db)? else { return Ok(Found::Nothing) };
    match newest::look_at(&db, sums).map_err(failed)? {
        None => Ok(Found::Store(head)),
        Some(what) => Err(OpenError::damaged(&lock.path, what)),
    }
}

/// Looks at all of the store at `path`, and gives each thing that is wrong with it.
pub(super) fn look_at_all(path: &Path) -> Result<Vec<String>, OpenError> {
    if !path.exists() {
        return Err(OpenError::unusable(path, "there is no such file"));
    }
    begins_as_a_store(path)?;
    let lock = StoreLock::take(path)?;
    let is_empty = || OpenError::unusable(path, "it is empty");
    look_at_files(&lock)?.ok_or_else(is_empty)?;
    let failed = |error| failed(&lock.path, &error);
    let db = open(&lock.path).map_err(failed)?;
    let sums = look_at_tables(&lock.path, &db)?.ok_or_else(is_empty)?;
    damages(&db, sums).map_err(failed)
}

/// All that is wrong with a store that nobody changes meanwhile.
pub(super) fn damages(db: &Connection, sums: Sums) -> rusqlite::Result<Vec<String>> {
    let mut findings = Vec::new();
    Thorough::new(db, sums).run(&mut |finding| findings.push(finding.what))?;
    Ok(findings)
}

/// Refuses what is certainly no store, before a lock is put beside it. With a log beside it, that has its say too.
pub(super) fn begins_as_a_store(path: &Path) -> Result<(), OpenError> {
    let failed = |error: io::Error| OpenError::io(path, &error);
    let path = &fs::canonicalize(path).map_err(failed)?;
    if !path.is_file() || beside(path, LOG).exists() {
        return Ok(());
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(HEAD_BYTES as u64).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.is_empty() {
        return Err(OpenError::unusable(path, "it is empty"));
    }
    Head::parse(&bytes).ok_or_else(|| OpenError::damaged(path, "it is not a Cheeper store"))?;
    if bytes[68..72] == APPLICATION_ID.to_be_bytes() {
        Ok(())
    } else {
        Err(OpenError::damaged(path, "it belongs to another program"))
    }
}

/// Checks that the files belong together, and that the log is whole. None if there certainly is nothing.
fn look_at_files(lock: &StoreLock) -> Result<Option<Head>, OpenError> {
    let path = &lock.path;
    let bytes = lock.first_bytes::<HEAD_BYTES>()?;
    // SQLite would carry it over into the database without asking. We never leave one.
    if length(lock, JOURNAL)? > 0 {
        return Err(OpenError::Journal { path: path.clone() });
    }
    if bytes.is_empty() {
        return if length(lock, LOG)? > 0 { Err(OpenError::OnlyLog { path: path.clone() }) } else { Ok(None) };
    }
    let head = Head::parse(&bytes).ok_or_else(|| OpenError::damaged(path, "it is not a Cheeper store"))?;
    let log = read_log(lock, head)?;
    // A log always has page 1 in it, as the writer sees to, and with it the cookie of the database that it belongs to.
    if !log.cookies.is_empty() && !log.cookies.contains(&head.cookie) {
        return Err(OpenError::ForeignLog { path: path.clone() });
    }
    Ok(Some(head))
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

fn failed(path: &Path, error: &rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::damaged(path, "it is not a Cheeper store"),
        _ => OpenError::sqlite(path, error),
    }
}

/// Checks the tables, if there are any: what their rows are checked by.
pub(super) fn look_at_tables(path: &Path, db: &Connection) -> Result<Option<Sums>, OpenError> {
    let damaged = |what: &str| OpenError::damaged(path, what);
    let failed = |error: rusqlite::Error| failed(path, &error);
    let number = |query: &str| db.query_row(query, [], |row| row.get::<_, i64>(0)).map_err(failed);
    let (application, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if (application, version, tables) == (0, 0, 0) {
        return Ok(None);
    }
    if application != i64::from(APPLICATION_ID) {
        return Err(damaged("it belongs to another program"));
    }
    let version = match u8::try_from(version) {
        Ok(version @ 1..=VERSION) => version,
        _ if version > i64::from(VERSION) => return Err(OpenError::TooNew { path: path.to_owned() }),
        _ => return Err(damaged("its version number is damaged")),
    };
    if !schema::is_ours(db, version).map_err(failed)? {
        return Err(damaged("its tables are not as they were made"));
    }
    // Of the pages it is only seen to those that the next writes will take: what is named free and is not would be lost.
    let verdict: String = db.query_row("PRAGMA quick_check(sqlite_schema)", [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        return Err(damaged(&damaged_structure(&verdict)));
    }
    let identity = Identity::read(db).map_err(failed)?.ok_or_else(|| damaged("its key is damaged"))?;
    Ok(Some(identity.sums()))
}

/// A connection that makes no files and changes none. SQLite reads a log with the rest, but would share its index in a
/// file; one that has the database to itself keeps that in memory. It cannot lock what it may not write, and need not:
/// our own locks keep all other servers away. Without a log it has to be told that nobody writes, or would make one.
pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let name = percent_encode(path.as_os_str().as_bytes(), NOT_IN_A_PATH);
    let how = if beside(path, LOG).exists() { "vfs=unix-none" } else { "immutable=1" };
    let db = Connection::open_with_flags(format!("file:{name}?{how}"), flags)?;
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    Ok(db)
}
