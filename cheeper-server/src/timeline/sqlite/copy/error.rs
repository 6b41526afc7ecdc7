//! Why there is no copy, or no store of one.

use std::path::{Path, PathBuf};

use super::super::error::OpenError;

/// Why there is no copy. Each is one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each has a sentence that says what it is")]
pub enum CopyError {
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error("there is a file {} already: choose another name, or say --force to write over it", .0.display())]
    Exists(PathBuf),
    #[error("{} is the store itself, or one that is in use: choose another name", .0.display())]
    InUse(PathBuf),
    #[error(
        "the store is damaged ({what}), so its copy was not written over {}, which may be better: choose another name",
        .path.display()
    )]
    Worse { path: PathBuf, what: String },
    #[error("{} cannot be written: {why}", .path.display())]
    Write { path: PathBuf, why: String },
    #[error("the backup {} cannot be used: {what}; nothing was changed", .path.display())]
    Unsound { path: PathBuf, what: String },
    #[error(
        "{path}-wal lies beside {path}, so a server that was killed left both: \
         make one file of them with `cheeper-server backup OTHER --data {path}`, and restore that",
        path = .0.display()
    )]
    WithLog(PathBuf),
}

impl CopyError {
    pub(super) fn write(path: &Path, why: impl Into<String>) -> Self {
        Self::Write { path: path.to_owned(), why: why.into() }
    }

    pub(super) fn unsound(path: &Path, what: impl Into<String>) -> Self {
        Self::Unsound { path: path.to_owned(), what: what.into() }
    }
}
