//! Every socket after its handshake: a few threads, each with its own poll, write events to all and read frames.

pub mod broadcast;
mod clock;
mod connection;
mod context;
mod mailbox;
mod shard;
mod stream;

use std::{
    io,
    mem::take,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

pub(crate) use self::context::{Accepted, Handshake};
use self::{
    mailbox::{Mailbox, Message},
    shard::Shard,
};
use crate::{services::Services, worker};

/// Connections that may wait for one shard. For more the acceptor waits, and the others in the system's own queue: so a crowd
/// takes no memory before its turn.
const WAITING_CONNECTIONS: usize = 64;

/// The shards.
pub(crate) struct Fanout {
    shards: Vec<Handle>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    turn: AtomicUsize,
}

/// One shard, as the others see it.
struct Handle {
    mailbox: Arc<Mailbox>,
    connections: mpsc::SyncSender<Accepted>,
}

impl Fanout {
    /// Starts `shards` threads, which the feed's tail wakes from now on.
    pub(crate) fn start(shards: usize, services: &Arc<Services>) -> io::Result<Self> {
        let (mut handles, mut threads) = (Vec::new(), Vec::new());
        for nth in 0..shards {
            let (connections, accepted) = mpsc::sync_channel(WAITING_CONNECTIONS);
            let shard = Shard::new(services.clone(), accepted)?;
            let mailbox = shard.mailbox();
            threads.push(worker::spawn(&format!("shard-{nth}"), move || shard.run())?);
            let woken = mailbox.clone();
            services.feed.tail().wake_with(Box::new(move |_| woken.wake()));
            let woken = mailbox.clone();
            services.access.standing.wake_with(Box::new(move || woken.wake()));
            handles.push(Handle { mailbox, connections });
        }
        Ok(Self { shards: handles, threads: Mutex::new(threads), turn: AtomicUsize::new(0) })
    }

    /// Gives a socket to a shard. Blocks while that has a crowd to take in.
    pub(crate) fn adopt(&self, accepted: Accepted) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let Handle { mailbox, connections } = &self.shards[turn % self.shards.len()];
        // A shard that has ended takes nobody, and the socket is closed.
        if connections.send(accepted).is_ok() {
            mailbox.wake();
        }
    }

    /// Says goodbye to everybody and waits until the shards are done, a few seconds at most.
    pub(crate) fn stop(&self) {
        self.shards.iter().for_each(|shard| shard.mailbox.send(Message::Stop));
        let threads = take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a shard ended in a panic");
            }
        }
    }
}
