//! Copies of a whole store, and a store made of a copy: what a host keeps against the day when the disk is gone.

mod backup;
mod restore;
mod source;

use std::path::{Path, PathBuf};

pub(super) use self::source::Source;
pub use self::{
    backup::{Backup, back_up},
    restore::{Restored, restore},
};
use super::error::OpenError;

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
    fn write(path: &Path, why: impl Into<String>) -> Self {
        Self::Write { path: path.to_owned(), why: why.into() }
    }

    fn unsound(path: &Path, what: impl Into<String>) -> Self {
        Self::Unsound { path: path.to_owned(), what: what.into() }
    }
}

/// Whether two names are of one file. Of one that is not there they are not.
fn is_same_file(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok().is_some_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}
