//! The embedded store: one SQLite file, one writer that commits what has gathered in one transaction, a reader beside it.

mod reader;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use cheeper_protocol::{Cheep, Code, Refusal, Seq};
use rusqlite::Connection;

use self::{
    reader::Read,
    writer::{Write, Writer},
};
use super::{Answer, Author, Named, NewCheep, Posted, Publish, Timeline};

/// Writes that may wait; more are refused at once, which the author can try again.
const WAITING_WRITES: usize = 65_536;
/// Reads that may wait, likewise.
const WAITING_READS: usize = 65_536;

/// Why a store cannot be used. Each is one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("another server uses the store {path}: stop it, or choose another file with --data", path = .path.display())]
    Locked { path: PathBuf },
    #[error(
        "the store {path} cannot be used: {what}; restore a backup, move the file away, or choose another with --data",
        path = .path.display()
    )]
    Damaged { path: PathBuf, what: String },
    #[error("the store {path} was written by a newer Cheeper: update this one", path = .path.display())]
    TooNew { path: PathBuf },
    #[error("the store {path} cannot be opened: {why}; check the path given with --data and its permissions", path = .path.display())]
    Unusable { path: PathBuf, why: String },
}

impl OpenError {
    fn unusable(path: &Path, why: &dyn std::fmt::Display) -> Self {
        Self::Unusable { path: path.to_owned(), why: why.to_string() }
    }
}

/// A store that was checked and is ours alone, not at work yet.
pub struct Store {
    path: PathBuf,
    db: Connection,
    lock: File,
    timeline: String,
    secret_key: [u8; 32],
    head: Seq,
}

impl Store {
    /// Opens the store at `path`, made with its folders if there is none.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let unusable = |error: &dyn std::fmt::Display| OpenError::unusable(path, error);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| unusable(&error))?;
        }
        let had_lock_file = lock_path(path).exists();
        let lock = lock(path)?;
        let checked = Self::open_locked(path, lock);
        if checked.is_err() && !had_lock_file {
            // Nothing came of it, so nothing is left behind; that this fails too would change nothing.
            drop(fs::remove_file(lock_path(path)));
        }
        checked
    }

    fn open_locked(path: &Path, lock: File) -> Result<Self, OpenError> {
        let unusable = |error: &dyn std::fmt::Display| OpenError::unusable(path, error);
        if path.exists() {
            File::options().write(true).open(path).map_err(|error| unusable(&error))?;
            schema::check(path)?;
        }
        let mut db = Connection::open(path).map_err(|error| unusable(&error))?;
        db.pragma_update(None, "journal_mode", "WAL").map_err(|error| unusable(&error))?;
        db.pragma_update(None, "synchronous", "FULL").map_err(|error| unusable(&error))?;
        schema::migrate(&mut db).map_err(|error| unusable(&error))?;
        let (timeline, secret_key) = identity(&db).map_err(|error| unusable(&error))?;
        let head = db
            .query_row("SELECT coalesce(max(seq), 0) FROM cheeps", [], |row| row.get(0))
            .map_err(|error| unusable(&error))?;
        let head = Seq::new(head).ok_or_else(|| unusable(&"its last seq is out of bounds"))?;
        Ok(Self { path: path.to_owned(), db, lock, timeline, secret_key, head })
    }

    /// The newest event.
    pub fn head(&self) -> Seq {
        self.head
    }

    /// The newest `count` events, ascending.
    pub fn newest(&self, count: u64) -> Result<Vec<Cheep>, OpenError> {
        let first = Seq::new(self.head.get().saturating_sub(count) + 1).unwrap_or(Seq::ZERO);
        reader::cheeps(&self.db, first, self.head).map_err(|error| OpenError::unusable(&self.path, &error))
    }

    /// Puts the store to work.
    pub fn start(self, publish: Publish) -> Result<Sqlite, OpenError> {
        let Self { path, db, lock, timeline, secret_key, head } = self;
        let unusable = |error: &dyn std::fmt::Display| OpenError::unusable(&path, error);
        let published = Arc::new(AtomicU64::new(head.get()));
        let reading = Connection::open(&path).map_err(|error| unusable(&error))?;
        reading.pragma_update(None, "query_only", true).map_err(|error| unusable(&error))?;
        let (writes, write_queue) = mpsc::sync_channel(WAITING_WRITES);
        let (reads, read_queue) = mpsc::sync_channel(WAITING_READS);
        let writer = Writer::new(db, secret_key, head, publish, published.clone());
        let spawn =
            |name: &str, work: Box<dyn FnOnce() + Send>| thread::Builder::new().name(name.to_owned()).spawn(work);
        let threads = vec![
            spawn("store-writer", Box::new(move || writer.run(&write_queue))).map_err(|error| unusable(&error))?,
            spawn("store-reader", Box::new(move || reader::run(&reading, &read_queue)))
                .map_err(|error| unusable(&error))?,
        ];
        Ok(Sqlite { timeline, published, queues: Mutex::new(Some(Queues { writes, reads, threads, _lock: lock })) })
    }
}

