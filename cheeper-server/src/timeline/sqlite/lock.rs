//! Where a store lies, and that it is ours while we hold its locks: its file is made for its owner alone, put into its
//! place whole or not at all, and known by its one true path.

use std::{
    fs::{self, File, Permissions, TryLockError},
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use super::error::OpenError;

/// The file holds the key of all secrets, so it is its owner's alone. SQLite gives the files beside it the same mode.
pub(super) const OWNER_ONLY: u32 = 0o600;

/// What SQLite keeps beside a database: its log, and the index of the log that its connections share.
pub(super) const LOG: &str = "-wal";
pub(super) const INDEX: &str = "-shm";
pub(super) const JOURNAL: &str = "-journal";
const LOCK: &str = ".lock";
/// A store that is being made.
const NEW: &str = ".new";

/// A store's files, which nobody else works with.
pub(super) struct StoreLock {
    pub(super) path: PathBuf,
    /// The database itself, if there is one. It is locked as well, as a file may have several names. All handles of a
    /// file share SQLite's own locks on it, which end when any of them is closed: so this one is opened before SQLite's
    /// and closed after them.
    file: Option<File>,
    /// What was not there before.
    new: Vec<PathBuf>,
    _by_name: File,
}

impl StoreLock {
    /// Takes the place of the store at `path`, which is made with its folders.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let failed = |error: io::Error| OpenError::io(path, &error);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        make_folder(folder).map_err(failed)?;
        // However it was named, by a link or through another folder, the lock has one name.
        let path = match fs::symlink_metadata(path) {
            Ok(_) => fs::canonicalize(path).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let name = path.file_name().ok_or_else(|| OpenError::unusable(path, "it is not a file"))?;
                fs::canonicalize(folder).map_err(failed)?.join(name)
            }
            Err(error) => return Err(failed(error)),
        };
        let exists = path.exists();
        if exists && !path.is_file() {
            return Err(OpenError::unusable(&path, "it is not a file"));
        }
        let by_name = beside(&path, LOCK);
        let by_name = File::options().write(true).create(true).truncate(false).mode(OWNER_ONLY).open(by_name);
        let by_name = by_name.map_err(|error| OpenError::io(&path, &error))?;
        lock(&by_name, &path)?;
        let new = [LOG, INDEX].map(|suffix| beside(&path, suffix)).into_iter().filter(|file| !file.exists()).collect();
        let mut lock = Self { path, file: None, new, _by_name: by_name };
        lock.clear_new().map_err(|error| lock.failed(&error))?;
        if exists {
            lock.hold_file()?;
        }
        Ok(lock)
    }

    fn failed(&self, error: &io::Error) -> OpenError {
        OpenError::io(&self.path, error)
    }

    fn hold_file(&mut self) -> Result<(), OpenError> {
        let file = File::options().read(true).write(true).open(&self.path).map_err(|error| self.failed(&error))?;
        lock(&file, &self.path)?;
        self.file = Some(file);
        Ok(())
    }

    /// The first bytes of the database: fewer than asked for if it has no more, none if it is not there.
    pub(super) fn first_bytes<const N: usize>(&self) -> Result<Vec<u8>, OpenError> {
        let Some(file) = &self.file else { return Ok(Vec::new()) };
        let mut bytes = vec![0; N];
        let read = file.read_at(&mut bytes, 0).map_err(|error| self.failed(&error))?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Makes a store beside its place and moves it there when it is whole and on the disk. Wherever that is cut off,
    /// what is in the place is what was there before, and the next start makes a new one.
    pub(super) fn put_new(
        &mut self,
        make: impl FnOnce(&Path, &Path) -> Result<(), OpenError>,
    ) -> Result<(), OpenError> {
        let new = beside(&self.path, NEW);
        let put = || {
            File::options()
                .write(true)
                .create_new(true)
                .mode(OWNER_ONLY)
                .open(&new)
                .map_err(|error| self.failed(&error))?;
            make(&new, &self.path)?;
            let moved = File::open(&new).and_then(|file| file.sync_all()).and_then(|()| fs::rename(&new, &self.path));
            moved.and_then(|()| sync_folder(&self.path)).map_err(|error| self.failed(&error))
        };
        let made = put();
        if made.is_err() {
            // There may be no room; one that cannot be removed goes at the next start.
            drop(self.clear_new());
        }
        made?;
        if self.file.is_none() {
            self.new.push(self.path.clone());
        }
        self.hold_file()
    }

    /// Removes what a start left that was cut off.
    fn clear_new(&self) -> io::Result<()> {
        let new = beside(&self.path, NEW);
        for file in [JOURNAL, LOG, INDEX, ""].map(|suffix| beside(&new, suffix)) {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Sees to it that nobody else can read what an older server or a copy has made.
    pub(super) fn restrict(&self) {
        for file in ["", LOG, INDEX, LOCK].map(|suffix| beside(&self.path, suffix)) {
            let is_open = fs::metadata(&file).is_ok_and(|file| file.permissions().mode() & 0o777 != OWNER_ONLY);
            if is_open && let Err(error) = fs::set_permissions(&file, Permissions::from_mode(OWNER_ONLY)) {
                tracing::warn!(%error, "others may read {}, which holds the key of all secrets", file.display());
            }
        }
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

fn lock(file: &File, path: &Path) -> Result<(), OpenError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => OpenError::Locked { path: path.to_owned() },
        TryLockError::Error(error) => OpenError::io(path, &error),
    })
}

/// Makes a folder that outlasts a power cut, with those it lies in.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_folder(above)?;
    }
    match fs::create_dir(folder) {
        Err(error) if !(error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir()) => Err(error),
        _ => sync_folder(folder),
    }
}

/// Makes the name of a file or a folder outlast a power cut.
pub(super) fn sync_folder(of: &Path) -> io::Result<()> {
    let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
