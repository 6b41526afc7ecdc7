//! What the writer, the indexer and the searcher tell each other.

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use cheeper_protocol::Seq;

/// One of each for a store.
pub(in super::super) struct Shared {
    /// Everything up to here is in the index.
    indexed: AtomicU64,
    /// Counts the indexes that were made, so that nobody goes on reading one that is gone.
    generation: AtomicU64,
    is_condemned: AtomicBool,
    bell: Mutex<Bell>,
    rung: Condvar,
}

/// Whether there is something to do for the indexer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bell {
    Silent,
    Rung,
    Closed,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            indexed: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            is_condemned: AtomicBool::new(false),
            // What the store has already is news as well.
            bell: Mutex::new(Bell::Rung),
            rung: Condvar::new(),
        }
    }

    pub(super) fn indexed(&self) -> Seq {
        Seq::new(self.indexed.load(Ordering::Acquire)).unwrap_or_default()
    }

    pub(super) fn set_indexed(&self, seq: Seq) {
        self.indexed.store(seq.get(), Ordering::Release);
    }

    /// Which index there is; none before the first was opened.
    pub(super) fn generation(&self) -> Option<u64> {
        Some(self.generation.load(Ordering::Acquire)).filter(|generation| *generation > 0)
    }

    /// Another index is in the place, or the one there was is in it again.
    pub(super) fn count_generation(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// The index was found to be damaged by somebody who read it.
    pub(super) fn condemn(&self) {
        self.is_condemned.store(true, Ordering::Relaxed);
        self.ring();
    }

    /// Whether it was, since this was asked before.
    pub(super) fn was_condemned(&self) -> bool {
        self.is_condemned.swap(false, Ordering::Relaxed)
    }

    /// There are new events. Whoever has been told of others and has not come to them yet is not woken once more.
    pub(in super::super) fn ring(&self) {
        let mut bell = self.bell();
        if *bell == Bell::Silent {
            *bell = Bell::Rung;
            self.rung.notify_one();
        }
    }

    /// Nothing more is wanted.
    pub(super) fn close(&self) {
        *self.bell() = Bell::Closed;
        self.rung.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.bell() == Bell::Closed
    }

    /// Waits until there is news, or it is time to try again, and lets more gather for a while. False once nothing more is
    /// wanted.
    pub(super) fn wait(&self, patience: Duration, gather: Duration) -> bool {
        let waited = self.rung.wait_timeout_while(self.bell(), patience, |bell| *bell == Bell::Silent);
        let (mut bell, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if *bell == Bell::Rung && gather > Duration::ZERO {
            let waited = self.rung.wait_timeout_while(bell, gather, |bell| *bell != Bell::Closed);
            (bell, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        if *bell == Bell::Closed {
            return false;
        }
        *bell = Bell::Silent;
        true
    }

    fn bell(&self) -> MutexGuard<'_, Bell> {
        self.bell.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
