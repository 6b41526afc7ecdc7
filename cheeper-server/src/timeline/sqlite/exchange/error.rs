//! Why nothing was written, or nothing made of what was read.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::super::error::OpenError;

/// Why nothing came of it. Each is one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each has a sentence that says what it is")]
pub enum ExchangeError {
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error("the store {} is of an earlier version: start and stop the server once, which brings it up to date", .0.display())]
    Old(PathBuf),
    #[error("there is a store {} already: choose another file with --data", .0.display())]
    Exists(PathBuf),
    #[error("there is a file {} already: name another one, or remove it first", .0.display())]
    FileExists(PathBuf),
    #[error("it could not be written: {0}")]
    Write(io::Error),
    #[error("it could not be read: {0}")]
    Read(io::Error),
    #[error("{} could not be read: {why}", .file.display())]
    Open { file: PathBuf, why: io::Error },
    #[error("line {nth}: {why}; nothing was imported")]
    Line { nth: u64, why: String },
    #[error("the lines make no sound timeline: {0}; nothing was imported")]
    Unsound(String),
    #[error("{0} events of the store are damaged, and their lines say so: restore a backup, and export that")]
    Damaged(u64),
}

impl ExchangeError {
    pub(super) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        OpenError::sqlite(path, error).into()
    }
}
