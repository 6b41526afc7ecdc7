//! What other threads tell a shard. Its poll is woken once, however much arrives together.

use std::{
    io,
    mem::take,
    sync::{Mutex, PoisonError},
};

use mio::Waker;

use cheeper_protocol::Refusal;

use super::{connection::Answer, shard::Newcomer};
use crate::{feed::PageRequest, timeline::page::Page};

/// A message to a shard.
pub(crate) enum Mail {
    /// A connection whose handshake is done.
    Adopt(Newcomer),
    /// The answer to a request of one of its connections.
    Answered { to: Address, answer: Answer },
    /// A page that some of its connections wait for.
    Read { request: PageRequest, page: Result<Page, Refusal> },
    /// Say goodbye to all and end.
    Stop,
}

/// A connection of a shard. The serial number tells it from an earlier one that had the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) place: usize,
    pub(crate) serial: u64,
}

/// A shard's letter box.
pub(crate) struct Mailbox {
    mail: Mutex<Vec<Mail>>,
    waker: Waker,
}

impl Mailbox {
    pub(crate) fn new(waker: Waker) -> Self {
        Self { mail: Mutex::default(), waker }
    }

    /// Leaves mail and wakes the shard if there was none before.
    pub(crate) fn send(&self, mail: Mail) {
        let was_empty = {
            let mut waiting = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push(mail);
            waiting.len() == 1
        };
        if was_empty {
            self.wake();
        }
    }

    /// Wakes the shard: the tail has grown.
    pub(crate) fn wake(&self) {
        let woken = self.waker.wake();
        debug_assert!(woken.is_ok() || woken.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock));
    }

    /// Everything that waits.
    pub(crate) fn take(&self) -> Vec<Mail> {
        take(&mut *self.mail.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
