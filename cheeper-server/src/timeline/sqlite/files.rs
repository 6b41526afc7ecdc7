//! Whether the files that we have open still are the store that lies in its place. SQLite does not ask: it writes on
//! into a file that was deleted or moved away, all of which is gone at the next start, and the system ends a process
//! that reads its shared index where somebody has cut it off.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::lock::{INDEX, LOG, beside};

/// What has become of a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Loss {
    #[error("{} was moved, deleted or replaced under the server: put it back, or restart", .0.display())]
    Away(PathBuf),
    #[error("{} was cut off under the server: stop it, and restore what was there", .0.display())]
    Cut(PathBuf),
}

/// The files of an open store, as they were seen last. They only grow while it is open.
#[derive(Clone)]
pub(super) struct Files([File; 3]);

#[derive(Clone)]
struct File {
    path: PathBuf,
    device_and_inode: (u64, u64),
    bytes: u64,
}

impl Files {
    /// Those of the store at `path`, which is open.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let see = |suffix| -> io::Result<File> {
            let path = beside(path, suffix);
            let now = fs::metadata(&path)?;
            Ok(File { path, device_and_inode: (now.dev(), now.ino()), bytes: now.len() })
        };
        Ok(Self([see("")?, see(LOG)?, see(INDEX)?]))
    }

    /// Sees whether all are there. It costs three system calls that touch no disk.
    pub(super) fn check(&mut self) -> Result<(), Loss> {
        for file in &mut self.0 {
            let now = fs::metadata(&file.path).ok().filter(|now| (now.dev(), now.ino()) == file.device_and_inode);
            let now = now.ok_or_else(|| Loss::Away(file.path.clone()))?;
            if now.len() < file.bytes {
                return Err(Loss::Cut(file.path.clone()));
            }
            file.bytes = now.len();
        }
        Ok(())
    }
}
