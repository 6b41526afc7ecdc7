//! The newest events, as the WebSocket frames everybody is sent: encoded once, shared by all readers, bounded in bytes.
//!
//! Each is there as it would be sent now: what a later event has changed is encoded anew, in a copy of its run, while
//! those who read the old one go on with that.

mod patch;
mod ring;
mod run;
#[cfg(test)]
mod tests;

use std::sync::{
    Mutex, PoisonError, RwLock, RwLockReadGuard,
    atomic::{AtomicU64, Ordering},
};

use cheeper_protocol::{Cheep, Event, Seq};

use self::{
    patch::{Changes, Unreadable},
    ring::Ring,
};
pub use self::{ring::NotHere, run::Slice};
use crate::timeline::{Part, Read};

/// The ring. One thread at a time adds to it (the timeline's writer), everybody else reads it. It is what the whole
/// server goes by when it says which event is the newest.
pub struct Tail {
    ring: RwLock<Ring>,
    capacity_bytes: usize,
    /// The first event that is kept.
    floor: AtomicU64,
    /// Whoever holds it is the only one who changes the ring.
    changes: Mutex<Changes>,
    /// Called whenever it has grown.
    wakers: RwLock<Vec<Waker>>,
}

/// Hears of what is new, as a reader that waits for more than this ring. It must not block.
pub type Waker = Box<dyn Fn(&[Event]) + Send + Sync>;

impl Tail {
    /// A ring of at most `capacity_bytes` of frames (and always the newest run), after an event `head`.
    pub fn new(head: Seq, capacity_bytes: usize) -> Self {
        let (changes, wakers) = (Mutex::default(), RwLock::default());
        let floor = AtomicU64::new(Seq::ZERO.next().get());
        Self { ring: RwLock::new(Ring::new(head)), capacity_bytes, floor, changes, wakers }
    }

    /// Adds events, which follow right after the head, and wakes its readers. Nobody sees the new ones without what they
    /// make of the old ones.
    pub fn push(&self, events: &[Event]) {
        {
            let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
            let patch = changes.patch(events, |seq| self.find(seq));
            // All is encoded while others still read.
            let changed = self.ring().changed_runs(&patch.changed);
            let changed: Vec<_> = changed.into_iter().map(|(at, run)| (at, run.with(&patch.changed))).collect();
            let new = run::encode(events, &patch.changed);
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            for (at, run) in changed {
                ring.replace(at, run);
            }
            for run in new {
                ring.push(run);
            }
            ring.drop_oldest(self.capacity_bytes, patch.unreadable);
            changes.forget_before(ring.oldest());
        }
        self.wakers.read().unwrap_or_else(PoisonError::into_inner).iter().for_each(|wake| wake(events));
    }

    /// Nothing before `floor` is kept any longer, so that none of it is here either. True if it has risen.
    pub fn raise_floor(&self, floor: Seq) -> bool {
        // Nearly always it has not, which is asked all the time.
        if floor <= self.floor() || self.floor.fetch_max(floor.get(), Ordering::AcqRel) >= floor.get() {
            return false;
        }
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        // What is kept of the changes of a cheep that is not is void.
        ring.raise_floor(floor, changes.newest_of(floor));
        changes.forget_before(ring.oldest());
        true
    }

    /// The first event that is kept.
    pub fn floor(&self) -> Seq {
        Seq::new(self.floor.load(Ordering::Acquire)).unwrap_or_default()
    }

    /// Has `waker` called from now on when there is something new.
    pub fn wake_with(&self, waker: Waker) {
        self.wakers.write().unwrap_or_else(PoisonError::into_inner).push(waker);
    }

    /// The newest event.
    pub fn head(&self) -> Seq {
        self.ring().head
    }

    /// The frames from `first` on in one piece, of about `max_bytes` at most; `None` if `first` is not there yet.
    pub fn piece(&self, first: Seq, max_bytes: usize) -> Result<Option<Slice>, NotHere> {
        let (mut slices, mut bytes) = (Vec::new(), 0);
        for slice in self.ring().slices(first)? {
            bytes += slice.bytes().len();
            slices.push(slice);
            if bytes >= max_bytes {
                break;
            }
        }
        // What came in several small steps is joined, so that a reader gets it in one write.
        Ok(if slices.len() > 1 { Some(run::join(first, &slices)) } else { slices.pop() })
    }

    /// A part of the log, each event as JSON, if the ring has all of it.
    pub fn part<T>(&self, read: &Read, with: impl FnOnce(&Part<(Seq, &[u8])>) -> T) -> Result<T, NotHere> {
        match *read {
            Read::Events { first, last } => self.events(first, last, with),
            Read::Cheeps { pivot, back, forth, last } => self.cheeps(pivot, (back, forth), last, with),
            Read::Thread { .. } | Read::Search { .. } => Err(NotHere),
        }
    }

    fn events<T>(&self, first: Seq, last: Seq, with: impl FnOnce(&Part<(Seq, &[u8])>) -> T) -> Result<T, NotHere> {
        let slices: Vec<Slice> = self.ring().slices(first)?.take_while(|slice| slice.run.first <= last).collect();
        let wanted = usize::try_from(last.next().get().saturating_sub(first.get())).map_err(|_| NotHere)?;
        let seqs = (first.get()..).map_while(Seq::new);
        let events: Vec<_> = seqs.zip(slices.iter().flat_map(Slice::payloads)).take(wanted).collect();
        if events.len() != wanted {
            return Err(NotHere);
        }
        Ok(with(&Part { events, more_before: false, more_after: false, last }))
    }

    fn cheeps<T>(
        &self,
        pivot: Seq,
        (back, forth): (usize, usize),
        last: Seq,
        with: impl FnOnce(&Part<(Seq, &[u8])>) -> T,
    ) -> Result<T, NotHere> {
        let (runs, is_whole) = self.ring().runs_around(pivot, back, last);
        let cheeps = || runs.iter().flat_map(|run| run.cheeps()).take_while(|(seq, _)| *seq <= last);
        let (older, newer) = cheeps().fold(
            (0, 0),
            |(older, newer), (seq, _)| {
                if seq <= pivot { (older + 1, newer) } else { (older, newer + 1) }
            },
        );
        if !is_whole && (older < back || runs.first().is_none_or(|run| run.first > pivot.next())) {
            return Err(NotHere);
        }
        let events: Vec<_> =
            cheeps().skip(older.saturating_sub(back)).take(older.min(back) + newer.min(forth)).collect();
        // Not by the first seq of all: a damaged one is no cheep, and nobody is to ask for it again and again.
        let more_before = !is_whole || older > back;
        Ok(with(&Part { events, more_before, more_after: newer > forth, last }))
    }

    /// A cheep as it is in the ring.
    fn find(&self, seq: Seq) -> Result<Option<Cheep>, Unreadable> {
        let run = self.ring().run_of(seq).cloned();
        match run.as_ref().and_then(|run| run.cheep(seq)).map(serde_json::from_slice::<Event>) {
            Some(Ok(Event::Cheep(cheep))) => Ok(Some(cheep)),
            None => Ok(None),
            Some(_) => Err(Unreadable),
        }
    }

    fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }
}
