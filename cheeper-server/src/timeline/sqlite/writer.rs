//! The one writer. Everything that waits goes into one transaction, so that many authors share one flush to disk.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

use cheeper_protocol::{Code, Event, Refusal, Seq};
use rusqlite::{Connection, ErrorCode, TransactionBehavior, ffi};

use super::{
    check::behind::Soundness,
    checkpoint::{self, Log},
    files::Files,
    ledger::{Ledger, WriteError},
    mark, queue,
    retention::Retention,
    row::Sums,
};
use crate::timeline::{
    AccessChange, Admit, Answer, Outcome, Prepared, Publish, Trouble, now,
    rules::{self, Decision},
};

/// Most writes in one transaction: it bounds how long the first of them waits.
const BATCH: usize = 1024;

/// This often it is seen whether the store is still there and, while writing fails, whether it works again, so that
/// both are known though nobody posts.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// Something to write, and who is to hear of it.
pub(super) struct Write {
    pub(super) command: Prepared,
    pub(super) answer: Answer<Outcome>,
}

impl Write {
    /// The store is full, failing or closed.
    pub(super) fn refuse_as_not_stored(self) {
        let refusal = self.command.not_stored();
        (self.answer)(Err(refusal));
    }

    /// It may lie in the store's log, where the next start would find it.
    fn refuse_in_doubt(self) {
        let why =
            "The server's disk failed at this moment, so this may be stored or not: look before you send it once more.";
        (self.answer)(Err(Refusal::new(Code::Internal, why)));
    }
}

/// What the author of a command is told.
type Answered = Result<Outcome, Refusal>;

/// What came of a batch.
struct Committed {
    events: Vec<Event>,
    access: Vec<AccessChange>,
    outcomes: Vec<Answered>,
}

pub(super) struct Writer {
    db: Connection,
    sums: Sums,
    head: Seq,
    /// The same, for those who read.
    committed: Arc<AtomicU64>,
    publish: Publish,
    admit: Admit,
    trouble: Arc<Mutex<Option<Trouble>>>,
    soundness: Arc<Soundness>,
    files: Files,
    log: Log,
    /// A commit failed when all of it was written: it lies in the log until another takes its place.
    is_in_doubt: bool,
    has_told_of_damage: bool,
    /// What takes old events away, if any are to go.
    retention: Option<Retention>,
}

impl Writer {
    pub(super) fn new(
        db: Connection,
        sums: Sums,
        committed: Arc<AtomicU64>,
        (publish, admit): (Publish, Admit),
        trouble: Arc<Mutex<Option<Trouble>>>,
        files: Files,
        soundness: Arc<Soundness>,
    ) -> Self {
        let log = Log::of(&db);
        let head = Seq::new(committed.load(Ordering::Relaxed)).unwrap_or_default();
        Self {
            db,
            sums,
            head,
            committed,
            publish,
            admit,
            trouble,
            soundness,
            files,
            log,
            is_in_doubt: false,
            has_told_of_damage: false,
            retention: None,
        }
    }

    /// How long the log may keep what was taken out of the store.
    pub(super) fn emptying_the_log_after(mut self, empty_after: Duration) -> Self {
        self.log.empty_after = empty_after;
        self
    }

    /// Takes old events away between the writes of others.
    pub(super) fn retaining(self, retention: Retention) -> Self {
        Self { retention: Some(retention), ..self }
    }

    /// How long until there is something to do that nobody asks for.
    fn due(&self) -> Duration {
        let retention = self.retention.as_ref().and_then(Retention::due);
        [self.log.due(), retention].into_iter().flatten().fold(PROBE_EVERY, Duration::min)
    }

