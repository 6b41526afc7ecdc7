//! A store that somebody reads from outside: one that a server works with, or one that nobody does.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::super::{
    check::{self, Found},
    error::OpenError,
    lock::StoreLock,
    mark::APPLICATION_ID,
};

/// A connection that changes nothing.
pub(in super::super) struct Source {
    pub(in super::super) db: Connection,
    // The last to go, as with a store at work.
    _lock: Option<StoreLock>,
}

impl Source {
    /// The store at `path`. One that nobody uses is looked at as a start does, and kept from servers while this lives.
    pub(in super::super) fn open(path: &Path) -> Result<Self, OpenError> {
        if !path.exists() {
            return Err(OpenError::unusable(path, "there is no such file"));
        }
        check::begins_as_a_store(path)?;
        match StoreLock::take(path) {
            Ok(lock) => {
                if matches!(check::look(&lock)?, Found::Nothing) {
                    return Err(OpenError::unusable(path, "it is empty"));
                }
                let db = check::open(&lock.path).map_err(|error| OpenError::sqlite(path, &error))?;
                Ok(Self { db, _lock: Some(lock) })
            }
            Err(OpenError::Locked { .. }) => Self::beside_a_server(path),
            Err(error) => Err(error),
        }
    }

    /// As the server's own readers do. It may not be read only: should the server end meanwhile, the last to let go of the
    /// log carries it over.
    fn beside_a_server(path: &Path) -> Result<Self, OpenError> {
        let failed = |error: rusqlite::Error| OpenError::sqlite(path, &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(failed)?;
        db.pragma_update(None, "query_only", true).map_err(failed)?;
        let application: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed)?;
        if application != APPLICATION_ID {
            return Err(OpenError::damaged(path, "it belongs to another program"));
        }
        Ok(Self { db, _lock: None })
    }
}

/// Whether two names are of one file. Of one that is not there they are not.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok().is_some_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}
