//! The embedded store: one SQLite file, one writer that commits what has gathered in one transaction, readers beside it.

mod check;
mod checkpoint;
pub mod copy;
mod error;
pub mod exchange;
mod files;
mod ledger;
mod lock;
mod mark;
mod queue;
mod reader;
mod retention;
mod row;
mod schema;
mod search;
mod snapshot;
#[cfg(test)]
mod tests;
mod wal;
mod writer;

use std::{
    fs, io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use cheeper_protocol::{AuditQuery, Code, Event, Refusal, Seq};
use rusqlite::{Connection, Row, config::DbConfig};

use self::{
    check::{
        Found,
        behind::{Behind, Soundness, StartError},
    },
    files::Files,
    lock::{LOG, StoreLock, beside},
    reader::{Queue, Reader, Request, Told},
    retention::Planning,
    row::Sums,
    schema::Identity,
    search::Search,
    snapshot::{ReadError, Snapshot},
    writer::{Write, Writer},
};
pub use self::{error::OpenError, retention::Keep};
use super::{
    AccessChange, Admit, Answer, Audit, Command, Damage, Engine, Outcome, Part, Publish, Read, Timeline, Trouble,
};
use crate::worker;

/// Writes that may wait; more are refused at once, which the author can try again.
const WAITING_WRITES: usize = 65_536;
/// Reads that may wait, likewise.
const WAITING_READS: usize = 65_536;
/// Memory of SQLite's own caches; what they lack is in the system's.
const WRITER_CACHE_KIB: i64 = 256;
const READER_CACHE_KIB: i64 = 128;
/// Statements that the writer keeps ready: all that it has.
const WRITER_STATEMENTS: usize = 64;
/// Threads that read, so that a long page does not hold up all others.
const READERS: usize = 2;

/// A store that was checked and is ours alone, not at work yet.
pub struct Store {
    db: Connection,
    identity: Identity,
    sums: Sums,
    head: Seq,
    /// How long the log may keep what was taken out of the store.
    empty_after: Duration,
    keep: Keep,
    // The last to go: the connections are closed while the place is still ours.
    lock: StoreLock,
}

impl Store {
    /// Opens the store at `path`, made with its folders if there is none. One that is refused is left as it was.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let mut lock = StoreLock::take(path)?;
        match Self::open_in(&mut lock) {
            Ok((db, identity, head)) => {
                let (sums, empty_after) = (identity.sums(), checkpoint::EMPTY_AFTER);
                Ok(Self { db, identity, sums, head, empty_after, keep: Keep::default(), lock })
            }
            Err(error) => {
                lock.give_up();
                Err(error)
            }
        }
    }

    /// Keeps no more than this from now on.
    #[must_use]
    pub fn keeping(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }

    /// Looks at all of the store at `path`, which nobody may be using, and gives each thing that is wrong with it as a sentence
    /// without its full stop. Nothing of the store is changed.
    pub fn check(path: &Path) -> Result<Vec<String>, OpenError> {
        check::look_at_all(path)
    }

    fn open_in(lock: &mut StoreLock) -> Result<(Connection, Identity, Seq), OpenError> {
        let has_log = match check::look(lock)? {
            Found::Store(head) => head.has_log,
            Found::Nothing => {
                lock.put_new(schema::create)?;
                false
            }
        };
        lock.restrict();
        let path = &lock.path;
        let failed = |error: rusqlite::Error| OpenError::sqlite(path, &error);
        let mut db = Connection::open(path).map_err(failed)?;
        if !has_log {
            // A new one, or a copy. It becomes one with a log by a few bytes of its first sector, which no disk tears
            // apart. The journal that SQLite would make for them could not be told from another program's later.
            db.pragma_update(None, "journal_mode", "MEMORY").map_err(failed)?;
        }
        db.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        db.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        db.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(failed)?;
        db.pragma_update(None, "secure_delete", "ON").map_err(failed)?;
        db.set_prepared_statement_cache_capacity(WRITER_STATEMENTS);
        schema::migrate(&mut db, path)?;
        let damaged = |what: &str| OpenError::damaged(path, what);
        let identity = Identity::read(&db).map_err(failed)?.ok_or_else(|| damaged("its key is damaged"))?;
        let head = schema::head(&db, schema::VERSION).map_err(failed)?;
        let head = u64::try_from(head).ok().and_then(Seq::new);
        let head = head.ok_or_else(|| damaged("its last seq is out of bounds"))?;
        Ok((db, identity, head))
    }
}