/// The timeline's id and the key of its secrets, made with the store.
fn identity(db: &Connection) -> rusqlite::Result<(String, [u8; 32])> {
    db.execute(
        "INSERT INTO meta SELECT lower(hex(randomblob(8))), randomblob(32) WHERE NOT EXISTS (SELECT 1 FROM meta)",
        [],
    )?;
    db.query_row("SELECT timeline, secret_key FROM meta", [], |row| Ok((row.get(0)?, row.get(1)?)))
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// The lock is a file of its own: closing any handle of the database itself would drop SQLite's own locks on it.
fn lock(path: &Path) -> Result<File, OpenError> {
    let file = File::create(lock_path(path)).map_err(|error| OpenError::unusable(path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(OpenError::unusable(path, &error)),
    }
}

/// A timeline in a SQLite file.
pub struct Sqlite {
    timeline: String,
    published: Arc<AtomicU64>,
    queues: Mutex<Option<Queues>>,
}

struct Queues {
    writes: mpsc::SyncSender<Write>,
    reads: mpsc::SyncSender<Read>,
    threads: Vec<JoinHandle<()>>,
    _lock: File,
}

impl Sqlite {
    /// Commits what was taken, answers it, and lets go of the file. Later requests are refused.
    pub fn close(&self) -> io::Result<()> {
        let Some(Queues { writes, reads, threads, _lock }) =
            self.queues.lock().unwrap_or_else(PoisonError::into_inner).take()
        else {
            return Ok(());
        };
        drop((writes, reads));
        for thread in threads {
            thread.join().map_err(|_| io::Error::other("a thread of the store ended in a panic"))?;
        }
        Ok(())
    }

    /// Puts a request into its queue, or gives it back if that is full or the store closed.
    fn send<T>(&self, request: T, queue: impl FnOnce(&Queues) -> &mpsc::SyncSender<T>) -> Result<(), T> {
        match self.queues.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            None => Err(request),
            Some(queues) => queue(queues).try_send(request).map_err(|error| match error {
                mpsc::TrySendError::Full(request) | mpsc::TrySendError::Disconnected(request) => request,
            }),
        }
    }

    fn write(&self, write: Write) {
        if let Err(refused) = self.send(write, |queues| &queues.writes) {
            refused.refuse(&Code::NotStored.into());
        }
    }
}

impl Timeline for Sqlite {
    fn id(&self) -> &str {
        &self.timeline
    }

    fn head(&self) -> Seq {
        Seq::new(self.published.load(Ordering::Acquire)).unwrap_or(Seq::ZERO)
    }

    fn append(&self, cheep: NewCheep, answer: Answer<Posted>) {
        self.write(Write::Append(cheep, answer));
    }

    fn claim(&self, author: Author, answer: Answer<Named>) {
        self.write(Write::Claim(author, answer));
    }

    fn read(&self, first: Seq, last: Seq, answer: Answer<Vec<Cheep>>) {
        if let Err(refused) = self.send(Read { first, last, answer }, |queues| &queues.reads) {
            (refused.answer)(Err(Refusal::from(Code::Internal)));
        }
    }
}
