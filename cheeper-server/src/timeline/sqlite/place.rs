//! Where a store lies: its file, made for its owner alone, known by its one true path, and ours while the lock is held.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::OpenError;

/// The file holds the key of all secrets, so it is its owner's alone. SQLite gives the files beside it the same mode.
const OWNER_ONLY: u32 = 0o600;

/// A file that nobody else works with.
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// What was not there before.
    new: Vec<PathBuf>,
    _lock: File,
}

impl Place {
    /// Takes the place of the store at `path`, with its folders and an empty file if there is none.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let failed = |error: io::Error| OpenError::io(path, &error);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let made = match File::options().write(true).create_new(true).mode(OWNER_ONLY).open(path) {
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => return Err(failed(error)),
        };
        // However it was named, by a link or through another folder, the lock has one name.
        let path = fs::canonicalize(path).map_err(failed)?;
        if !fs::metadata(&path).map_err(failed)?.is_file() {
            return Err(OpenError::unusable(&path, "it is not a file"));
        }
        let lock = lock(&path)?;
        // Only with the lock in hand: to close a file under somebody's SQLite would drop its locks.
        File::options().write(true).open(&path).map_err(failed)?;
        let of_sqlite = ["-wal", "-shm"].map(|suffix| beside(&path, suffix)).into_iter().filter(|file| !file.exists());
        let new = made.then(|| path.clone()).into_iter().chain(of_sqlite).collect();
        Ok(Self { path, new, _lock: lock })
    }

    /// Nothing came of it, so what was not there before goes again. The lock's own file stays in any case, as somebody
    /// may be about to lock it.
    pub(super) fn give_up(self) {
        for file in &self.new {
            // It may not have come to that file. One that cannot be removed is where the next start goes on.
            drop(fs::remove_file(file));
        }
    }
}

/// The name of a file that belongs to the one at `path`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The lock is a file of its own: closing any handle of the database itself would drop SQLite's own locks on it.
fn lock(path: &Path) -> Result<File, OpenError> {
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(OWNER_ONLY)
        .open(beside(path, ".lock"))
        .map_err(|error| OpenError::io(path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(OpenError::io(path, &error)),
    }
}
