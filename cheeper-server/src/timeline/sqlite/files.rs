//! Whether the files that we have open still are the store that lies in its place. SQLite does not ask: it writes on
//! into a file that was deleted or moved away, all of which is gone at the next start, and the system ends a process
//! that reads its shared index where somebody has cut it off.

use std::{
    io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

use super::lock::{INDEX, LOG, beside};

/// What has become of a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Loss {
    #[error("{} was moved, deleted or replaced under the server: put it back, or restart", .0.display())]
    Away(PathBuf),
    #[error("{} was cut off under the server: stop it, and restore what was there", .0.display())]
    Cut(PathBuf),
}

impl Loss {
    /// Only what lies beside the database is away, which is still whole for whoever has it open.
    pub(super) fn leaves_the_database_sound(&self) -> bool {
        let is_beside =
            |path: &Path| [LOG, INDEX].iter().any(|suffix| path.as_os_str().as_bytes().ends_with(suffix.as_bytes()));
        matches!(self, Self::Away(path) if is_beside(path))
    }
}

/// The files of an open store, as they were seen last by anybody. They only grow while it is open, but for the log when it is
/// emptied, and the database when old events are gone.
#[derive(Clone)]
pub(super) struct Files(Arc<Mutex<[File; 3]>>);

/// Which of them is the database.
const DATABASE_AT: usize = 0;
/// Which of them is the log.
const LOG_AT: usize = 1;

struct File {
    path: PathBuf,
    seen: Seen,
    /// It is to become shorter, but not shorter than this.
    least: Option<u64>,
}

/// What is asked of a file.
#[derive(Clone, Copy)]
struct Seen {
    device: (u32, u32),
    inode: u64,
    bytes: u64,
}

impl Seen {
    /// Nothing but what is needed. Once somebody has asked for a file's times, Linux keeps them exactly, and so writes them to
    /// disk with the next flush: 40 % more for a commit, where the file system has no journal.
    fn of(path: &Path) -> io::Result<Self> {
        let found = statx(CWD, path, AtFlags::empty(), StatxFlags::INO | StatxFlags::SIZE)?;
        let device = (found.stx_dev_major, found.stx_dev_minor);
        Ok(Self { device, inode: found.stx_ino, bytes: found.stx_size })
    }

    fn is_of_the_same_file(self, other: Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

impl Files {
    /// Those of the store at `path`, which is open.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let see = |suffix| -> io::Result<File> {
            let path = beside(path, suffix);
            let seen = Seen::of(&path)?;
            Ok(File { path, seen, least: None })
        };
        Ok(Self(Arc::new(Mutex::new([see("")?, see(LOG)?, see(INDEX)?]))))
    }

    /// Sees whether all are there. It costs three system calls that touch no disk.
    pub(super) fn check(&self) -> Result<(), Loss> {
        for file in &mut *self.lock() {
            let now = Seen::of(&file.path).ok().filter(|now| now.is_of_the_same_file(file.seen));
            let now = now.ok_or_else(|| Loss::Away(file.path.clone()))?;
            if now.bytes < file.seen.bytes && file.least.is_none_or(|least| now.bytes < least) {
                return Err(Loss::Cut(file.path.clone()));
            }
            // Once it is as short as it was to become, nothing more is expected.
            file.least = file.least.filter(|least| now.bytes > *least);
            file.seen = now;
        }
        Ok(())
    }

    /// The database is about to become shorter, to this many bytes: who sees it so takes that for no loss.
    pub(super) fn may_shrink_to(&self, bytes: u64) {
        self.lock()[DATABASE_AT].least = Some(bytes);
    }

    /// Whether there is something in the log's file.
    pub(super) fn has_log(&self) -> bool {
        self.lock()[LOG_AT].seen.bytes > 0
    }

    /// Does what makes the log shorter. Nobody looks meanwhile, who would take it for a loss.
    pub(super) fn while_emptying<T>(&self, empty: impl FnOnce() -> T) -> T {
        let mut files = self.lock();
        let emptied = empty();
        let log = &mut files[LOG_AT];
        if let Some(now) = Seen::of(&log.path).ok().filter(|now| now.is_of_the_same_file(log.seen)) {
            log.seen = now;
        }
        emptied
    }

    fn lock(&self) -> MutexGuard<'_, [File; 3]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
