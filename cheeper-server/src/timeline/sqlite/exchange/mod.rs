//! A timeline in lines of JSON, for whoever wants to read it with something else, keep it for long, or move it.
//!
//! The first line says what the others are ([`line::Header`]). These are events as clients get them: either every one in its
//! place, from which the same timeline can be made, or the cheeps alone, as they are now. What is deleted is in none of them, nor
//! is a secret: who imports them begins without claims, links and mutes.

mod export;
mod import;
mod line;

use std::{
    io,
    path::{Path, PathBuf},
};

pub use self::{
    export::{Exported, export},
    import::{Imported, import},
    line::What,
};
use super::error::OpenError;

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
    #[error("it could not be written: {0}")]
    Write(io::Error),
    #[error("it could not be read: {0}")]
    Read(io::Error),
    #[error("line {nth}: {why}; nothing was imported")]
    Line { nth: u64, why: String },
    #[error("the lines make no sound timeline: {0}; nothing was imported")]
    Unsound(String),
    #[error("{0} events of the store are damaged, and their lines say so: restore a backup, and export that")]
    Damaged(u64),
}

impl ExchangeError {
    fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        OpenError::sqlite(path, error).into()
    }
}
