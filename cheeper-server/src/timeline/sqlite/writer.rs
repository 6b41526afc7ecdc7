//! The one writer. Everything that waits goes into one transaction, so that many authors share one flush to disk.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use cheeper_protocol::{Code, Event, Refusal, Seq};
use rusqlite::{Connection, TransactionBehavior};

use super::{
    ledger::{Ledger, WriteError},
    log, schema,
};
use crate::timeline::{
    Answer, Outcome, Prepared, Publish, now,
    rules::{self, Decision},
};

/// Most writes in one transaction: it bounds how long the first of them waits.
const BATCH: usize = 1024;

/// While writing fails it is tried this often, so that it is known when it works again though nobody posts.
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
}

/// What the author of a command is told.
type Answered = Result<Outcome, Refusal>;

pub(super) struct Writer {
    db: Connection,
    head: Seq,
    publish: Publish,
    failing: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn new(db: Connection, head: Seq, publish: Publish, failing: Arc<AtomicBool>) -> Self {
        Self { db, head, publish, failing }
    }

    /// Works until every sender is gone and the queue is empty.
    pub(super) fn run(mut self, queue: &mpsc::Receiver<Write>) {
        loop {
            let patience = if self.failing.load(Ordering::Relaxed) { PROBE_EVERY } else { Duration::MAX };
            match queue.recv_timeout(patience) {
                Ok(first) => {
                    let mut batch = vec![first];
                    batch.extend(queue.try_iter().take(BATCH - 1));
                    self.carry_out(batch);
                    log::carry_over(&self.db);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => self.probe(),
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn carry_out(&mut self, batch: Vec<Write>) {
        let changes = self.db.total_changes();
        match self.commit(&batch) {
            Ok((events, outcomes)) => {
                // What only had to be looked up says nothing about the disk.
                if self.db.total_changes() > changes {
                    self.note(None);
                }
                if let Some(last) = events.last() {
                    self.head = last.seq();
                    (self.publish)(&events);
                }
                for (write, outcome) in batch.into_iter().zip(outcomes) {
                    (write.answer)(outcome);
                }
            }
            // One that cannot be carried out, or has to be written where there is no room, does not hold up the others.
            Err(_) if batch.len() > 1 => batch.into_iter().for_each(|write| self.carry_out(vec![write])),
            Err(WriteError::Sqlite(error)) => {
                // Before anybody hears of it: who asks then whether we are ready is told the same.
                self.note(Some(&error));
                batch.into_iter().for_each(Write::refuse_as_not_stored);
            }
            Err(error @ WriteError::Unreadable) => {
                tracing::error!(%error, "a request could not be carried out");
                for write in batch {
                    (write.answer)(Err(Code::Internal.into()));
                }
            }
        }
    }

    /// Writes something that changes nothing.
    fn probe(&mut self) {
        let result = schema::mark(&self.db);
        self.note(result.err().as_ref());
    }

    /// A write has failed or worked.
    fn note(&self, failure: Option<&rusqlite::Error>) {
        match (self.failing.swap(failure.is_some(), Ordering::Relaxed), failure) {
            (false, Some(error)) => {
                tracing::error!(%error, "writing to the store fails; nothing is taken until it works");
            }
            (true, None) => tracing::info!("writing to the store works again"),
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// All of the batch becomes durable, or nothing of it.
    fn commit(&mut self, batch: &[Write]) -> Result<(Vec<Event>, Vec<Answered>), WriteError> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut ledger = Ledger::new(&transaction, self.head);
        let (mut events, mut outcomes) = (Vec::new(), Vec::with_capacity(batch.len()));
        for Write { command, .. } in batch {
            let Decision { outcome, change } = rules::decide(command, now(), &ledger)?;
            if let Some(change) = change {
                events.extend(ledger.make(change)?);
            }
            outcomes.push(outcome);
        }
        transaction.commit()?;
        Ok((events, outcomes))
    }
}
