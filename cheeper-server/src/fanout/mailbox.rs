//! What other threads tell a shard. Its poll is woken once, however much arrives together.

use std::{
    io,
    mem::take,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use cheeper_protocol::{Refusal, RequestId, Token};
use mio::Waker;

use crate::{
    conversation::Pending,
    feed::Ready,
    timeline::{Audit, Outcome},
};

/// A message to a shard.
pub(super) enum Message {
    /// What became of a command of one of its connections.
    Outcome { to: ConnectionId, pending: Pending, outcome: Result<Outcome, Refusal> },
    /// What became of an order of a host's, and the token that it made.
    Ordered { to: ConnectionId, pending: Pending, token: Option<Token>, outcome: Result<Outcome, Refusal> },
    /// A part of the audit that one of its connections waits for.
    Audit { to: ConnectionId, id: Option<RequestId>, audit: Result<Audit, Refusal> },
    /// A page that one of its connections waits for.
    Page { to: ConnectionId, id: Option<RequestId>, page: Result<Ready, Refusal> },
    /// Say goodbye to all and end.
    Stop,
}

/// A connection of a shard. The generation tells it from an earlier one that had the same slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConnectionId {
    pub(super) slot: usize,
    pub(super) generation: u64,
}

/// What waits for a shard.
pub(super) struct Mailbox {
    messages: Mutex<Vec<Message>>,
    /// The shard was woken and has not looked yet.
    is_woken: AtomicBool,
    waker: Waker,
}

impl Mailbox {
    pub(super) fn new(waker: Waker) -> Self {
        Self { messages: Mutex::default(), is_woken: AtomicBool::new(false), waker }
    }

    /// Leaves a message and wakes the shard.
    pub(super) fn send(&self, message: Message) {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        self.wake();
    }

    /// Has the shard look at everything again: this mailbox, the tail, who came.
    pub(super) fn wake(&self) {
        if !self.is_woken.swap(true, Ordering::AcqRel) {
            let woken = self.waker.wake();
            debug_assert!(woken.is_ok() || woken.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock));
        }
    }

    /// Everything that waits. What comes from now on wakes the shard anew.
    pub(super) fn take(&self) -> Vec<Message> {
        self.is_woken.store(false, Ordering::Release);
        take(&mut *self.messages.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
