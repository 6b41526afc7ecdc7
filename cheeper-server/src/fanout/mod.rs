//! Every socket after its handshake: a few threads, each with its own poll, write events to all and read frames.

pub mod broadcast;
mod connection;
mod desk;
mod frames;
mod mailbox;
mod outbox;
mod pages;
pub(crate) mod presence;
mod shard;
pub mod tail;

use std::{
    io,
    mem::take,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use cheeper_protocol::Seq;

use self::{
    mailbox::{Mail, Mailbox},
    presence::Presence,
    shard::Shard,
};
pub(crate) use self::{outbox::ReplyBudget, shard::Newcomer};
use crate::{feed::Feed, metrics::Metrics, session::Rules};

/// A connection that was not heard from for this long is sent a ping.
const PING_AFTER_SECONDS: u32 = 25;
/// A connection that was not heard from for this long is dropped.
const DROP_AFTER_SECONDS: u32 = 60;
/// How long a client that we close may take to read why.
const LINGER_SECONDS: u32 = 3;

/// What all shards share.
pub(crate) struct Shared {
    pub(crate) feed: Arc<Feed>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) presence: Arc<Presence>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) replies: Arc<ReplyBudget>,
}

/// What a client's URL asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Opening {
    /// Live events only.
    Live,
    /// The newest so many, then live.
    Last(usize),
    /// Everything after a seq, then live.
    After {
        seq: Seq,
        /// The seq belongs to another timeline.
        reset: bool,
    },
}

/// The shards.
pub(crate) struct Fanout {
    mailboxes: Vec<Arc<Mailbox>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    turn: AtomicUsize,
}

impl Fanout {
    /// Starts `shards` threads.
    pub(crate) fn start(shards: usize, shared: &Arc<Shared>) -> io::Result<Self> {
        let (mut mailboxes, mut threads) = (Vec::new(), Vec::new());
        for nth in 0..shards {
            let shard = Shard::new(shared.clone())?;
            mailboxes.push(shard.mailbox());
            threads.push(thread::Builder::new().name(format!("shard-{nth}")).spawn(move || shard.run())?);
        }
        Ok(Self { mailboxes, threads: Mutex::new(threads), turn: AtomicUsize::new(0) })
    }

    /// Gives a socket to a shard.
    pub(crate) fn adopt(&self, newcomer: Newcomer) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.mailboxes[turn % self.mailboxes.len()].send(Mail::Adopt(newcomer));
    }

    /// Tells the shards that the tail has grown.
    pub(crate) fn wake(&self) {
        self.mailboxes.iter().for_each(|mailbox| mailbox.wake());
    }

    /// Says goodbye to everybody and waits until the shards are done, a few seconds at most.
    pub(crate) fn stop(&self) {
        self.mailboxes.iter().for_each(|mailbox| mailbox.send(Mail::Stop));
        let threads = take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a shard ended in a panic");
            }
        }
    }
}