    /// Works until every sender is gone and the queue is empty.
    pub(super) fn run(mut self, queue: &queue::Receiver<Write>) {
        // A run that was killed may have left what it was about to take out of the log.
        if self.files.has_log() {
            self.log.empty_soon();
        }
        loop {
            match queue.recv_timeout(self.due()) {
                Ok(first) => {
                    let mut batch = vec![first];
                    batch.extend(queue.try_iter().take(BATCH - 1));
                    if self.soundness.hinders_writing() {
                        batch.into_iter().for_each(Write::refuse_as_not_stored);
                        continue;
                    }
                    self.carry_out(batch);
                    self.log.checkpoint_if_long(&self.db);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => self.probe(),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            self.retain();
            self.log.empty_if_due(&self.db, &self.files);
        }
        match self.files.check() {
            Err(loss) if !loss.leaves_the_database_sound() => {
                tracing::error!(%loss, "the store is left as it lies, without the newest cheeps");
                checkpoint::abandon(&self.db);
            }
            // A log that was deleted under us is still ours until we close it, and can be carried over.
            Ok(()) | Err(_) => checkpoint::finish(&self.db),
        }
    }

    fn carry_out(&mut self, batch: Vec<Write>) {
        let changes = self.db.total_changes();
        match self.commit(&batch) {
            Ok(Committed { events, access, outcomes }) => {
                // What only had to be looked up says nothing about the disk.
                if self.db.total_changes() > changes {
                    self.note(None);
                }
                // First of all: whoever may not come in any more hears nothing that is as new as that.
                if !access.is_empty() {
                    (self.admit)(&access);
                }
                if let Some(last) = events.last() {
                    self.head = last.seq();
                    self.committed.store(self.head.get(), Ordering::Release);
                    (self.publish)(&events);
                }
                for (write, outcome) in batch.into_iter().zip(outcomes) {
                    (write.answer)(outcome);
                }
            }
            // One that cannot be carried out, or has to be written where there is no room, does not hold up the others.
            Err(_) if batch.len() > 1 => batch.into_iter().for_each(|write| self.carry_out(vec![write])),
            Err(error @ WriteError::Damaged) => {
                if !mem::replace(&mut self.has_told_of_damage, true) {
                    tracing::error!(%error, "a request could not be carried out, and maybe others");
                }
                for write in batch {
                    (write.answer)(Err(Code::Internal.into()));
                }
            }
            Err(error) => {
                // Before anybody hears of it: who asks then whether we are ready is told the same.
                self.note(Some(&error));
                // What was refused must not be there after the next start. Something else in its place sees to that.
                if self.is_in_doubt {
                    self.probe();
                }
                let refuse = if self.is_in_doubt { Write::refuse_in_doubt } else { Write::refuse_as_not_stored };
                batch.into_iter().for_each(refuse);
            }
        }
    }

    /// Sees whether the store is there, and whether it takes a write that changes nothing if the last one failed.
    fn probe(&mut self) {
        let is_failing = self.trouble().is_some();
        let found = self.files.check().map_err(WriteError::from);
        let found = found.and_then(|()| if is_failing { Ok(mark::mark(&self.db)?) } else { Ok(()) });
        if is_failing && found.is_ok() {
            self.is_in_doubt = false;
        }
        self.note(found.err().as_ref());
    }

    /// Lets some of what is old go, if it is time and the store takes writes.
    fn retain(&mut self) {
        if self.trouble().is_none()
            && !self.soundness.hinders_writing()
            && let Some(retention) = &mut self.retention
        {
            retention.step_if_due(&mut self.db, self.sums, &self.files, &mut self.log);
        }
    }

    fn trouble(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A write has failed or worked.
    fn note(&self, failure: Option<&WriteError>) {
        let before = mem::replace(&mut *self.trouble(), failure.map(WriteError::trouble));
        match (before.is_some(), failure) {
            (false, Some(error)) => {
                tracing::error!(%error, "writing to the store fails; nothing is taken until it works");
            }
            (true, None) => tracing::info!("writing to the store works again"),
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// All of the batch becomes durable, or nothing of it.
    fn commit(&mut self, batch: &[Write]) -> Result<Committed, WriteError> {
        self.files.check()?;
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changes = transaction.total_changes();
        let mut ledger = Ledger::new(&transaction, self.head, self.sums);
        let mut outcomes = Vec::with_capacity(batch.len());
        for Write { command, .. } in batch {
            let Decision { outcome, changes } = rules::decide(command, now(), &ledger)?;
            changes.into_iter().try_for_each(|change| ledger.make(change))?;
            outcomes.push(outcome);
        }
        let Ledger { events, access, erases, .. } = ledger;
        if transaction.total_changes() == changes {
            return Ok(Committed { events, access, outcomes });
        }
        if !self.log.is_known {
            drop(transaction);
            self.log.make_known(&self.db)?;
            return self.commit(batch);
        }
        let with_mark = !self.log.is_marked;
        if with_mark {
            mark::mark(&transaction)?;
        }
        let committed = transaction.commit();
        self.is_in_doubt = committed.as_ref().is_err_and(may_be_whole) || (self.is_in_doubt && committed.is_err());
        committed?;
        self.log.on_commit(with_mark);
        if erases {
            self.log.empty_soon();
        }
        Ok(Committed { events, access, outcomes })
    }
}

/// Whether a commit that failed so may lie in the log as a whole. SQLite writes the page last that ends it, and flushes
/// then: if it could not write, the end is missing.
fn may_be_whole(error: &rusqlite::Error) -> bool {
    let could_not_write = error
        .sqlite_error()
        .is_some_and(|error| error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_WRITE);
    !could_not_write
}