impl Engine for Store {
    type Error = OpenError;

    fn head(&self) -> Seq {
        self.head
    }

    fn newest(&self, count: u64, bytes: usize) -> Result<Vec<Event>, OpenError> {
        let floor = schema::floor(&self.db).map_err(|error| OpenError::sqlite(&self.lock.path, &error))?;
        let first = Seq::new(self.head.get().saturating_sub(count) + 1).unwrap_or(Seq::ZERO).max(floor);
        // The look behind the start tells of what is damaged.
        let snapshot = Snapshot { db: &self.db, sums: self.sums, floor, tell: &|_| () };
        let mut events = snapshot.backward(first, self.head, bytes).map_err(|error| match error {
            ReadError::Sqlite(error) => OpenError::sqlite(&self.lock.path, &error),
            ReadError::Damaged(_) | ReadError::NoCheep(_) | ReadError::Lost(_) => {
                OpenError::damaged(&self.lock.path, error.to_string())
            }
        })?;
        events.reverse();
        Ok(events)
    }

    fn access(&self) -> Result<Vec<AccessChange>, OpenError> {
        let read = |query: &str, read: &dyn Fn(&Row) -> rusqlite::Result<Option<AccessChange>>| {
            let mut statement = self.db.prepare(query)?;
            // What is damaged lets nobody in.
            let changes: Vec<_> = statement.query_map([], read)?.collect::<Result<_, _>>()?;
            Ok(changes.into_iter().flatten())
        };
        let links = read("SELECT * FROM links WHERE is_ended = 0 ORDER BY link", &|row| {
            Ok(self.sums.link(row)?.map(|(link, made)| made.made(link)))
        });
        let sessions = read("SELECT * FROM sessions ORDER BY link, entry", &|row| self.sums.session(row));
        let failed = |error: rusqlite::Error| OpenError::sqlite(&self.lock.path, &error);
        Ok(links.map_err(failed)?.chain(sessions.map_err(failed)?).collect())
    }

    fn start(self, publish: Publish, admit: Admit) -> Result<impl Timeline + 'static, OpenError> {
        let Self { lock, db, identity, sums, head, empty_after, keep } = self;
        let trouble = Arc::<Mutex<Option<Trouble>>>::default();
        let failed = |error: rusqlite::Error| OpenError::sqlite(&lock.path, &error);
        let no_system = |error: io::Error| OpenError::io(&lock.path, &error);
        let (writes, write_queue) = queue::bounded(WAITING_WRITES);
        let (reads, read_queue) = queue::bounded(WAITING_READS);
        let files = Files::of(&lock.path).map_err(no_system)?;
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| worker::spawn(name, work).map_err(no_system);
        let read_queue = Arc::new(Queue::new(read_queue));
        let committed = Arc::new(AtomicU64::new(head.get()));
        let told = Arc::<Told>::default();
        let reader = || -> Result<Reader, OpenError> {
            let db = Connection::open(&lock.path).map_err(failed)?;
            db.pragma_update(None, "query_only", true).map_err(failed)?;
            db.pragma_update(None, "cache_size", -READER_CACHE_KIB).map_err(failed)?;
            // Else SQLite would prepare a query anew whenever the number behind its LIMIT is another, which takes longer than
            // to read ten cheeps.
            db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
            Ok(Reader { db, sums, files: files.clone(), head: committed.clone(), told: told.clone() })
        };
        let mut readers = Vec::new();
        for _ in 0..READERS {
            let (reader, queue) = (reader()?, read_queue.clone());
            readers.push(spawn("store-reader", Box::new(move || reader.run(&queue)))?);
        }
        let (publish, news) = search::listen(publish);
        let ring = Box::new({
            let news = news.clone();
            move || news.ring()
        });
        let search = Search::start(&lock.path, &identity.timeline, [reader()?, reader()?], news).map_err(no_system)?;
        let soundness = Arc::<Soundness>::default();
        let no_start = |error: StartError| match error {
            StartError::Sqlite(error) => failed(error),
            StartError::System(error) => no_system(error),
        };
        let check = Behind::start(&lock.path, sums, files.clone(), soundness.clone()).map_err(no_start)?;
        let floor = Arc::new(AtomicU64::new(schema::floor(&db).map_err(failed)?.get()));
        let retained = retention::start(&lock.path, keep, (&files, &soundness), (floor.clone(), ring));
        let (retention, planning) = retained.map_err(no_start)?;
        let writer = Writer::new(db, sums, committed, (publish, admit), trouble.clone(), files, soundness.clone());
        let writer = writer.emptying_the_log_after(empty_after).retaining(retention);
        let writer = spawn("store-writer", Box::new(move || writer.run(&write_queue)))?;
        let queues = Queues { writes, reads, search, readers, check, planning, writer, lock };
        let Identity { timeline, secret_key } = identity;
        Ok(Sqlite { timeline, secret_key, trouble, soundness, floor, queues: Mutex::new(Some(queues)) })
    }
}

