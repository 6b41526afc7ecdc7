//! Why a store cannot be used, in one sentence that says what to do.

use std::{
    io,
    path::{Path, PathBuf},
};

use rusqlite::{ErrorCode, ffi};

/// Why a store cannot be used. Each is one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each has a sentence that says what it is")]
pub enum OpenError {
    #[error("another server uses the store {path}: stop it, or choose another file with --data", path = .path.display())]
    Locked { path: PathBuf },
    #[error(
        "the store {path} cannot be used: {what}; restore a backup, move the file away, or choose another with --data",
        path = .path.display()
    )]
    Damaged { path: PathBuf, what: String },
    #[error(
        "the log {path}-wal is damaged, and the newest cheeps of the store {path} are in it: restore a backup, \
         or remove {path}-wal and {path}-shm to go on without what is in them",
        path = .path.display()
    )]
    DamagedLog { path: PathBuf },
    #[error(
        "the log {path}-wal does not belong to the store {path}: if that is a backup that you restored, remove \
         {path}-wal and {path}-shm, which are left from before; else restore the store together with them",
        path = .path.display()
    )]
    ForeignLog { path: PathBuf },
    #[error(
        "the store {path} is missing or empty though its log {path}-wal is there: put the store back, \
         or remove {path}-wal and {path}-shm to start afresh",
        path = .path.display()
    )]
    OnlyLog { path: PathBuf },
    #[error(
        "another program was cut off while it wrote to the store {path}, and left {path}-journal: \
         let that program open the store once, or remove {path}-journal if you restored the store since",
        path = .path.display()
    )]
    Journal { path: PathBuf },
    #[error("the store {path} was written by a newer Cheeper: update this one", path = .path.display())]
    TooNew { path: PathBuf },
    #[error("the disk is full, and the store {path} needs a little room to start: make some, then start again", path = .path.display())]
    Full { path: PathBuf },
    #[error("the store {path} cannot be opened: {why}; check the path given with --data and its permissions", path = .path.display())]
    Unusable { path: PathBuf, why: String },
}

impl OpenError {
    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }

    pub(super) fn unusable(path: &Path, why: impl Into<String>) -> Self {
        Self::Unusable { path: path.to_owned(), why: why.into() }
    }

    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path: path.to_owned() },
            _ => Self::unusable(path, error.to_string()),
        }
    }

    pub(super) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let code = error.sqlite_error();
        match code.map(|error| error.code) {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::damaged(path, error.to_string()),
            Some(ErrorCode::DiskFull) => Self::Full { path: path.to_owned() },
            // What its connections share lies in a file of its own, and this one could not grow.
            _ if code.is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_SHMSIZE) => {
                Self::Full { path: path.to_owned() }
            }
            _ => Self::unusable(path, error.to_string()),
        }
    }
}
