//! The one writer. Everything that waits goes into one transaction, so that many authors share one flush to disk.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use cheeper_protocol::{Cheep, Code, Event, FoldedName, Name, Refusal, Seq, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::{log, reader, schema};
use crate::timeline::{Answer, Author, Claim, Command, Named, Outcome, Post, Posted, Publish};

/// Most writes in one transaction: it bounds how long the first of them waits.
const BATCH: usize = 1024;

/// While writing fails it is tried this often, so that it is known when it works again though nobody posts.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// Something to write, and who is to hear of it.
pub(super) struct Write {
    pub(super) command: Command,
    pub(super) answer: Answer<Outcome>,
}

impl Write {
    /// The store is full, failing or closed.
    pub(super) fn refuse_as_not_stored(self) {
        let refusal = match self.command {
            Command::Post(_) => Code::NotStored.into(),
            Command::Claim(_) => Refusal::new(
                Code::NotStored,
                "The server's store does not work, so the name was not taken: try again later.",
            ),
        };
        (self.answer)(Err(refusal));
    }
}

#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the row of an earlier cheep cannot be read")]
    Unreadable,
}

pub(super) struct Writer {
    db: Connection,
    secret_key: [u8; 32],
    head: Seq,
    publish: Publish,
    failing: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn new(
        db: Connection,
        secret_key: [u8; 32],
        head: Seq,
        publish: Publish,
        failing: Arc<AtomicBool>,
    ) -> Self {
        Self { db, secret_key, head, publish, failing }
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
    fn commit(&mut self, batch: &[Write]) -> Result<(Vec<Event>, Vec<Result<Outcome, Refusal>>), WriteError> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let ledger = Ledger { transaction: &transaction, secret_key: &self.secret_key };
        let (mut head, mut events, mut outcomes) = (self.head, Vec::new(), Vec::with_capacity(batch.len()));
        for Write { command, .. } in batch {
            outcomes.push(match command {
                Command::Post(post) => {
                    let posted = ledger.append(post, head)?;
                    if let Ok(Posted { cheep, duplicate: false }) = &posted {
                        head = cheep.seq;
                        events.push(Event::Cheep(cheep.clone()));
                    }
                    posted.map(Outcome::Posted)
                }
                Command::Claim(claim) => ledger.claim(claim)?.map(Outcome::Named),
            });
        }
        transaction.commit()?;
        Ok((events, outcomes))
    }
}

/// The rules of the log within one transaction.
struct Ledger<'a> {
    transaction: &'a Transaction<'a>,
    secret_key: &'a [u8; 32],
}

/// How a name stands.
enum Standing {
    Free,
    Ours(String),
    Taken,
}

impl Ledger<'_> {
    fn append(&self, new: &Post, head: Seq) -> Result<Result<Posted, Refusal>, WriteError> {
        let folded = new.author.name.fold();
        let (name, verified) = match self.claim_of(&new.author, &folded)? {
            Standing::Free => (new.author.name.clone(), false),
            Standing::Ours(name) => (Name::parse(&name).map_err(|_| WriteError::Unreadable)?, true),
            Standing::Taken => return Ok(Err(Refusal::from(Code::NameTaken).in_field("name"))),
        };
        if let Some(first) = self.first_under(new, &folded)? {
            let same = first.cheep == new.cheep && first.reply_to == new.reply_to;
            return Ok(if same {
                Ok(Posted { cheep: first, duplicate: true })
            } else {
                Err(Refusal::from(Code::IdConflict).in_field("id"))
            });
        }
        if new.reply_to.is_some_and(|reply_to| reply_to > head || reply_to == Seq::ZERO) {
            return Ok(Err(Refusal::from(Code::BadReply).in_field("reply_to")));
        }
        let at_ms = Timestamp::now().as_millisecond();
        let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
        let (seq, cheep, reply_to, id) = (head.next(), new.cheep.clone(), new.reply_to, new.id.clone());
        self.transaction.prepare_cached("INSERT INTO cheeps VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?.execute(params![
            seq.get(),
            at_ms,
            name.as_str(),
            folded.as_str(),
            cheep.as_str(),
            verified,
            reply_to.map(Seq::get),
            id.as_ref().map(cheeper_protocol::RequestId::as_str),
        ])?;
        Ok(Ok(Posted { cheep: Cheep { seq, at, name, cheep, verified, reply_to, id }, duplicate: false }))
    }

    fn claim(&self, claim: &Claim) -> Result<Result<Named, Refusal>, WriteError> {
        let author = &claim.author;
        let folded = author.name.fold();
        let named = match (self.claim_of(author, &folded)?, &author.secret) {
            (Standing::Taken, _) => return Ok(Err(Refusal::from(Code::NameTaken).in_field("name"))),
            (Standing::Ours(name), _) => {
                Named { name: Name::parse(&name).map_err(|_| WriteError::Unreadable)?, claimed: true }
            }
            (Standing::Free, None) => Named { name: author.name.clone(), claimed: false },
            (Standing::Free, Some(secret)) => {
                if let Err(refusal) = &claim.may_claim {
                    return Ok(Err(refusal.clone()));
                }
                self.transaction.prepare_cached("INSERT INTO claims VALUES (?, ?, ?)")?.execute(params![
                    folded.as_str(),
                    author.name.as_str(),
                    self.hash(secret.expose()).as_bytes().as_slice(),
                ])?;
                Named { name: author.name.clone(), claimed: true }
            }
        };
        Ok(Ok(named))
    }

    fn claim_of(&self, author: &Author, folded: &FoldedName) -> Result<Standing, WriteError> {
        let claimed: Option<(String, [u8; 32])> = self
            .transaction
            .prepare_cached("SELECT name, secret_hash FROM claims WHERE folded_name = ?")?
            .query_row([folded.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((name, hash)) = claimed else { return Ok(Standing::Free) };
        // The comparison of two `Hash` values takes the same time wherever they differ.
        let ours = author.secret.as_ref().is_some_and(|secret| self.hash(secret.expose()) == blake3::Hash::from(hash));
        Ok(if ours { Standing::Ours(name) } else { Standing::Taken })
    }

    fn first_under(&self, new: &Post, folded: &FoldedName) -> Result<Option<Cheep>, WriteError> {
        let Some(id) = &new.id else { return Ok(None) };
        let query =
            "SELECT seq, at_ms, name, cheep, verified, reply_to, id FROM cheeps WHERE folded_name = ? AND id = ?";
        let row = self
            .transaction
            .prepare_cached(query)?
            .query_row([folded.as_str(), id.as_str()], reader::cheep)
            .optional()?;
        match row {
            None => Ok(None),
            Some(cheep) => cheep.map(Some).ok_or(WriteError::Unreadable),
        }
    }

    fn hash(&self, secret: &str) -> blake3::Hash {
        blake3::keyed_hash(self.secret_key, secret.as_bytes())
    }
}