/// A timeline in a SQLite file.
struct Sqlite {
    timeline: String,
    secret_key: [u8; 32],
    trouble: Arc<Mutex<Option<Trouble>>>,
    soundness: Arc<Soundness>,
    floor: Arc<AtomicU64>,
    queues: Mutex<Option<Queues>>,
}

struct Queues {
    writes: queue::Sender<Write>,
    reads: queue::Sender<Request>,
    search: Search,
    readers: Vec<JoinHandle<()>>,
    check: Behind,
    planning: Planning,
    writer: JoinHandle<()>,
    lock: StoreLock,
}

impl Sqlite {
    /// Puts a request into its queue, or gives it back if that is full or the store closed.
    fn send<T>(&self, request: T, queue: impl FnOnce(&Queues) -> &queue::Sender<T>) -> Result<(), T> {
        match self.queues.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            None => Err(request),
            Some(queues) => queue(queues).try_send(request),
        }
    }

    fn ask(&self, request: Request) {
        if let Err(request) = self.send(request, |queues| &queues.reads) {
            request.refuse();
        }
    }
}

impl Timeline for Sqlite {
    fn id(&self) -> &str {
        &self.timeline
    }

    fn key(&self, purpose: &'static str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.secret_key)
    }

    fn floor(&self) -> Seq {
        Seq::new(self.floor.load(Ordering::Acquire)).unwrap_or_default()
    }

    fn trouble(&self) -> Option<Trouble> {
        if self.soundness.hinders_writing() {
            return Some(Trouble::Damaged);
        }
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn damage(&self) -> Option<Damage> {
        self.soundness.damage()
    }

    fn submit(&self, command: Command, answer: Answer<Outcome>) {
        let command = command.prepare(&self.secret_key);
        if let Err(refused) = self.send(Write { command, answer }, |queues| &queues.writes) {
            refused.refuse_as_not_stored();
        }
    }

    fn read(&self, read: Read, answer: Answer<Part>) {
        let refused = match read {
            Read::Search { search, last } => self
                .send(search::Request { search, last, answer }, |queues| queues.search.requests())
                .map_err(|request| request.answer),
            read => return self.ask(Request::Part(read, answer)),
        };
        if let Err(answer) = refused {
            answer(Err(Refusal::from(Code::Internal)));
        }
    }

    fn audit(&self, query: AuditQuery, answer: Answer<Audit>) {
        self.ask(Request::Audit(query, answer));
    }

    fn close(&self) -> io::Result<()> {
        let Some(Queues { writes, reads, search, readers, check, planning, writer, lock }) =
            self.queues.lock().unwrap_or_else(PoisonError::into_inner).take()
        else {
            return Ok(());
        };
        let end = |thread: JoinHandle<()>| {
            thread.join().map_err(|_| io::Error::other("a thread of the store ended in a panic"))
        };
        // Readers first: SQLite carries the log over and removes it for the last connection alone.
        drop(reads);
        let read =
            readers.into_iter().chain(search.stop()).chain([check.stop()]).chain(planning.stop()).try_for_each(end);
        drop(writes);
        end(writer)?;
        let log = beside(&lock.path, LOG);
        if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            tracing::warn!(
                "the store's log {} is still there, as the disk is full or another program uses the store: \
                 the newest cheeps are in it, so copy it with the store",
                log.display()
            );
        }
        read
    }
}
