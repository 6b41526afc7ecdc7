//! The embedded store: one SQLite file, one writer that commits what has gathered in one transaction, readers beside it.

mod error;
mod ledger;
mod log;
mod place;
mod reader;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

use cheeper_protocol::{Code, Event, Refusal, Seq};
use rusqlite::Connection;

pub use self::error::OpenError;
use self::{
    place::Place,
    reader::{Read, ReadError},
    writer::{Write, Writer},
};
use super::{Answer, Command, Engine, Outcome, Publish, Span, Timeline};
use crate::worker;

/// Writes that may wait; more are refused at once, which the author can try again.
const WAITING_WRITES: usize = 65_536;
/// Reads that may wait, likewise.
const WAITING_READS: usize = 65_536;
/// Memory of SQLite's own caches; what they lack is in the system's.
const WRITER_CACHE_KIB: i64 = 256;
const READER_CACHE_KIB: i64 = 128;
/// Threads that read, so that a long page does not hold up all others.
const READERS: usize = 2;

/// A store that was checked and is ours alone, not at work yet.
pub struct Store {
    db: Connection,
    timeline: String,
    secret_key: [u8; 32],
    head: Seq,
    // The last to go: the connections are closed while the place is still ours.
    place: Place,
}

impl Store {
    /// Opens the store at `path`, made with its folders if there is none. One that is refused is left as it was.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let place = Place::take(path)?;
        match Self::open_in(&place.path) {
            Ok((db, timeline, secret_key, head)) => Ok(Self { db, timeline, secret_key, head, place }),
            Err(error) => {
                place.give_up();
                Err(error)
            }
        }
    }

    fn open_in(path: &Path) -> Result<(Connection, String, [u8; 32], Seq), OpenError> {
        let failed = |error: rusqlite::Error| OpenError::sqlite(path, &error);
        schema::check(path)?;
        let mut db = Connection::open(path).map_err(failed)?;
        db.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        db.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        db.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(failed)?;
        schema::migrate(&mut db, path)?;
        log::take_charge(&db);
        let identity = "SELECT timeline, secret_key FROM meta";
        let (timeline, key) = db.query_row(identity, [], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
        let head = db.query_row("SELECT coalesce(max(seq), 0) FROM cheeps", [], |row| row.get(0)).map_err(failed)?;
        let head = Seq::new(head).ok_or_else(|| OpenError::damaged(path, "its last seq is out of bounds"))?;
        Ok((db, timeline, key, head))
    }
}

impl Engine for Store {
    type Error = OpenError;

    fn head(&self) -> Seq {
        self.head
    }

    fn newest(&self, count: u64, bytes: usize) -> Result<Vec<Event>, OpenError> {
        let first = Seq::new(self.head.get().saturating_sub(count) + 1).unwrap_or(Seq::ZERO);
        let mut events = reader::backward(&self.db, first, self.head, bytes).map_err(|error| match error {
            ReadError::Sqlite(error) => OpenError::sqlite(&self.place.path, &error),
            ReadError::Unreadable(_) => OpenError::damaged(&self.place.path, error.to_string()),
        })?;
        events.reverse();
        Ok(events)
    }

    fn start(self, publish: Publish) -> Result<impl Timeline + 'static, OpenError> {
        let Self { place, db, timeline, secret_key, head } = self;
        let failing = Arc::<AtomicBool>::default();
        let failed = |error: rusqlite::Error| OpenError::sqlite(&place.path, &error);
        let (writes, write_queue) = mpsc::sync_channel(WAITING_WRITES);
        let (reads, read_queue) = mpsc::sync_channel(WAITING_READS);
        let writer = Writer::new(db, head, publish, failing.clone());
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            worker::spawn(name, work).map_err(|error| OpenError::io(&place.path, &error))
        };
        let read_queue = Arc::new(Mutex::new(read_queue));
        let mut threads = vec![spawn("store-writer", Box::new(move || writer.run(&write_queue)))?];
        for _ in 0..READERS {
            let reading = Connection::open(&place.path).map_err(failed)?;
            reading.pragma_update(None, "query_only", true).map_err(failed)?;
            reading.pragma_update(None, "cache_size", -READER_CACHE_KIB).map_err(failed)?;
            let queue = read_queue.clone();
            threads.push(spawn("store-reader", Box::new(move || reader::run(&reading, &queue)))?);
        }
        Ok(Sqlite {
            timeline,
            secret_key,
            failing,
            queues: Mutex::new(Some(Queues { writes, reads, threads, _place: place })),
        })
    }
}

/// A timeline in a SQLite file.
struct Sqlite {
    timeline: String,
    secret_key: [u8; 32],
    failing: Arc<AtomicBool>,
    queues: Mutex<Option<Queues>>,
}

struct Queues {
    writes: mpsc::SyncSender<Write>,
    reads: mpsc::SyncSender<Read>,
    threads: Vec<JoinHandle<()>>,
    _place: Place,
}

impl Sqlite {
    /// Puts a request into its queue, or gives it back if that is full or the store closed.
    fn send<T>(&self, request: T, queue: impl FnOnce(&Queues) -> &mpsc::SyncSender<T>) -> Result<(), T> {
        match self.queues.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            None => Err(request),
            Some(queues) => queue(queues).try_send(request).map_err(|error| match error {
                mpsc::TrySendError::Full(request) | mpsc::TrySendError::Disconnected(request) => request,
            }),
        }
    }
}

impl Timeline for Sqlite {
    fn id(&self) -> &str {
        &self.timeline
    }

    fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    fn submit(&self, command: Command, answer: Answer<Outcome>) {
        let command = command.prepare(&self.secret_key);
        if let Err(refused) = self.send(Write { command, answer }, |queues| &queues.writes) {
            refused.refuse_as_not_stored();
        }
    }

    fn read(&self, span: Span, answer: Answer<Vec<Event>>) {
        if let Err(refused) = self.send(Read { span, answer }, |queues| &queues.reads) {
            (refused.answer)(Err(Refusal::from(Code::Internal)));
        }
    }

    fn close(&self) -> io::Result<()> {
        let Some(Queues { writes, reads, threads, _place }) =
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
}
